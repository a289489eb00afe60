"""Blur as lenses and motion make it; strong blur is made at a part of the resolution, which nobody can tell."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

Picture = UInt8[np.ndarray, "height width 3"]

_LIGHT = np.arange(256, dtype=np.float32) ** 2
_DISC = 2.0
"""Radius of the disc that is averaged over, pixels of the reduced picture, at least."""


def defocused(image: Picture, radius: float) -> Picture:
    """Spread every point over a disc, in linear light, so that bright points become bright discs.

    Args:
        image: RGB; light is taken for the square of its values.
        radius: Of the disc, pixels.
    """
    shrink = max(1, int(radius / _DISC))
    light = _smaller(cv2.LUT(image, _LIGHT), shrink)
    spread = cv2.filter2D(light, -1, _disc(radius / shrink), borderType=cv2.BORDER_REPLICATE)
    return _larger(cv2.convertScaleAbs(cv2.sqrt(cv2.max(spread, 0))), image.shape)


def softened(image: Picture, sigma: float) -> Picture:
    """Blur evenly (Gauss) with a deviation in pixels."""
    shrink = max(1, int(sigma / 2))
    small = _smaller(image, shrink)
    return _larger(cv2.GaussianBlur(small, (0, 0), max(sigma / shrink, 0.3)), image.shape)


def swept(image: Picture, way: Float[np.ndarray, "2"]) -> Picture:
    """Blur as if the picture had moved along ``way`` (x, y, pixels) evenly, its middle staying in place.

    The average of two shifts, of the result two shifts half as far, and so on, are all points of the way; shifts come
    in pairs to both sides, so that the picture never moves as a whole.
    """
    reach = np.asarray(way, np.float64) / 4
    while float(np.abs(reach).max()) >= 0.5:
        x, y = np.round(reach).astype(int)
        image = paired(image, int(x), int(y))
        reach = reach / 2
    return image


def paired(image: Picture, x: int, y: int) -> Picture:
    """Return the average of a picture shifted by x and y pixels and of it shifted the other way."""
    height, width = image.shape[:2]
    across, along = abs(x), abs(y)
    wide = cv2.copyMakeBorder(image, along, along, across, across, cv2.BORDER_REPLICATE)
    one, other = (
        wide[along + side * y : along + side * y + height, across + side * x : across + side * x + width]
        for side in (-1, 1)
    )
    return cv2.addWeighted(one, 0.5, other, 0.5, 0)


def blended(image: Picture, other: Picture, share: Float[np.ndarray, "height width"]) -> Picture:
    """Go over to another picture by a share for each pixel, 0 to 1."""
    return cv2.blendLinear(other, image, share, 1 - share)


def bent(image: Picture, places: tuple[np.ndarray, np.ndarray]) -> Picture:
    """Show what lies at other places, as through uneven glass; see ``bending``."""
    return cv2.remap(image, places[0], places[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def bending(
    x: Float[np.ndarray, "height width"], y: Float[np.ndarray, "height width"]
) -> tuple[np.ndarray, np.ndarray]:
    """Return for ``bent`` where in a picture each pixel takes its colour from, pixels."""
    return cv2.convertMaps(x.astype(np.float32), y.astype(np.float32), cv2.CV_16SC2)


def _disc(radius: float) -> np.ndarray:
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return (disc / disc.sum()).astype(np.float32)


def _smaller(image: np.ndarray, shrink: int) -> np.ndarray:
    if shrink == 1:
        return image
    size = (max(1, image.shape[1] // shrink), max(1, image.shape[0] // shrink))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _larger(small: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if small.shape[:2] == shape[:2]:
        return small
    return cv2.resize(small, shape[1::-1], interpolation=cv2.INTER_LINEAR)
