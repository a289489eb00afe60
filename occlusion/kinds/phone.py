"""Telephones, held to ear and cheek as in a call or before the lower face as when filming, seen from their backs."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from occlusion.head import Head
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder
from occlusion.shapes.board import FINE
from occlusion.shapes.coarse import no_finer
from occlusion.shapes.fingers import Grip, hand, over_edge
from occlusion.shapes.outline import outline_of
from occlusion.shapes.phone_backs import Back, back
from occlusion.shapes.skull import skull
from occlusion.shapes.solids import MM, placed, printed, slab, tinted, touching
from occlusion.shapes.surface import Layer, Sheet, Skin, plain, turned
from occlusion.shapes.texture import RGB

_CALL_ANCHORS = {-1: (127, 234, 123, 61, 172, 4), 1: (356, 454, 352, 291, 397, 4)}
_FILM_ANCHORS = (4, 61, 291, 205, 425, 152)


@dataclass(frozen=True)
class _Style:
    """``hold`` is call, film (upright) or wide (lying); ``size`` is width, height and thickness, millimetres."""

    hold: str
    back: Back
    rim: RGB
    size: tuple[float, float, float] = (72, 150, 8)
    corner: float = 10.0


_CASE, _FLIP, _BAR = (75, 154, 11), (78, 156, 17), (48, 112, 17)
_BLACK = (0.06, 0.06, 0.07)

STYLES: dict[str, _Style] = {
    "call-black-glass": _Style("call", Back((0.05, 0.05, 0.06)), (0.20, 0.20, 0.21)),
    "call-gold": _Style("call", Back((0.80, 0.68, 0.53), glassy=0.35), (0.82, 0.69, 0.50)),
    "call-blue-ring": _Style("call", Back((0.10, 0.20, 0.42), camera="ring"), (0.30, 0.40, 0.58)),
    "call-red-silicone": _Style("call", Back((0.68, 0.10, 0.12), camera="pill", glassy=0.1), (0.62, 0.09, 0.11), _CASE),
    "call-flowers": _Style(
        "call",
        Back((0.90, 0.86, 0.80), (0.74, 0.26, 0.38), "flowers", 1.0, "pill", "", 0.25),
        (0.86, 0.82, 0.78),
        _CASE,
    ),
    "call-leather-flip": _Style(
        "call",
        Back((0.40, 0.24, 0.14), (0.80, 0.66, 0.46), camera="pill", extra="leather", glassy=0.0),
        *((0.34, 0.20, 0.12), _FLIP, 8.0),
    ),
    "call-candy-bar": _Style(
        "call", Back((0.17, 0.19, 0.24), camera="", extra="keys", glassy=0.25), (0.30, 0.32, 0.36), _BAR, 15.0
    ),
    "call-rugged": _Style(
        "call",
        Back((0.10, 0.10, 0.11), (0.85, 0.45, 0.08), camera="single", extra="bumpers", glassy=0.05),
        *((0.14, 0.14, 0.15), (80, 160, 15), 13.0),
    ),
    "film-white-glass": _Style("film", Back((0.90, 0.90, 0.89), camera="pill"), (0.78, 0.78, 0.79)),
    "film-cracked": _Style("film", Back((0.07, 0.09, 0.12), camera="three", extra="cracks"), (0.24, 0.25, 0.27)),
    "film-dots": _Style(
        "film", Back((0.13, 0.20, 0.36), (0.94, 0.92, 0.88), "dots", 1.0, "three", "", 0.25), (0.12, 0.18, 0.33), _CASE
    ),
    "film-clear-case": _Style(
        "film", Back((0.55, 0.50, 0.66), camera="pill", extra="clear"), (0.88, 0.90, 0.92), (76, 155, 10), 12.0
    ),
    "film-leopard": _Style(
        "film",
        Back((0.80, 0.62, 0.38), (0.16, 0.10, 0.07), "leopard", 1.0, "pill", "", 0.2, 0.6),
        (0.14, 0.10, 0.08),
        _CASE,
    ),
    "wide-green-bar": _Style("wide", Back((0.50, 0.60, 0.54), camera="bar", glassy=0.4), (0.62, 0.68, 0.64)),
    "wide-stickers": _Style(
        "wide", Back((0.30, 0.31, 0.33), camera="single", extra="stickers", glassy=0.2), _BLACK, _CASE
    ),
    "wide-camouflage": _Style(
        "wide",
        Back((0.45, 0.44, 0.31), (0.15, 0.18, 0.12), "camouflage", 1.0, "three", "", 0.15),
        (0.2, 0.2, 0.15),
        _CASE,
    ),
}
"""What each style looks like, RGB in white light."""


@register_occluder("phone", styles=tuple(STYLES))
def draw_phone(scene: Scene) -> Drawing:
    """Draw a telephone and the hand that holds it; the side and how it is held come from chance."""
    style, side = STYLES[scene.style], int(scene.rng.choice((-1, 1)))
    layer = no_finer(scene, lambda smaller: _layer(smaller, style, side))
    anchors = _CALL_ANCHORS[side] if style.hold == "call" else _FILM_ANCHORS
    return Drawing(*layer, outline_of(layer[1]), anchors, shadow=0.3)


def _layer(scene: Scene, style: _Style, side: int) -> Layer:
    head = Head(scene.landmarks)
    at, turn = (_call if style.hold == "call" else _film)(head, side, style, scene.rng)
    mirror = np.diag([side, 1, 1])
    # A hand is the other one on the other side; a telephone stays what it is.
    # One that lies has its camera at the end that is not held.
    body = turn @ turned(z=-90.0 if style.hold == "wide" else 0.0)
    things = placed(_telephone(scene, style), head, at * (side, 1, 1), mirror @ body @ mirror)
    fingers = placed(hand(_grip(style, turn, scene.rng), scene.rng), head, at * (side, 1, 1), mirror @ turn)
    if style.hold == "call":
        things.append(skull(head))
    return touching(scene.shape, things, fingers, scene.unit)


def _call(head: Head, side: int, style: _Style, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return where a telephone lies at the cheek, and its axes, both for the right side: it touches the face's skin."""
    points, ear, mouth = head.points * (side, 1, 1), head.symmetric(127, 356), head.symmetric(61, 291)
    down = _unit((mouth - ear) * (rng.uniform(0.55, 0.95), 1, rng.uniform(0.5, 0.9)))
    face_on = np.radians(rng.uniform(28, 48))
    away = np.array([np.cos(face_on), 0.0, -np.sin(face_on)])
    away = _unit(away - (away @ down) * down)
    turn = np.stack([np.cross(down, -away), down, -away], axis=1)
    middle = ear + (mouth - ear) * rng.uniform(0.45, 0.6)
    under = (np.abs((points - middle) @ turn[:, :2]) < np.array(style.size[:2]) / 2 * MM).all(axis=1)
    touch = float((points[under] @ away).max(initial=float(middle @ away)))
    return middle + (touch - middle @ away + 0.5 * style.size[2] * MM + 0.02) * away, turn


def _film(head: Head, side: int, style: _Style, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return where a telephone hangs before nose and mouth, and its axes."""
    high, tip = style.size[0 if style.hold == "wide" else 1] * MM, head.points[4]
    top = tip[1] - float(rng.uniform(0.0, 0.3))
    at = np.array([float(rng.normal(0, 0.08)), top + high / 2, tip[2] - 0.32])
    return at, turned(*(float(rng.normal(0, width)) for width in (5, 6, 5)))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _grip(style: _Style, turn: np.ndarray, rng: np.random.Generator) -> Grip:
    """Hold the lower half, or the end of one that lies; the arm hangs down and outwards."""
    wide, high, thick = style.size if style.hold != "wide" else (style.size[1], style.size[0], style.size[2])
    middle = 8.0 if style.hold == "wide" else float(rng.uniform(0.10, 0.2)) * high
    out, back_ = (35.0, 20.0) if style.hold == "call" else (90.0, 0.0)
    wrist = turn.T @ ((12.0, 62.0, 45.0) if style.hold == "call" else (34.0, 58.0, 42.0))
    return Grip(
        over_edge(wide / 2, thick),
        middle,
        wrist,
        turn.T @ (out, 225.0, back_),
        rise=0.08 if style.hold == "wide" else 0.25,
    )


def _telephone(scene: Scene, style: _Style) -> list[Sheet]:
    picture = back(style.back, style.size[:2], scene.rng)
    # Lines thinner than the picture's pixels would break up.
    blur = 0.22 * FINE / (MM * max(scene.unit, 1e-3)) - 0.5
    if blur > 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    gloss = (0.05 + 0.25 * style.back.glassy, 40.0)
    return slab(style.size, style.corner, printed(picture), _rim(style), gloss)


def _rim(style: _Style) -> Skin:
    if style.back.extra == "clear":
        return tinted(np.array([*style.rim, 0.6]))
    return plain(style.rim)
