"""How sharp the picture of a hand is: what motion and bad focus take from the reading of a sign.

The blur effect of Crete, Dolmiere, Ladret and Nicolas (SPIE Human Vision and Electronic Imaging XII, 2007): a picture
that is blurred once more loses much of the difference between neighbouring pixels if it was sharp, and little if it was
not.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

SIDE = 96
"""Hands are judged at this size, longer side in pixels, so that near and far ones compare."""
_TAPS = 9
_SMALLEST = 4


def sharpness(image: UInt8[np.ndarray, "height width 3"], box: tuple[float, float, float, float]) -> float:
    """Return how sharp a part of an RGB picture is, 0 (blurred beyond reading, flat or empty) to 1.

    Args:
        image: The picture.
        box: x0, y0, x1, y1 in its pixels; what lies outside the picture is left out.
    """
    height, width = image.shape[:2]
    x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
    x1, y1 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    if x1 - x0 < _SMALLEST or y1 - y0 < _SMALLEST:
        return 0.0
    return 1 - blur_effect(_shrunk(cv2.cvtColor(image[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY)))


def blur_effect(grey: UInt8[np.ndarray, "height width"]) -> float:
    """Return the blur effect of a grey picture, 0 (sharp) to 1 (blurred or flat): the worse of both directions."""
    picture = grey.astype(np.float32)
    return max(_along(picture), _along(picture.T))


def _along(picture: Float[np.ndarray, "height width"]) -> float:
    smeared = cv2.blur(picture, (_TAPS, 1), borderType=cv2.BORDER_REPLICATE)
    before, after = np.abs(np.diff(picture, axis=1)), np.abs(np.diff(smeared, axis=1))
    total = float(before.sum())
    return 1.0 if total <= 0 else 1 - float(np.maximum(before - after, 0).sum()) / total


def _shrunk(grey: UInt8[np.ndarray, "height width"]) -> UInt8[np.ndarray, "low narrow"]:
    scale = SIDE / max(grey.shape)
    if scale >= 1:
        return grey
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
