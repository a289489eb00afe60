"""Skin tone and light of a photo, estimated from its pixels: rough, for telling groups apart, never for one person.

The tone is the individual typology angle, ``ITA = atan2(L* - 50, b*)`` in degrees (Chardon et al. 1991; groups after
Del Bino and Bernerd 2013): the lighter the skin, the larger. It is meant for skin under a known light; a photo's light
and the camera's colours shift it, so it says how the skin looks in the photo. That the estimate is made from colours
alone, and within the labelled box, keeps it apart from whether the hand was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

TONES = ("light", "intermediate", "tan_dark", "unknown")
LIGHTS = ("dark", "middle", "bright")
_TONE_EDGES = (41.0, 28.0)
"""Degrees: light skin lies above the first, tan and dark skin at or below the second."""
_LIGHT_EDGES = (100 / 3, 200 / 3)
"""L*: thirds of its range."""
_MIDDLE = 0.6
"""So much of the box's width and height, in its middle, is looked at."""
_FEWEST = 0.1
"""Least share of that which must have the colour of skin."""
_BLACK = 20


@dataclass(frozen=True)
class Look:
    """How a hand and its photo look.

    Attributes:
        ita: Individual typology angle, degrees, -90 to 90; None where too little has the colour of skin.
        luminance: Median L* of the whole photo, 0 to 100.
    """

    ita: float | None
    luminance: float

    @property
    def tone(self) -> str:
        """One of ``TONES``."""
        if self.ita is None:
            return "unknown"
        return TONES[sum(self.ita <= edge for edge in _TONE_EDGES)]

    @property
    def light(self) -> str:
        """One of ``LIGHTS``."""
        return LIGHTS[sum(self.luminance >= edge for edge in _LIGHT_EDGES)]


def look_of(image: UInt8[np.ndarray, "height width 3"], box: Sequence[float] | Float[np.ndarray, "4"]) -> Look:
    """Estimate tone and light of an RGB photo whose hand lies in ``box`` (x0, y0, x1, y1, pixels)."""
    return Look(typology_angle(_middle_of(image, box)), float(np.median(_lab(image)[..., 0])))


def typology_angle(pixels: UInt8[np.ndarray, "height width 3"]) -> float | None:
    """Return the individual typology angle of the skin among RGB pixels, degrees.

    L* and b* are medians over the pixels that have the colour of skin, so that shades and nails weigh little.

    Returns:
        None where fewer than a tenth of the pixels have it.
    """
    skin = skin_coloured(pixels)
    if not pixels.size or skin.mean() < _FEWEST:
        return None
    lightness, _, yellow = np.median(_lab(pixels)[skin], axis=0)
    return float(np.rad2deg(np.arctan2(lightness - 50, yellow)))


def skin_coloured(pixels: UInt8[np.ndarray, "height width 3"]) -> Bool[np.ndarray, "height width"]:
    """Return which RGB pixels may be skin of any tone: red over green over blue, by ratios that shade leaves alone.

    Skin's blood and melanin give this order whatever its tone; the bounds are wide, since light differs. Pixels
    that are nearly black tell nothing. Wood, brick and sand pass too.
    """
    red, green, blue = (pixels[..., channel].astype(np.float32) for channel in range(3))
    ordered = (red >= 1.08 * green) & (red <= 3 * green) & (green >= 0.92 * blue) & (red >= 1.15 * blue)
    return np.asarray(ordered & (red > _BLACK))


def _lab(pixels: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "height width 3"]:
    """Return CIE L*, a*, b* of sRGB pixels under D65: 0 to 100, and about -100 to 100."""
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab))


def _middle_of(
    image: UInt8[np.ndarray, "height width 3"], box: Sequence[float] | Float[np.ndarray, "4"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Return the middle of the box, where the palm is rather than what lies around the fingers; at least a pixel."""
    low, high = np.array(box[:2], np.float64), np.array(box[2:], np.float64)
    middle, half = (low + high) / 2, (high - low) * _MIDDLE / 2
    limit = np.array([image.shape[1], image.shape[0]])
    first = np.clip(np.floor(middle - half), 0, limit - 1).astype(int)
    last = np.clip(np.ceil(middle + half), first + 1, limit).astype(int)
    return image[first[1] : last[1], first[0] : last[0]]
