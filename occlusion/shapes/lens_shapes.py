"""Outlines of spectacle lenses, as a maker's catalogue has them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from occlusion.shapes.bars import evenly
from occlusion.shapes.canvas import ellipse, rounded

_SUPERELLIPSES = {"round": 2.0, "oval": 2.2, "square": 3.4, "rectangle": 4.2, "narrow": 2.6}

_CORNERS: dict[str, tuple[tuple[float, float], ...]] = {
    "panto": (
        *((0.5, 1.05), (1.05, 0.5), (1.08, -0.6), (0.6, -1.02)),
        *((-0.6, -1.02), (-1.08, -0.6), (-1.05, 0.5), (-0.5, 1.05)),
    ),
    "wayfarer": (
        *((0.65, 1.0), (0.98, 0.45), (1.08, -0.7), (1.1, -1.15), (0.75, -1.08)),
        *((-0.3, -1.0), (-1.02, -0.98), (-1.05, -0.3), (-0.8, 0.95), (-0.35, 1.03)),
    ),
    "cat-eye": (
        *((0.5, 1.0), (1.0, 0.45), (1.1, -0.7), (1.3, -1.35), (0.85, -1.2)),
        *((0.1, -0.95), (-0.85, -0.9), (-1.12, -0.4), (-0.9, 0.75), (-0.4, 1.02)),
    ),
    "aviator": (
        *((0.2, 1.1), (0.8, 0.98), (1.1, 0.05), (1.08, -0.95), (0.55, -1.05)),
        *((-0.5, -1.05), (-1.12, -0.95), (-1.08, -0.45), (-0.85, 0.4), (-0.4, 1.05)),
    ),
    "browline": (
        *((0.5, 1.02), (0.98, 0.6), (1.08, -0.6), (1.06, -1.0), (0.9, -1.03)),
        *((-0.9, -1.0), (-1.02, -1.0), (-1.05, -0.6), (-0.95, 0.55), (-0.5, 1.02)),
    ),
    "half-moon": (
        *((0.0, 1.0), (0.6, 0.95), (0.98, 0.1), (1.04, -0.9), (1.0, -1.0), (0.8, -1.0)),
        *((0.0, -0.97), (-0.8, -1.0), (-1.0, -1.0), (-1.04, -0.9), (-0.98, 0.1), (-0.6, 0.95)),
    ),
    "sport": (
        *((-0.2, 1.05), (0.4, 0.85), (1.0, 0.15), (1.12, -0.4), (0.95, -0.75)),
        *((0.4, -0.95), (-0.4, -1.05), (-0.95, -0.8), (-1.08, 0.0), (-0.85, 0.85)),
    ),
    "hexagon": (
        *((0.0, 1.0), (0.5, 1.0), (0.5, 1.0), (1.0, 0.0), (1.0, 0.0), (0.55, -1.0), (0.55, -1.0)),
        *((-0.55, -1.0), (-0.55, -1.0), (-1.0, 0.0), (-1.0, 0.0), (-0.5, 1.0), (-0.5, 1.0)),
    ),
    "butterfly": (
        *((0.1, 1.05), (0.85, 1.0), (1.1, 0.2), (1.15, -0.8), (0.95, -1.1)),
        *((0.2, -1.0), (-0.7, -0.95), (-1.08, -0.5), (-1.0, 0.6), (-0.55, 1.05)),
    ),
}

_HALVES: dict[str, tuple[tuple[float, float], ...]] = {
    "shield": (
        *((-1.0, -0.1), (-0.9, -0.08), (-0.72, 0.5), (-0.5, 0.98), (0.1, 1.05), (0.7, 0.7)),
        *((1.05, -0.1), (1.0, -0.85), (0.3, -1.0), (-1.0, -1.0)),
    ),
}
"""Halves of single lenses: from the notch over the nose, round by the temple, to the middle of the upper edge."""

SHAPES: tuple[str, ...] = (*_SUPERELLIPSES, *_CORNERS, *_HALVES)
"""The shapes by name."""


def one_piece(shape: str) -> bool:
    """Return whether one lens lies before both eyes."""
    return shape in _HALVES


def lens_outline(shape: str, count: int = 120) -> Float[np.ndarray, "count 2"]:
    """Return the right lens's outline.

    Args:
        shape: One of ``SHAPES``.
        count: How many points, evenly spaced.

    Returns:
        x from the nose (-1) to the temple (1), y down (-1 to 1); the way goes from the lowest point, in the middle, by
        the temple over the top and back by the nose. Of a lens in one piece it is the right half, from its notch round
        to the middle of its upper edge, which lie at x = -1.
    """
    if one_piece(shape):
        return evenly(rounded(np.array(_HALVES[shape]), closed=False), count)
    if shape in _SUPERELLIPSES:
        line = ellipse(np.zeros(2), (1, 1), _SUPERELLIPSES[shape], 720)[::-1]
    else:
        line = rounded(np.array(_CORNERS[shape]))
        low, high = line.min(axis=0), line.max(axis=0)
        line = (2 * line - low - high) / (high - low)
    line = np.roll(line, -int(np.argmax(line[:, 1] - np.abs(line[:, 0]))), axis=0)
    return evenly(np.concatenate([line, line[:1]]), count + 1)[:-1]


def outward(line: Float[np.ndarray, "count 2"], closed: bool) -> Float[np.ndarray, "count 2"]:
    """Return unit vectors across a line that goes round as ``lens_outline`` does, out of the lens."""
    slope = (
        np.gradient(np.concatenate([line[-1:], line, line[:1]]), axis=0)[1:-1] if closed else np.gradient(line, axis=0)
    )
    return np.asarray(slope[:, ::-1] * (-1, 1) / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9))
