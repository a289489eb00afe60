"""Skin of any tone: a hand that is rendered in one tone gets another, its light and shade kept.

Albedos are linear light, from the lightest to the darkest skin; palms and nails stay light on dark hands.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from occlusion.shapes.cutout import Rendered
from occlusion.shapes.texture import noise

_MELANIN = (0.0, 0.25, 0.5, 0.75, 1.0)
_BACK = ((0.74, 0.455, 0.325), (0.62, 0.36, 0.235), (0.44, 0.225, 0.13), (0.22, 0.102, 0.055), (0.095, 0.045, 0.027))
_PALM = ((0.76, 0.46, 0.35), (0.68, 0.41, 0.295), (0.54, 0.30, 0.20), (0.40, 0.205, 0.13), (0.29, 0.145, 0.092))
_GAMMA = 2.2


def in_tone(hand: Rendered, melanin: float, flush: float = 0.0) -> Float[np.ndarray, "height width 3"]:
    """Give a rendered hand another skin.

    Args:
        hand: Which.
        melanin: 0 the lightest to 1 the darkest skin.
        flush: How much redder than usual, about -1 to 1.

    Returns:
        RGB, 0 to 1.
    """
    ruddy = np.exp(flush * np.array([0.03, -0.05, -0.05]))
    back, palm = (_at(table, melanin) * ruddy for table in (_BACK, _PALM))
    share = hand.palmar[..., None]
    was = hand.back * (1 - share) + hand.palm * share
    becomes = back * (1 - share) + palm * share
    return _encoded(hand.cutout.colour**_GAMMA * (becomes / was))


def grain(
    where: Bool[np.ndarray, "height width"], unit: float, rng: np.random.Generator
) -> Float[np.ndarray, "height width"]:
    """Return the light on pores and blotches, about 1: what a cut-out that is enlarged does not show.

    Args:
        where: Where it is wanted; elsewhere it is 1.
        unit: The distance between the eyes, pixels. Pores that are smaller than a pixel fade away.
        rng: Where chance comes from.
    """
    pores, blotches = noise(rng, 0.024, 0.02 * float(np.clip(unit / 100, 0, 1))), noise(rng, 0.22, 0.018)
    y, x = np.nonzero(where)
    light = np.ones(where.shape, np.float32)
    light[y, x] += pores(x / unit, y / unit) + blotches(x / unit, y / unit)
    return light


def _at(table: tuple[tuple[float, float, float], ...], melanin: float) -> np.ndarray:
    """Return an albedo between those of the table; tones lie evenly in the logarithm."""
    columns = np.log(np.array(table)).T
    return np.exp([np.interp(melanin, _MELANIN, column) for column in columns])


def _encoded(light: np.ndarray) -> np.ndarray:
    # What is bright is bent, so that light skin keeps its shape instead of being clipped.
    bent = np.where(light > 0.6, 0.6 + 0.4 * np.tanh((light - 0.6) / 0.4), light)
    return (np.clip(bent, 0, 1) ** (1 / _GAMMA)).astype(np.float32)
