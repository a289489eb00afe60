"""What a found hand hides: outlines of palm and fingers around its skeleton."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

_PALM = (0, 1, 2, 5, 9, 13, 17)
_FINGERS = ((1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))

_WIDTH = 0.26
"""A finger's width as a share of the distance from the wrist to the middle finger's root; the skeleton lies within."""


def hand_outlines(points: Float[np.ndarray, "21 2"]) -> list[Float[np.ndarray, "_ 2"]]:
    """Return outlines that together cover a hand: the palm, and each finger as a strip with room around it.

    Args:
        points: MediaPipe's 21 hand points (x, y), pixels.

    Returns:
        Six polygons, pixels; pass them as ``covers`` to ``FaceTracker.track``.
    """
    span = float(np.hypot(*(points[9] - points[0])))
    half = 0.5 * _WIDTH * span
    palm = _around(points[list(_PALM)], half)
    return [palm, *(_around_path(points[list(finger)], half) for finger in _FINGERS)]


def _around(points: np.ndarray, margin: float) -> np.ndarray:
    """Return the convex hull of circles around points."""
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    circle = margin * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ring = (points[:, None] + circle).reshape(-1, 2)
    return cv2.convexHull(ring.astype(np.float32))[:, 0]


def _around_path(points: np.ndarray, half: float) -> np.ndarray:
    """Return a strip around a path, longer than it by half its width at the end."""
    along = np.gradient(points, axis=0)
    along = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    across = half * np.stack([-along[:, 1], along[:, 0]], axis=1)
    ends = points.copy()
    ends[-1] += half * along[-1]
    return np.concatenate([ends + across, (ends - across)[::-1]])
