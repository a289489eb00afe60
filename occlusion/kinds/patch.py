"""Something held before the face: a shape and colour of chance; it stands for cups, phones, scarves, hair."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder
from occlusion.shapes.canvas import ellipse, filled, rounded
from occlusion.shapes.texture import pattern

_ANCHORS = (33, 263, 61, 291, 1, 152)


def _blob(rng: np.random.Generator) -> np.ndarray:
    return rounded(_corners(rng, int(rng.integers(5, 10))) * _radii(rng))


def _splinter(rng: np.random.Generator) -> np.ndarray:
    return _corners(rng, int(rng.integers(4, 7))) * _radii(rng) * 1.15


def _oval(rng: np.random.Generator) -> np.ndarray:
    across, along = _radii(rng)
    return ellipse(np.zeros(2), (float(across), float(along)), float(rng.uniform(1.8, 2.6)))


def _card(rng: np.random.Generator) -> np.ndarray:
    across, along = _radii(rng)
    return ellipse(np.zeros(2), (float(across), float(along)), float(rng.uniform(7, 14)))


def _strip(rng: np.random.Generator) -> np.ndarray:
    """Return a long band with wavy edges."""
    x = np.linspace(-1, 1, 12) * float(rng.uniform(1.2, 2.2))
    half, bend = float(rng.uniform(0.16, 0.42)), rng.uniform(-0.25, 0.25, 2)
    middle = bend[0] * np.sin(x + bend[1] * 6)
    edges = [middle + side * half * rng.uniform(0.85, 1.15, len(x)) for side in (-1, 1)]
    return rounded(np.concatenate([np.column_stack([x, edges[0]]), np.column_stack([x, edges[1]])[::-1]]))


def _corners(rng: np.random.Generator, count: int) -> np.ndarray:
    angle = np.sort(rng.uniform(0, 2 * np.pi, count))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * rng.uniform(0.7, 1.2, (count, 1))


def _radii(rng: np.random.Generator) -> np.ndarray:
    return np.exp(rng.uniform(np.log(0.3), np.log(1.1), 2))


_SHAPES = {"blob": _blob, "splinter": _splinter, "oval": _oval, "card": _card, "strip": _strip}
"""Outlines by name, around the origin, in eye distances."""

_Share = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _plain(rng: np.random.Generator) -> _Share:
    return lambda x, y: np.zeros_like(x)


def _striped(rng: np.random.Generator) -> _Share:
    turns = float(rng.uniform(8, 40))
    return lambda x, y: 0.5 + 0.5 * np.sin(x * turns)


def _checked(rng: np.random.Generator) -> _Share:
    turns = float(rng.uniform(8, 24))
    return lambda x, y: np.clip(0.5 + 3 * np.sin(x * turns) * np.sin(y * turns), 0, 1)


def _shaded(rng: np.random.Generator) -> _Share:
    steep, start = float(rng.uniform(0.5, 1.2)), float(rng.uniform(0.3, 0.7))
    return lambda x, y: np.clip(start + steep * x, 0, 1)


def _mottled(rng: np.random.Generator) -> _Share:
    size = float(rng.uniform(0.01, 0.08))

    def share(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        height, width = x.shape
        grain = rng.standard_normal((height // 2 + 1, width // 2 + 1)).astype(np.float32)
        # Half as many pixels as in the picture; there are 1 / step of those in an eye distance.
        step = float(np.hypot(x[0, -1] - x[0, 0], y[0, -1] - y[0, 0])) / max(width - 1, 1)
        grain = cv2.GaussianBlur(grain, (0, 0), size / max(step, 1e-3) + 0.3)
        return cv2.resize(grain / (grain.std() + 1e-6) * 0.3 + 0.5, (width, height))

    return share


def _woven(name: str) -> Callable[[np.random.Generator], _Share]:
    """Return a pattern of cloth at a size of chance."""

    def make(rng: np.random.Generator) -> _Share:
        size, field = float(rng.uniform(0.7, 1.8)), pattern(name, rng)
        return lambda x, y: field(x.ravel() / size, y.ravel() / size).reshape(x.shape)

    return make


_PATTERNS: dict[str, Callable[[np.random.Generator], _Share]] = {
    "plain": _plain,
    "striped": _striped,
    "checked": _checked,
    "shaded": _shaded,
    "mottled": _mottled,
    "dotted": _woven("dots"),
    "knitted": _woven("knit"),
    "zigzag": _woven("zigzag"),
    "spotted": _woven("leopard"),
}
"""How much of the second colour shows at places in eye distances, by name."""

STYLES: tuple[str, ...] = (
    *("blob-plain", "blob-striped", "blob-mottled", "oval-plain", "oval-dotted", "oval-shaded"),
    *("card-plain", "card-checked", "card-striped", "strip-plain", "strip-knitted", "strip-mottled"),
    *("splinter-plain", "splinter-zigzag", "blob-spotted"),
)
"""Each is a shape and a pattern."""


@register_occluder("patch", styles=STYLES)
def draw_patch(scene: Scene) -> Drawing:
    """Draw a shape over part of the face; place, size, tilt, colours and the pattern's size come from chance."""
    shape, figure = scene.style.split("-")
    rng = scene.rng
    centre = scene.landmarks[int(rng.integers(468)), :2] + rng.normal(0, 0.3 * scene.unit, 2)
    outline = centre + scene.unit * _SHAPES[shape](rng) @ _turn(float(rng.uniform(0, np.pi))).T
    picture = _picture(scene, outline, _PATTERNS[figure](rng))
    return Drawing(picture, filled(scene.shape, outline), outline, _ANCHORS, shadow=0.2)


def _turn(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _picture(scene: Scene, outline: np.ndarray, share: _Share) -> np.ndarray:
    """Return the colours within the outline's box: two of chance, mixed by a pattern that lies aslant."""
    rng, picture = scene.rng, np.zeros((*scene.shape, 3), np.float32)
    first, second = rng.random((2, 3)) ** 1.3
    turn, strength = _turn(float(rng.uniform(0, np.pi))), float(rng.uniform(0.1, 1))
    x0, y0 = np.clip(np.floor(outline.min(axis=0)).astype(int) - 1, 0, scene.shape[::-1])
    x1, y1 = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 2, 0, scene.shape[::-1])
    if x1 > x0 and y1 > y0:
        y, x = (np.mgrid[y0:y1, x0:x1] - outline.mean(axis=0)[::-1, None, None]) / max(scene.unit, 1e-3)
        across, along = x * turn[0, 0] + y * turn[0, 1], x * turn[1, 0] + y * turn[1, 1]
        mixed = strength * np.clip(share(across, along), 0, 1)[..., None]
        picture[y0:y1, x0:x1] = np.clip(first * (1 - mixed) + second * mixed, 0, 1)
    return picture
