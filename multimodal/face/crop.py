"""Small grey cut-outs of the face, so that a window of frames can be kept without keeping the frames."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.face.align import apply, cut_square
from multimodal.face.flow import SIDE

_MARGIN = 0.25
"""How far the cut-out reaches beyond the canonical square, as a fraction of its side: room for the head to move."""


@dataclass(frozen=True)
class GreyCrop:
    """A grey part of a picture, thinned out by a whole number.

    Attributes:
        grey: The pixels, each the mean of ``step`` x ``step`` pixels of the picture.
        left, top: Where it begins in the picture, pixels, multiples of ``step``: crops of one video share one raster.
        step: See ``grey``.
    """

    grey: UInt8[np.ndarray, "height width"]
    left: int
    top: int
    step: int

    def square(self, transform: Float[np.ndarray, "2 3"], side: int = SIDE) -> UInt8[np.ndarray, "side side"]:
        """Cut a canonical square.

        Args:
            transform: From the *picture's* pixels to fractions of the square, see ``align.face_transform``.
            side: Side of the square, pixels.
        """
        shift = np.array([self.left, self.top]) + (self.step - 1) / 2
        moved = np.concatenate([transform[:, :2] * self.step, apply(transform, shift)[:, None]], axis=1)
        return cut_square(self.grey, moved, side)


def grey_crop(
    image: UInt8[np.ndarray, "height width 3"], transform: Float[np.ndarray, "2 3"], step: int | None = None
) -> GreyCrop:
    """Cut the surroundings of the canonical square out of an RGB picture.

    Args:
        image: RGB.
        transform: From the picture's pixels to fractions of the square.
        step: Thinning; None chooses it so that the crop is one to two times as fine as the square.
    """
    step = step or fitting_step(transform)
    x0, y0, x1, y1 = _bounds(transform)
    height, width = image.shape[:2]
    left, top = (int(np.clip(v, 0, limit - step)) // step * step for v, limit in ((x0, width), (y0, height)))
    across, down = (
        max(1, (int(np.clip(v, start + step, limit)) - start) // step)
        for v, start, limit in ((x1, left, width), (y1, top, height))
    )
    part = image[top : top + down * step, left : left + across * step]
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    if step > 1:
        grey = cv2.resize(grey, (across, down), interpolation=cv2.INTER_AREA)
    return GreyCrop(grey, left, top, step)


def fitting_step(transform: Float[np.ndarray, "2 3"]) -> int:
    """Return the largest thinning that leaves the crop at least as fine as the square."""
    return max(1, int(1 / (SIDE * np.hypot(*transform[0, :2]))))


def _bounds(transform: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "4"]:
    low, high = -_MARGIN, 1 + _MARGIN
    corners = np.array([(low, low), (high, low), (high, high), (low, high)]) - transform[:, 2]
    points = corners @ np.linalg.inv(transform[:, :2]).T
    return np.concatenate([points.min(axis=0), points.max(axis=0)])
