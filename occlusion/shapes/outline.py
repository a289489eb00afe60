"""From what is drawn to its polygon."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float


def outline_of(alpha: Float[np.ndarray, "height width"]) -> Float[np.ndarray, "corners 2"]:
    """Return the polygon (x, y) around the largest piece that is at least half hidden, holes filled.

    Args:
        alpha: How much of each pixel is hidden, 0 to 1.

    Returns:
        Corners in pixels, true to about half a pixel; none where nothing is half hidden.
    """
    pieces, _ = cv2.findContours((alpha >= 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not pieces:
        return np.zeros((0, 2))
    largest = max(pieces, key=cv2.contourArea)
    return cv2.approxPolyDP(largest, 0.5, True)[:, 0].astype(np.float64)
