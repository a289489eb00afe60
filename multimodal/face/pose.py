"""Head pose: the rigid turn that brings a mean face onto the landmarks that move with the skull.

Only points of the forehead, temples, eye corners, cheekbones and nose bridge are used: brows, mouth and jaw move with
expressions, and behind a mask everything below the nose bridge is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

EYE_CORNERS = ((33, 133), (362, 263))
"""MediaPipe's outer and inner corner of the eye on the picture's left, then inner and outer of the one on its right."""

_PAIRS: dict[tuple[int, int], tuple[float, float, float]] = {
    (33, 263): (0.719, -0.004, 0.038),
    (133, 362): (0.281, 0.004, -0.038),
    (127, 356): (1.148, 0.048, 0.820),
    (162, 389): (1.126, -0.198, 0.654),
    (21, 251): (1.069, -0.394, 0.446),
    (54, 284): (0.966, -0.580, 0.251),
    (103, 332): (0.810, -0.726, 0.047),
    (67, 297): (0.566, -0.823, -0.123),
    (109, 338): (0.305, -0.862, -0.223),
    (234, 454): (1.133, 0.284, 0.898),
    (227, 447): (1.129, 0.286, 0.537),
    (116, 345): (1.026, 0.270, 0.239),
    (117, 346): (0.844, 0.274, 0.048),
    (143, 372): (1.014, 0.068, 0.264),
    (156, 383): (0.973, -0.117, 0.165),
    (193, 417): (0.123, -0.070, -0.232),
    (122, 351): (0.094, 0.080, -0.325),
}
"""Landmarks of the picture's left and right -> how far out (the same on both sides), down and away from the camera they
lie in the mean of 60 rendered synthetic people seen from the front; in distances between the eyes, from between the
eyes."""

_MIDDLE: dict[int, tuple[float, float]] = {
    10: (-0.870, -0.245),
    151: (-0.617, -0.294),
    9: (-0.364, -0.328),
    8: (-0.215, -0.306),
    168: (-0.085, -0.297),
    6: (0.053, -0.363),
    197: (0.180, -0.441),
}
"""Landmarks of the middle line -> how far down and away from the camera, likewise."""

STABLE: tuple[int, ...] = tuple(i for pair in _PAIRS for i in pair) + tuple(_MIDDLE)
"""The landmarks that move with the skull."""

MEAN_FACE: Float[np.ndarray, "stable 3"] = np.array(
    [(side * x, y, z) for x, y, z in _PAIRS.values() for side in (-1, 1)] + [(0.0, y, z) for y, z in _MIDDLE.values()]
)
"""Where ``STABLE`` lies in the mean face: x right, y down, z away from the camera; the eyes are one apart."""


@dataclass(frozen=True)
class HeadPose:
    """A weak-perspective head pose: ``landmark = scale * rotation @ mean_face + shift``.

    Attributes:
        rotation: From the mean face to the picture; proper.
        scale: Pixels that one distance between the eyes measures, were the face seen from the front.
        shift: Where the point between the eyes lies, pixels.
    """

    rotation: Float[np.ndarray, "3 3"]
    scale: float
    shift: Float[np.ndarray, "3"]

    def angles(self) -> tuple[float, float, float]:
        """Return yaw, pitch and roll in degrees: positive is to the picture's right, down, clockwise in the picture."""
        r = self.rotation
        yaw = np.arcsin(np.clip(r[2, 0], -1.0, 1.0))
        return tuple(float(a) for a in np.rad2deg([yaw, np.arctan2(r[2, 1], r[2, 2]), np.arctan2(r[1, 0], r[0, 0])]))  # type: ignore[return-value]


def eye_centres(landmarks: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "2 2"]:
    """Return the centres of the picture's left and right eye (x, y), each the mean of its corners: blinks leave it."""
    return np.stack([landmarks[list(pair), :2].mean(axis=0) for pair in EYE_CORNERS])


def eye_distance(landmarks: Float[np.ndarray, "468 3"]) -> float:
    """Return the distance between the centres of the eyes in the picture, pixels."""
    left, right = eye_centres(landmarks)
    return float(np.hypot(*(right - left)))


def fit_pose(landmarks: Float[np.ndarray, "468 3"]) -> HeadPose:
    """Fit the mean face to the landmarks that move with the skull (Umeyama 1991: turn, scale and shift).

    Args:
        landmarks: MediaPipe's points, pixels; z at the same scale as x.
    """
    seen = landmarks[list(STABLE)].astype(np.float64)
    middle, model_middle = seen.mean(axis=0), MEAN_FACE.mean(axis=0)
    a, b = MEAN_FACE - model_middle, seen - middle
    left, sizes, right = np.linalg.svd(b.T @ a)
    proper = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ np.diag(proper) @ right
    scale = float((sizes * proper).sum() / (a**2).sum())
    return HeadPose(rotation, scale, middle - scale * rotation @ model_middle)
