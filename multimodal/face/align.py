"""The way from the picture to the canonical square, by landmarks that expressions and masks leave alone."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.face.canonical import EYE_LEFT, EYE_RIGHT, SCALE
from multimodal.face.pose import HeadPose, eye_centres, fit_pose

_TILT = -0.2
"""Slope of the plane that stands for the face: the mouth lies nearer to the camera than the eyes by a fifth of the way
down (mean of the rendered people behind ``MEAN_FACE``)."""

_STEEPEST = 0.5
"""Least cosine by which a turned face is spread out again: beyond 60 degrees the far side cannot be seen anyway."""


def face_transform(landmarks: Float[np.ndarray, "468 3"], pose: HeadPose | None = None) -> Float[np.ndarray, "2 3"]:
    """Return the affine map from pixels of the picture to fractions of the canonical square.

    The head's turn is undone as if the face were a plane through eyes and mouth, then the eyes are brought to their
    places by turn, shift and one scale. Nothing below the nose bridge has a say. For a window of frames use the one
    transform of its onset frame for all of them: landmarks tremble by as much as a micro-expression moves.

    Args:
        landmarks: MediaPipe's points, pixels.
        pose: The head's pose, if it is already known.

    Returns:
        ``[2, 3]``: ``(fx, fy) = matrix @ (x, y, 1)``.
    """
    flatten = inverse(_facing((pose or fit_pose(landmarks)).rotation))
    left, right = eye_centres(landmarks).astype(np.float64) @ flatten.T
    (dx, dy), middle = right - left, (left + right) / 2
    upright = np.array([[dx, dy], [-dy, dx]]) / (dx * dx + dy * dy)
    linear = np.diag(SCALE) @ upright @ flatten
    centre = (np.array(EYE_LEFT) + np.array(EYE_RIGHT)) / 2
    shift = centre - np.diag(SCALE) @ upright @ middle
    return np.concatenate([linear, shift[:, None]], axis=1)


def _facing(rotation: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "2 2"]:
    """Return how a plane face turned like this looks in the picture, held away from edge-on."""
    plane = rotation[:2, :2] + np.outer(rotation[:2, 2], (0.0, _TILT))
    left, sizes, right = np.linalg.svd(plane)
    return left @ np.diag(np.maximum(sizes, _STEEPEST)) @ right


def inverse(matrix: Float[np.ndarray, "2 2"]) -> Float[np.ndarray, "2 2"]:
    """Invert a 2 x 2 matrix; numpy's way costs a hundred times as much, since its LAPACK wakes threads."""
    (a, b), (c, d) = matrix.tolist()
    return np.array([[d, -b], [-c, a]]) / (a * d - b * c)


def pixel_transform(transform: Float[np.ndarray, "2 3"], side: int) -> Float[np.ndarray, "2 3"]:
    """Return the map from pixels of the picture to pixels of a canonical square of ``side`` pixels.

    Fraction 0 is the outer edge of the first pixel, whose centre has the coordinate 0.
    """
    return transform * side - np.array([0.0, 0.0, 0.5])


def cut_square(
    image: UInt8[np.ndarray, "height width *channels"], transform: Float[np.ndarray, "2 3"], side: int
) -> UInt8[np.ndarray, "side side *channels"]:
    """Cut the canonical square out of a picture, bilinear; what lies outside repeats the picture's border.

    Args:
        image: Grey or RGB, at no more than about twice the square's resolution (or fine patterns would alias).
        transform: From the picture's pixels to fractions of the square.
        side: Side of the square, pixels.
    """
    matrix = pixel_transform(transform, side)
    return cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def apply(transform: Float[np.ndarray, "2 3"], points: Float[np.ndarray, "*lead 2"]) -> Float[np.ndarray, "*lead 2"]:
    """Map points (x, y) by an affine transform."""
    return points @ transform[:, :2].T + transform[:, 2]
