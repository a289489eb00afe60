"""Bodies in millimetres: limbs, slabs and printed skins, built about their own axes and then set before a head.

A thing is a list of sheets in its own coordinates (x to the right, y down, z away from the camera), millimetres, until
``placed`` brings them into the picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float

from occlusion.head import Head
from occlusion.shapes.canvas import rounded
from occlusion.shapes.surface import Layer, Sheet, Skin, paint, plain

MM = 1 / 63.0
"""A millimetre in eye distances: the centres of an adult's eyes are some 63 mm apart."""


def placed(
    sheets: Iterable[Sheet], head: Head, at: Float[np.ndarray, "3"], turn: Float[np.ndarray, "3 3"]
) -> list[Sheet]:
    """Turn a thing's sheets (millimetres) and bring them into the picture, its origin ``at`` a place of the head."""
    return [replace(sheet, points=head.place(sheet.points @ turn.T * MM + at)) for sheet in sheets]


def evenly(path: Float[np.ndarray, "corners axes"], rows: int, rounds: int = 2) -> Float[np.ndarray, "rows axes"]:
    """Round an open line's corners and return ``rows`` points of equal distance on it."""
    line = rounded(np.asarray(path, np.float64), rounds, closed=False)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    places = np.linspace(0, length[-1], rows)
    return np.stack([np.interp(places, length, column) for column in line.T], axis=1)


def limb(
    path: Float[np.ndarray, "rows 3"],
    radii: Float[np.ndarray, "rows 2"],
    across: Float[np.ndarray, "3"],
    columns: int = 28,
) -> Float[np.ndarray, "rows columns 3"]:
    """Return a tube of elliptic section along a path: columns begin opposite ``across``, which they meet halfway.

    Args:
        path: Its axis; nowhere parallel to ``across``.
        radii: Along ``across`` and at right angles to it.
        across: Where the first radius points.
    """
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    wide = across - (along @ across)[:, None] * along
    wide /= np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-9)
    angle = np.linspace(-np.pi, np.pi, columns)[None, :, None]
    flat, deep = radii[:, :1, None] * np.cos(angle), radii[:, 1:, None] * np.sin(angle)
    return np.asarray(path[:, None] + flat * wide[:, None] + deep * np.cross(along, wide)[:, None])


def tinted(colour: Float[np.ndarray, "4"]) -> Skin:
    """Return a skin of one colour (RGBA) that lets through what lies behind all else that is painted with it."""
    return lambda s, t: np.broadcast_to(colour.astype(np.float32), (*s.shape, 4))


def printed(picture: Float[np.ndarray, "height width channels"]) -> Skin:
    """Return a skin that shows a picture (RGB or RGBA, 0 to 1), its columns along s and its rows along t."""
    rows, columns = picture.shape[:2]

    def skin(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        row, column = t * (rows - 1), s * (columns - 1)
        top, left = np.minimum(row.astype(int), rows - 2), np.minimum(column.astype(int), columns - 2)
        a, b = (column - left)[:, None], (row - top)[:, None]
        upper = picture[top, left] * (1 - a) + picture[top, left + 1] * a
        return np.asarray(upper * (1 - b) + (picture[top + 1, left] * (1 - a) + picture[top + 1, left + 1] * a) * b)

    return skin


def slab(
    size: tuple[float, float, float], corner: float, face: Skin, rim: Skin, gloss: tuple[float, float] = (0.12, 30.0)
) -> list[Sheet]:
    """Return a flat body with rounded corners about the origin: the face towards the camera, one away, and the rim.

    Args:
        size: Width, height and thickness.
        corner: Radius of its corners, seen from the front.
        face: Skin of the side towards the camera; both sides wear it.
        rim: Skin of the edge, half by half: s around, t from the front to the back.
        gloss: As of a sheet.
    """
    wide, high, thick = size
    edge = min(0.45 * thick, 0.45 * corner)
    x, y = np.meshgrid(np.linspace(-wide / 2, wide / 2, 9), np.linspace(-high / 2, high / 2, 17))
    inner, round_ = np.array([wide / 2 - edge, high / 2 - edge]), corner - edge

    def cut(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        out = np.abs(np.stack([(s - 0.5) * wide, (t - 0.5) * high], axis=-1)) - inner + round_
        return np.asarray(np.linalg.norm(np.maximum(out, 0), axis=-1) <= round_ + 0.1)

    plates = [Sheet(np.stack([x, y, np.full_like(x, z)], axis=-1), face, gloss, 0.45, cut) for z in _ends(thick)]
    around = _rim(inner - round_, round_, edge, thick)
    halves = around[:, :97], around[:, 96:]
    return [*plates, *(Sheet(half, rim, (0.35, 14.0), 0.55) for half in halves)]


def touching(shape: tuple[int, int], things: list[Sheet], hands: list[Sheet], unit: float, dark: float = 0.5) -> Layer:
    """Paint things and the hands upon them, which darken them softly where they touch.

    Args:
        shape: Height and width of the picture.
        things: What is held, and what else is there; in the picture.
        hands: Fingers and arms; in the picture.
        unit: The distance between the eyes, pixels.
        dark: Strength of the darkening, 0 to 1.
    """
    colour, alpha = paint(shape, [*things, *hands])
    if not hands or not alpha.any():
        return colour, alpha
    hand = _seen_of(shape, things, hands)
    # The light comes from above, so that the shade lies a little below the hand.
    lower = cv2.warpAffine(hand, np.array([[1, 0, 0], [0, 1, 0.05 * unit]], np.float32), shape[::-1])
    shade = cv2.GaussianBlur(lower, (0, 0), max(0.06 * unit, 0.5)) * (1 - hand)
    return colour * (1 - dark * shade)[..., None], alpha


def _seen_of(shape: tuple[int, int], things: list[Sheet], hands: list[Sheet]) -> np.ndarray:
    """Return where hands are in front, 0 to 1; at half the resolution, which is enough for a soft shade."""
    black, white = (
        [replace(one, points=one.points / 2, skin=plain([level] * 3), shaded=0.0, gloss=(0.0, 1.0)) for one in group]
        for level, group in ((0.0, things), (1.0, hands))
    )
    small = (max(shape[0] // 2, 1), max(shape[1] // 2, 1))
    colour, alpha = paint(small, [*black, *white])
    return cv2.resize(colour[..., 0] * alpha, shape[::-1], interpolation=cv2.INTER_LINEAR)


def _ends(thick: float) -> tuple[float, float]:
    return -thick / 2, thick / 2


def _rim(half: np.ndarray, corner: float, edge: float, thick: float) -> np.ndarray:
    """Sweep the edge's half-round section around a rectangle of half sizes ``half`` with rounded corners."""
    angle = np.linspace(0, 2 * np.pi, 65)
    ways = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    turns = np.concatenate([_corner(half, quarter, ways) for quarter in range(4)])
    turns = np.concatenate([turns, turns[:1]])
    base, out = turns[:, :2] + corner * turns[:, 2:], turns[:, 2:]
    around = evenly(np.concatenate([base, out * 1e-6], axis=1), 193, rounds=0)
    out = around[:, 2:] / np.maximum(np.linalg.norm(around[:, 2:], axis=1, keepdims=True), 1e-12)
    section = np.linspace(-np.pi / 2, np.pi / 2, 9)
    flat = around[None, :, :2] + (edge * np.abs(np.cos(section)) ** 0.6)[:, None, None] * out
    deep = np.broadcast_to((thick / 2 * np.sin(section))[:, None, None], (*flat.shape[:2], 1))
    return np.concatenate([flat, deep], axis=-1)


def _corner(half: np.ndarray, quarter: int, ways: np.ndarray) -> np.ndarray:
    """Return one corner's centre and the directions it turns through, ``[17, 4]``."""
    part = ways[16 * quarter : 16 * quarter + 17]
    centre = half * np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])[quarter]
    return np.concatenate([np.broadcast_to(centre, part.shape), part], axis=1)
