"""Which landmarks of MediaPipe's face mesh outline each of the twelve face regions."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

REGION_LANDMARKS: dict[str, tuple[int, ...]] = {
    "brow_outer_left": (70, 63, 105, 46, 53, 52, 71, 68, 104, 156),
    "brow_inner_left": (105, 66, 107, 55, 65, 52, 104, 69, 108, 9, 8),
    "brow_inner_right": (334, 296, 336, 285, 295, 282, 333, 299, 337, 9, 8),
    "brow_outer_right": (300, 293, 334, 276, 283, 282, 301, 298, 333, 383),
    "eye_left": (
        33,
        246,
        161,
        160,
        159,
        158,
        157,
        173,
        133,
        155,
        154,
        153,
        145,
        144,
        163,
        7,
        226,
        31,
        228,
        230,
        232,
        27,
    ),
    "eye_right": (
        *(263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
        *(446, 261, 448, 450, 452, 257),
    ),
    "nose_left": (193, 122, 188, 114, 217, 126, 129, 203, 98, 97, 2, 94, 1, 4, 5, 195, 197, 6),
    "nose_right": (417, 351, 412, 343, 437, 355, 358, 423, 327, 326, 2, 94, 1, 4, 5, 195, 197, 6),
    "mouth_corner_left": (61, 40, 91, 92, 206, 207, 212, 214, 192, 216, 202, 43, 57),
    "mouth_corner_right": (291, 270, 321, 322, 426, 427, 432, 434, 416, 436, 422, 273, 287),
    "upper_lip": (164, 167, 165, 92, 40, 39, 37, 0, 267, 269, 270, 322, 391, 393, 80, 82, 13, 312, 310, 2, 97, 326),
    "chin": (17, 84, 181, 91, 106, 182, 194, 204, 211, 32, 140, 171, 175, 396, 369, 262, 431, 424, 418, 406, 335, 321),
}
"""Region name -> landmark numbers whose convex hull is the region. Left and right are the picture's."""


def region_polygon(name: str, landmarks: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "corners 2"]:
    """Return the convex outline of one region, pixels.

    Args:
        name: A key of ``REGION_LANDMARKS``.
        landmarks: MediaPipe's points, pixels.
    """
    points = landmarks[list(REGION_LANDMARKS[name]), :2].astype(np.float32)
    return cv2.convexHull(points)[:, 0]
