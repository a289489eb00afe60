"""Drawing with soft edges: shapes are painted at a multiple of the resolution and averaged down."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float

_FINE = 3
_SHIFT = 4


def filled(shape: tuple[int, int], outline: Float[np.ndarray, "corners 2"]) -> Float[np.ndarray, "height width"]:
    """Return how much of each pixel lies inside a polygon, 0 to 1.

    Args:
        shape: Height and width, pixels.
        outline: Corners (x, y), pixels; may lie outside.
    """
    canvas = np.zeros((shape[0] * _FINE, shape[1] * _FINE), np.uint8)
    cv2.fillPoly(canvas, [_fine(outline)], 255, shift=_SHIFT)
    return _coarse(canvas, shape)


def stroked(
    shape: tuple[int, int], lines: Sequence[Float[np.ndarray, "_ 2"]], width: float
) -> Float[np.ndarray, "height width"]:
    """Return how much of each pixel lies under open lines of a width in pixels, 0 to 1."""
    canvas = np.zeros((shape[0] * _FINE, shape[1] * _FINE), np.uint8)
    thick = max(1, round(width * _FINE))
    cv2.polylines(canvas, [_fine(line) for line in lines], False, 255, thick, cv2.LINE_8, _SHIFT)
    return _coarse(canvas, shape)


def rounded(
    outline: Float[np.ndarray, "corners axes"], rounds: int = 3, closed: bool = True
) -> Float[np.ndarray, "_ axes"]:
    """Cut a line's corners (Chaikin 1974) until it looks smooth; it may lie in the plane or in space."""
    for _ in range(rounds):
        after = np.roll(outline, -1, axis=0)
        cut = np.stack([0.75 * outline + 0.25 * after, 0.25 * outline + 0.75 * after], axis=1)
        smooth = (cut if closed else cut[:-1]).reshape(-1, outline.shape[1])
        outline = smooth if closed else np.concatenate([outline[:1], smooth, outline[-1:]])
    return outline


def ellipse(
    centre: Float[np.ndarray, "2"], radii: tuple[float, float], power: float = 2.0, corners: int = 64
) -> Float[np.ndarray, "corners 2"]:
    """Return a superellipse: power 2 is an ellipse, above it grows corners."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    x, y = np.cos(angle), np.sin(angle)
    along = np.stack([np.sign(x) * np.abs(x) ** (2 / power), np.sign(y) * np.abs(y) ** (2 / power)], axis=1)
    return centre + along * np.array(radii)


def _fine(points: np.ndarray) -> np.ndarray:
    # Pixel centres have whole coordinates, so a pixel reaches from -.5 to +.5; its fine pixels too.
    fine = (np.asarray(points, np.float64) + 0.5) * _FINE - 0.5
    return np.round(np.clip(fine, -30000, 30000) * 2**_SHIFT).astype(np.int32)


def _coarse(canvas: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return cv2.resize(canvas, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
