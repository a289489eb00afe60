"""The twelve regions in the picture, for drawing and for what covers them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from multimodal.results import REGIONS
from occlusion.regions import REGION_LANDMARKS, region_polygon

__all__ = ["REGION_LANDMARKS", "region_boxes", "region_polygon", "region_polygons"]


def region_polygons(landmarks: Float[np.ndarray, "468 3"]) -> list[Float[np.ndarray, "_ 2"]]:
    """Return the convex outline of each region in the order of ``REGIONS``, ``[corners, 2]`` (x, y) in pixels.

    Args:
        landmarks: MediaPipe's points, pixels.
    """
    return [region_polygon(name, landmarks) for name in REGIONS]


def region_boxes(landmarks: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "12 4"]:
    """Return the box x0, y0, x1, y1 around each region in the order of ``REGIONS``, pixels."""
    return np.stack([np.concatenate([p.min(axis=0), p.max(axis=0)]) for p in region_polygons(landmarks)])
