"""What small sensors, narrow lines and strong compression leave of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import UInt8

Picture = UInt8[np.ndarray, "height width 3"]

_BAYER = np.array([(0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5)], np.float32)


def resampled(image: Picture, scale: tuple[float, float], up: int, down: int = cv2.INTER_AREA) -> Picture:
    """Make a picture smaller and as large again.

    Args:
        image: RGB.
        scale: How wide and how high it is made, as a share of what it was, at most 1.
        up: OpenCV's interpolation on the way back.
        down: And on the way there.
    """
    return cv2.resize(smaller(image, scale, down), image.shape[1::-1], interpolation=up)


def smaller(
    image: Picture, scale: tuple[float, float], down: int = cv2.INTER_AREA
) -> UInt8[np.ndarray, "low narrow 3"]:
    """Make a picture smaller, see ``resampled``; no side becomes shorter than a pixel."""
    size = [max(1, round(side * min(share, 1.0))) for side, share in zip(image.shape[1::-1], scale, strict=True)]
    return cv2.resize(image, size, interpolation=down)


def compressed(image: Picture, quality: int) -> Picture:
    """Write a picture as a JPEG of a quality (1 to 100) and read it again."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def thinned(image: Picture, chroma: tuple[float, float], luma: tuple[float, float] = (1.0, 1.0)) -> Picture:
    """Keep colour, and brightness, at shares of the resolution across and down."""
    parts = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)
    colour = resampled(parts, chroma, cv2.INTER_LINEAR)
    bright = parts if luma == (1.0, 1.0) else resampled(parts, luma, cv2.INTER_LINEAR)
    cv2.mixChannels([bright], [colour], [0, 0])
    return cv2.cvtColor(colour, cv2.COLOR_YCrCb2RGB)


def dithered(image: Picture, steps: int) -> Picture:
    """Leave a few steps of each colour, in a regular pattern of dots (Bayer 1973)."""
    height, width = image.shape[:2]
    size = 255 / (steps - 1)
    threshold = np.tile((_BAYER + 0.5) / 16 - 0.5, (height // 4 + 1, width // 4 + 1))[:height, :width] * size
    return np.clip(np.round((image + threshold[..., None]) / size) * size, 0, 255).astype(np.uint8)


def sharpened(image: Picture, sigma: float, strength: float) -> Picture:
    """Add a multiple of what a blur of a deviation in pixels takes away: edges get halos."""
    return cv2.addWeighted(image, 1 + strength, cv2.GaussianBlur(image, (0, 0), sigma), -strength, 0)


def paled(image: Picture, colour: float, dark: float, bright: float) -> Picture:
    """Leave a share of the colour and set black and white to other levels, both as shares of white."""
    grey = np.array([(0.30, 0.59, 0.11)] * 3)
    matrix = (bright - dark) * (colour * np.eye(3) + (1 - colour) * grey)
    return cv2.transform(image, np.column_stack([matrix, np.full(3, 255 * dark)]).astype(np.float32))


class Interlaced:
    """Shows every other row a frame late, as two fields in one frame."""

    def __init__(self) -> None:
        self._last: Picture | None = None

    def __call__(self, image: Picture) -> Picture:
        """Return the next frame with its odd rows from the frame before; the first one as it is."""
        woven = image.copy()
        if self._last is not None:
            woven[1::2] = self._last[1::2]
        self._last = image
        return woven


class Lagging:
    """Renews only some blocks in each frame, as on a line that is too narrow.

    Args:
        side: Of a block, pixels.
        share: How many of them are renewed, 0 to 1.
        rng: Says which.
    """

    def __init__(self, side: int, share: float, rng: np.random.Generator) -> None:
        self._side, self._share, self._rng = side, share, rng
        self._shown: Picture | None = None

    def __call__(self, image: Picture) -> Picture:
        """Return the next frame; the first one is whole."""
        height, width = image.shape[:2]
        blocks = -(-height // self._side), -(-width // self._side)
        fresh = (self._rng.random(blocks) < self._share).astype(np.uint8)
        if self._shown is None:
            self._shown = image.copy()
        whole = np.repeat(np.repeat(fresh, self._side, axis=0), self._side, axis=1)[:height, :width]
        cv2.copyTo(image, np.ascontiguousarray(whole), self._shown)
        return self._shown.copy()
