"""The head's own coordinates: x to its right as the picture shows it, y down, z away from the camera, in eye distances.

What is drawn in them turns with the head: a mask's far side hides behind its near side, a rolled head rolls its scarf.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from occlusion.placement import eye_distance

_UPRIGHT = 0.13
"""How much farther from the camera MediaPipe's chin lies than its brow, per length between them, on an upright head."""


class Head:
    """A head found by its landmarks; the origin lies between the eyes.

    Args:
        landmarks: MediaPipe's points, pixels.

    Attributes:
        unit: The distance between the eyes, pixels.
        axes: Right, down and away as rows, unit vectors in the picture's x, y and depth.
        points: ``[468, 3]``, the landmarks in the head's coordinates.
    """

    def __init__(self, landmarks: Float[np.ndarray, "468 3"]) -> None:
        points = landmarks.astype(np.float64)
        left, right = points[[33, 133]].mean(axis=0), points[[362, 263]].mean(axis=0)
        self.unit = max(eye_distance(landmarks), 1e-3)
        self.axes = _axes(right - left, points[152] - points[151])
        self._origin = (left + right) / 2
        self.points = (points - self._origin) @ self.axes.T / self.unit

    def place(self, points: Float[np.ndarray, "*grid 3"]) -> Float[np.ndarray, "*grid 3"]:
        """Bring points of the head into the picture: x, y and depth in pixels."""
        return np.asarray(points, np.float64) @ self.axes * self.unit + self._origin

    def symmetric(self, left: int, right: int) -> Float[np.ndarray, "3"]:
        """Return the right one of a pair of landmarks, evened out with the left one: things are symmetric."""
        return (self.points[right] + self.points[left] * (-1, 1, 1)) / 2


def _axes(across: np.ndarray, down: np.ndarray) -> np.ndarray:
    right = across / max(float(np.linalg.norm(across)), 1e-6)
    down = down - (down @ right) * right
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    away = np.cross(right, down)
    # The line from brow to chin leans back a little on an upright head.
    down = down - _UPRIGHT * away
    down = down / np.linalg.norm(down)
    return np.stack([right, down, np.cross(right, down)])
