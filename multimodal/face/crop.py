"""Small cut-outs of the face, thinned out by area, from which canonical squares can be cut without aliasing."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.face.align import apply, cut_square, inverse
from multimodal.face.flow import SIDE

_MARGIN = 0.25
"""How far the cut-out reaches beyond the canonical square, as a fraction of its side: room for the head to move."""


@dataclass(frozen=True)
class FaceCrop:
    """The face's part of a picture, thinned out by a whole number.

    Attributes:
        pixels: Grey or RGB, each the mean of ``step`` x ``step`` pixels of the picture.
        left, top: Where it begins in the picture, pixels, multiples of ``step``: crops of one video share one raster.
        step: See ``pixels``.
    """

    pixels: UInt8[np.ndarray, "height width *channels"]
    left: int
    top: int
    step: int

    def square(self, transform: Float[np.ndarray, "2 3"], side: int = SIDE) -> UInt8[np.ndarray, "side side *channels"]:
        """Cut a canonical square.

        Args:
            transform: From the *picture's* pixels to fractions of the square, see ``align.face_transform``.
            side: Side of the square, pixels.
        """
        shift = np.array([self.left, self.top]) + (self.step - 1) / 2
        moved = np.concatenate([transform[:, :2] * self.step, apply(transform, shift)[:, None]], axis=1)
        return cut_square(self.pixels, moved, side)


def face_crop(
    image: UInt8[np.ndarray, "height width 3"], transform: Float[np.ndarray, "2 3"], step: int, grey: bool = False
) -> FaceCrop:
    """Cut the surroundings of the canonical square out of an RGB picture.

    Args:
        image: RGB.
        transform: From the picture's pixels to fractions of the square.
        step: Thinning, see ``fitting_step``.
        grey: Give grey pixels instead of RGB.
    """
    x0, y0, x1, y1 = _bounds(transform)
    height, width = image.shape[:2]
    left, across = _span(x0, x1, width, step)
    top, down = _span(y0, y1, height, step)
    part = image[top : top + down * step, left : left + across * step]
    if grey:
        part = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    if step > 1:
        part = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)
    return FaceCrop(np.ascontiguousarray(part), left, top, step)


def fitting_step(transform: Float[np.ndarray, "2 3"], side: int = SIDE) -> int:
    """Return the largest thinning that leaves a crop at least as fine as a square of ``side`` pixels."""
    return max(1, int(1 / (side * np.hypot(*transform[0, :2]))))


def _span(low: float, high: float, limit: int, step: int) -> tuple[int, int]:
    """Return where a crop begins (a multiple of ``step``) and how many thinned pixels it has, at least one."""
    step = min(step, limit)
    start = int(np.clip(low, 0, limit - step)) // step * step
    return start, max(1, (int(np.clip(high, start + step, limit)) - start) // step)


def _bounds(transform: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "4"]:
    low, high = -_MARGIN, 1 + _MARGIN
    corners = np.array([(low, low), (high, low), (high, high), (low, high)]) - transform[:, 2]
    points = corners @ inverse(transform[:, :2]).T
    return np.concatenate([points.min(axis=0), points.max(axis=0)])
