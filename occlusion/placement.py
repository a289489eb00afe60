"""How an occluder follows the head: a plane fixed to the skull, turned, scaled and shifted with it.

The head's motion since the onset frame is fitted to landmarks that expressions leave alone, and smoothed, since
landmarks tremble: an occluder that trembled with them would tell a network as much as a micro-expression does.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

STABLE: tuple[int, ...] = (
    *(33, 263, 133, 362, 127, 356, 162, 389, 21, 251, 54, 284, 103, 332, 67, 297, 109, 338),
    *(234, 454, 227, 447, 116, 345, 117, 346, 143, 372, 156, 383, 193, 417, 122, 351, 10, 151, 9, 8, 168, 6, 197),
)
"""MediaPipe's landmarks of forehead, temples, eye corners, cheekbones and nose bridge."""


def eye_distance(landmarks: Float[np.ndarray, "468 3"]) -> float:
    """Return the distance between the centres of the eyes, pixels, a turn of the head undone by the depths."""
    left, right = landmarks[[33, 133]].mean(axis=0), landmarks[[362, 263]].mean(axis=0)
    return float(np.linalg.norm(right - left))


def rigid_motion(
    before: Float[np.ndarray, "468 3"], after: Float[np.ndarray, "468 3"]
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3"]]:
    """Fit ``after = linear @ before + shift`` to the stable landmarks (Umeyama 1991: turn and one scale).

    Returns:
        The linear part (scale times rotation) and the shift.
    """
    a, b = (points[list(STABLE)].astype(np.float64) for points in (before, after))
    a_middle, b_middle = a.mean(axis=0), b.mean(axis=0)
    left, sizes, right = np.linalg.svd((b - b_middle).T @ (a - a_middle))
    proper = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    scale = (sizes * proper).sum() / ((a - a_middle) ** 2).sum()
    linear = scale * left @ np.diag(proper) @ right
    return linear, b_middle - linear @ a_middle


class Follower:
    """Turns landmarks, frame by frame, into the affine map that carries a picture drawn at the onset along.

    Args:
        onset: The landmarks in the frame in which the occluder was drawn.
        anchors: ``[n, 3]``, at least three points of the head near the occluder, in pixels of the onset frame, with
            depth; the plane through them moves like the skull.
        tremble: Motion below about this share of the eye distance is taken for the landmarks' trembling.
    """

    def __init__(
        self, onset: Float[np.ndarray, "468 3"], anchors: Float[np.ndarray, "anchors 3"], tremble: float = 0.012
    ) -> None:
        self._onset = onset
        self._plane = _plane(anchors)
        self._tremble = tremble * eye_distance(onset)
        low, high = anchors[:, :2].min(axis=0), anchors[:, :2].max(axis=0)
        self._corners = np.array([low, (high[0], low[1]), (low[0], high[1])], np.float64)
        self._places = self._corners.copy()

    def step(self, landmarks: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "2 3"]:
        """Take in the next frame.

        Args:
            landmarks: MediaPipe's points, pixels.

        Returns:
            ``[2, 3]``: from pixels of the onset frame to pixels of this frame.
        """
        linear, shift = rigid_motion(self._onset, landmarks)
        depths = np.column_stack([self._corners, np.ones(3)]) @ self._plane
        wanted = (np.column_stack([self._corners, depths]) @ linear.T + shift)[:, :2]
        away = float(np.abs(wanted - self._places).max())
        # A small step is mostly trembling and hardly followed, a large one is followed whole.
        follow = away**2 / (away**2 + self._tremble**2) if away > 0 else 0.0
        self._places = self._places + follow * (wanted - self._places)
        return np.linalg.solve(np.column_stack([self._corners, np.ones(3)]), self._places).T


def _plane(points: Float[np.ndarray, "anchors 3"]) -> Float[np.ndarray, "3"]:
    """Fit ``z = a x + b y + c``."""
    design = np.column_stack([points[:, :2], np.ones(len(points))]).astype(np.float64)
    return np.linalg.lstsq(design, points[:, 2].astype(np.float64), rcond=None)[0]
