"""Hair as many tapering strokes: each strand is a line in space, in pieces that are lit by how they run.

Source of the light on a strand: Kajiya and Kay 1989.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from occlusion.shapes.surface import Layer

_FINE = 2
_SHIFT = 4
_LIGHT = np.array([0.0, -0.45, -0.89])
"""Where light comes from: x, y and depth, as on sheets."""


@dataclass(frozen=True)
class Strands:
    """Lines, in the order in which they are drawn: what comes first lies deepest.

    Attributes:
        points: ``[strands, corners, 3]``: x, y and depth in pixels of the picture.
        normals: Which way the head below faces there, in the same axes.
        widths: Pixels, one a corner.
        colours: RGB in white light, 0 to 1, one a corner.
        gloss: Strength of the highlight, one a strand.
    """

    points: Float[np.ndarray, "strands corners 3"]
    normals: Float[np.ndarray, "strands corners 3"]
    widths: Float[np.ndarray, "strands corners"]
    colours: Float[np.ndarray, "strands corners 3"]
    gloss: Float[np.ndarray, "strands"]


def stroke(shape: tuple[int, int], strands: Strands) -> Layer:
    """Draw strands into one layer of a picture of height and width ``shape``; the head hides what faces away."""
    colour, alpha = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
    quads, tones = _pieces(strands)
    box = _box(shape, quads)
    if box is None:
        return colour, alpha
    x0, y0, x1, y1 = box
    small = _drawn(quads - (x0, y0), tones, (y1 - y0, x1 - x0))
    part = small[..., 3]
    colour[y0:y1, x0:x1] = small[..., :3] / np.maximum(part, 1e-4)[..., None]
    alpha[y0:y1, x0:x1] = part
    return np.clip(colour, 0, 1), alpha


def _pieces(strands: Strands) -> tuple[np.ndarray, np.ndarray]:
    """Return corners ``[pieces, 4, 2]`` and colour ``[pieces, 3]`` of the pieces that can be seen, deepest first."""
    along = np.gradient(strands.points, axis=1)
    along /= np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-6)
    side = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    side /= np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-6)
    flat, half = strands.points[..., :2], strands.widths[..., None] / 2
    left, right = flat - side * half, flat + side * half
    quads = np.stack([left[:, :-1], left[:, 1:], right[:, 1:], right[:, :-1]], axis=2)
    tones = _lit(strands, along)
    tones = (tones[:, :-1] + tones[:, 1:]) / 2
    seen = (strands.normals[:, :-1, 2] + strands.normals[:, 1:, 2]) / 2 < 0.12
    return quads[seen], tones[seen]


def _lit(strands: Strands, along: np.ndarray) -> np.ndarray:
    """Return colours in the light: a strand is bright where it runs across the light, and shines where it mirrors."""
    half = np.add(_LIGHT, (0, 0, -1))
    half = half / np.linalg.norm(half)
    facing = np.clip(strands.normals @ _LIGHT, 0, 1)
    across = np.sqrt(np.clip(1 - (along @ _LIGHT) ** 2, 0, 1))
    shine = np.sqrt(np.clip(1 - (along @ half) ** 2, 0, 1)) ** 40 * facing
    light = (0.35 + 0.3 * across) + 0.45 * facing
    # The first reflection is white, the one from within has the hair's own colour.
    own = strands.colours / np.maximum(strands.colours.max(axis=-1, keepdims=True), 1e-3)
    return strands.colours * light[..., None] + (strands.gloss[:, None] * shine)[..., None] * (0.4 + 0.6 * own)


def _box(shape: tuple[int, int], quads: np.ndarray) -> tuple[int, int, int, int] | None:
    if not len(quads):
        return None
    x0, y0 = np.maximum(np.floor(quads.min(axis=(0, 1))).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(quads.max(axis=(0, 1))).astype(int) + 2, shape[::-1])
    return (int(x0), int(y0), int(x1), int(y1)) if x1 > x0 and y1 > y0 else None


def _drawn(quads: np.ndarray, tones: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return premultiplied RGBA of pieces."""
    canvas = np.zeros((size[0] * _FINE, size[1] * _FINE, 4), np.uint8)
    fine = np.round(((quads + 0.5) * _FINE - 0.5) * 2**_SHIFT)
    within = ((fine > -1e5) & (fine < 1e6)).all(axis=(1, 2))
    corners = fine[within].astype(np.int32)
    inks = np.clip(tones[within] * 255, 0, 255).tolist()
    for corner, ink in zip(corners, inks, strict=True):
        cv2.fillConvexPoly(canvas, corner, (*ink, 255.0), cv2.LINE_8, _SHIFT)
    return cv2.resize(canvas, size[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
