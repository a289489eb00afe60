"""How far each region of the face can be seen."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.face.align import apply, face_transform
from multimodal.face.canonical import GRID, crop_regions
from multimodal.face.pose import HeadPose


class VisibilityEstimator:
    """Judges how far each region can be seen, frame by frame.

    Args:
        memory: Remember the face from frame to frame; False for single pictures.
    """

    def __init__(self, memory: bool = True) -> None:
        self.memory = memory
        self.reset()

    def reset(self) -> None:
        """Forget the face."""

    def observe(
        self,
        image: UInt8[np.ndarray, "height width 3"],
        landmarks: Float[np.ndarray, "468 3"],
        covers: Sequence[Float[np.ndarray, "_ 2"]] = (),
        pose: HeadPose | None = None,
    ) -> Float[np.ndarray, "12"]:
        """Judge one frame.

        Args:
            image: RGB.
            landmarks: MediaPipe's points, pixels.
            covers: Outlines of things known to lie over the face, such as hands: ``[corners, 2]``, pixels.
            pose: The head's pose, if it is already known.

        Returns:
            Visibility in the order of ``REGIONS``, 0 hidden to 1 free.
        """
        transform = face_transform(landmarks, pose)
        return free_of(transform, image.shape, covers)


def free_of(
    transform: Float[np.ndarray, "2 3"], shape: tuple[int, ...], covers: Sequence[Float[np.ndarray, "_ 2"]] = ()
) -> Float[np.ndarray, "12"]:
    """Return which fraction of each region lies inside the picture and outside all covers.

    Args:
        transform: From the picture's pixels to fractions of the canonical square.
        shape: The picture's, height first.
        covers: Outlines, ``[corners, 2]``, pixels.
    """
    height, width = shape[:2]
    frame = np.array([(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)])
    free = _fill(frame, transform)
    for cover in covers:
        if len(cover) >= 3:
            free *= 1 - _fill(np.asarray(cover, np.float64), transform)
    return crop_regions(free).mean(axis=(-2, -1))


def _fill(outline: Float[np.ndarray, "corners 2"], transform: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "28 28"]:
    """Return how much of each cell of the canonical grid lies inside an outline of the picture."""
    fine = 4 * GRID
    # Pixel centres are whole numbers; OpenCV draws in sixteenths of a pixel.
    points = np.clip(np.round((apply(transform, outline) * fine - 0.5) * 16), -(2**20), 2**20).astype(np.int32)
    canvas = np.zeros((fine, fine), np.uint8)
    cv2.fillPoly(canvas, [points], 1, shift=4)
    return cv2.resize(canvas.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
