"""Light that falls unevenly into a picture: pools under lamps, vignettes, bars. Linear, 1 where it is brightest."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from occlusion.degrading.sensor import GAMMA


def pool(
    shape: tuple[int, int], centre: Float[np.ndarray, "2"], reach: float, floor: float = 0.0
) -> Float[np.ndarray, "height width"]:
    """Return the light of a lamp near the picture: it falls by the square of the distance.

    Args:
        shape: Height and width, pixels.
        centre: Where it is brightest (x, y), pixels; may lie outside.
        reach: How far from there half of it is left, pixels.
        floor: The light that is everywhere.
    """
    y, x = _places(shape)
    square = (x - float(centre[0])) ** 2 + (y - float(centre[1])) ** 2
    light = 1 / (1 + square / max(reach, 1.0) ** 2)
    return floor + (1 - floor) * light / light.max()


def vignette(
    shape: tuple[int, int], centre: Float[np.ndarray, "2"], reach: float, power: float
) -> Float[np.ndarray, "height width"]:
    """Return light that dies away from ``centre`` and is half at ``reach``, pixels, the more suddenly by ``power``."""
    y, x = _places(shape)
    far = np.hypot(x - float(centre[0]), y - float(centre[1])) / max(reach, 1.0)
    return 1 / (1 + far**power)


def bars(height: int, count: float, dark: float, phase: float) -> Float[np.ndarray, "height"]:
    """Return the light of each row where a lamp flickers faster than the shutter rolls down the picture.

    Args:
        height: Rows.
        count: Dark bars in the picture.
        dark: The light in their middle.
        phase: Where they are, in bars.
    """
    turn = 2 * np.pi * (count * np.arange(height, dtype=np.float32) / max(height, 1) - phase)
    return (dark + (1 - dark) * (0.5 + 0.5 * np.cos(turn)) ** 0.8).astype(np.float32)


def as_factor(light: Float[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width 3"]:
    """Return what ``dimmed`` takes: by what to multiply the values of a picture, which are not linear, in 255ths."""
    return cv2.merge([np.round(255 * np.clip(light, 0, 1) ** (1 / GAMMA)).astype(np.uint8)] * 3)


def dimmed(
    image: UInt8[np.ndarray, "height width 3"], factor: UInt8[np.ndarray, "height width 3"]
) -> UInt8[np.ndarray, "height width 3"]:
    """Return a picture in less light."""
    return cv2.multiply(image, factor, scale=1 / 255)


def _places(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return y.astype(np.float32), x.astype(np.float32)
