"""Hands cut out of photos before a green screen.

What counts is how green a pixel is for its brightness, compared with the screen about it: screens are lit unevenly, and
the hand throws shadows on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

_HUES = (75, 170)
"""Hues that screens have, degrees."""

_SCREEN = 0.15
"""A picture with less screen than this is not one of a hand before a screen."""

LEAST, MOST = 0.02, 0.70
"""How much of the picture a hand takes."""

_FLAT = 1.2
"""Grey values by which a filled area varies; the screen and the hand vary more, by the noise of the camera."""


@dataclass(frozen=True)
class Keyed:
    """What stands before the screen.

    Attributes:
        colour: RGB, 0 to 1, the screen's green taken out of edges and reflections.
        alpha: How much of each pixel it takes, 0 to 1.
        padding: Where the picture shows neither it nor the screen, but the filled corners of a photo that was turned.
    """

    colour: Float[np.ndarray, "height width 3"]
    alpha: Float[np.ndarray, "height width"]
    padding: Bool[np.ndarray, "height width"]


def key_out(image: UInt8[np.ndarray, "height width 3"]) -> Keyed:
    """Cut the largest thing that is not green out of a picture.

    Args:
        image: RGB.

    Raises:
        ValueError: There is no green screen, or less than 2 % or more than 70 % of the picture is left.
    """
    smooth = cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.float32) / 255
    screen = _screen(smooth)
    if screen.mean() < _SCREEN:
        raise ValueError("there is no green screen in the picture")
    padding = _padding(image, screen)
    alpha = _largest(np.where(padding, 0, _matte(smooth, screen)))
    left = float((alpha > 0.5).mean())
    if not LEAST <= left <= MOST:
        raise ValueError(f"{100 * left:.0f} % of the picture is not green: a hand takes 2 to 70 %")
    return Keyed(_cleaned(image.astype(np.float32) / 255, alpha), alpha, padding)


def _screen(colour: np.ndarray) -> np.ndarray:
    """Return which pixels are surely screen, by hue and saturation."""
    hue, saturation, value = np.moveaxis(cv2.cvtColor(colour, cv2.COLOR_RGB2HSV), -1, 0)
    return np.asarray((hue > _HUES[0]) & (hue < _HUES[1]) & (saturation > 0.15) & (value > 0.08))


def _padding(image: np.ndarray, screen: np.ndarray) -> np.ndarray:
    """Return the pieces at the border that are filled with one colour."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.blur(grey, (5, 5))
    varies = np.sqrt(np.maximum(cv2.blur(grey * grey, (5, 5)) - mean * mean, 0))
    _, pieces = cv2.connectedComponents(((varies < _FLAT) & ~screen).astype(np.uint8))
    rim = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    filled = np.zeros(int(pieces.max()) + 1, np.uint8)
    filled[rim] = 1
    filled[0] = 0
    # Its edge is blurred into the picture.
    return cv2.dilate(filled[pieces], np.ones((9, 9), np.uint8)) > 0


def _matte(colour: np.ndarray, screen: np.ndarray) -> np.ndarray:
    """Return how much of each pixel is not screen, by how green it is compared with the screen about it.

    What is far darker than the screen is the hand's own shade, however green the screen's reflection makes it.
    """
    value, greenness = colour.max(axis=-1), _greenness(colour)
    green, bright = _around(np.dstack([greenness, value]), screen)
    return np.maximum(1 - _step(0.2, 0.65, greenness / green), 1 - _step(0.34, 0.48, value / bright))


def _greenness(colour: np.ndarray) -> np.ndarray:
    """Return by how much green exceeds the other colours, for the pixel's brightness."""
    return np.asarray((colour[..., 1] - np.maximum(colour[..., 0], colour[..., 2])) / (colour.max(axis=-1) + 0.03))


def _around(fields: np.ndarray, screen: np.ndarray) -> list[np.ndarray]:
    """Return what the screen is like about each pixel: means over what is surely screen, near pixels counting most.

    Args:
        fields: ``[height, width, fields]``, properties of the pixels.
        screen: Which pixels are surely screen.
    """
    small = (max(1, screen.shape[1] // 8), max(1, screen.shape[0] // 8))
    weighted = np.dstack([fields, np.ones_like(fields[..., :1])]) * screen[..., None].astype(np.float32)
    near = cv2.GaussianBlur(cv2.resize(weighted, small, interpolation=cv2.INTER_AREA), (0, 0), 0.1 * max(small))
    middles = np.median(fields[screen], axis=0)
    near = (near[..., :-1] + 0.02 * middles) / (near[..., -1:] + 0.02)
    level = cv2.resize(near, screen.shape[::-1])
    return [np.maximum(level[..., k], 0.3 * middle) for k, middle in enumerate(middles)]


def _largest(alpha: np.ndarray) -> np.ndarray:
    """Keep the largest piece and its soft edge; slivers, such as along filled corners, come off."""
    sliver = np.ones((max(3, max(alpha.shape) // 80),) * 2, np.uint8)
    solid = cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_OPEN, sliver)
    count, pieces, table, _ = cv2.connectedComponentsWithStats(solid)
    if count < 2:
        return np.zeros_like(alpha)
    largest = (pieces == 1 + int(table[1:, cv2.CC_STAT_AREA].argmax())).astype(np.uint8)
    return np.asarray(alpha * cv2.dilate(largest, np.ones((5, 5), np.uint8))).astype(np.float32)


def _cleaned(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Take the green out: reflections are held back to what skin can be, edges get the colour of what they bound."""
    most = 0.525 * (colour[..., 0] + colour[..., 2])
    clean = colour.copy()
    clean[..., 1] = np.minimum(colour[..., 1], most)
    inner = cv2.erode((alpha > 0.97).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    spread, weight = clean * inner[..., None], inner
    for sigma in (1.5, 4.0, 12.0):
        around = cv2.GaussianBlur(clean * inner[..., None], (0, 0), sigma)
        near = cv2.GaussianBlur(inner, (0, 0), sigma)
        room = np.clip(1 - weight, 0, 1)
        spread, weight = spread + room[..., None] * around, weight + room * near
    bound = spread / np.maximum(weight, 1e-4)[..., None]
    return np.where(inner[..., None] > 0, clean, np.where(weight[..., None] > 1e-4, bound, clean)).astype(np.float32)


def _step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    share = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))
