"""A camera's sensor with too little light: electrons are counted by chance, amplified, rounded and shown.

Light is linear here, a picture's values are its 2.2th root. What a pixel makes of a value is looked up in a table that
holds the whole way from light to picture for each of 256 equally likely chances: noise is new in every frame, and costs
no more than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import cv2
import numpy as np
from jaxtyping import Float, UInt8

GAMMA = 2.2
_CHANCES = 256


@dataclass(frozen=True)
class Exposure:
    """How a sensor sees.

    Attributes:
        electrons: How many white light frees in a pixel; the fewer, the noisier. None: so many that nothing is noisy.
        level: How bright white is shown, linear, 1 as white.
        read: Deviation of the noise of reading, electrons.
        black: What is shown as black, linear, as a share of white.
        steps: How many values its converter tells apart, linear, from dark to white.
        cast: The light's colour, RGB; less light of a colour is noisier too.
    """

    electrons: float | None
    level: float
    read: float = 2.0
    black: float = 0.0
    steps: int = 4096
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)


class Sensor:
    """Sees frame after frame by an exposure, with noise from ``rng``.

    Args:
        exposure: How it sees.
        rng: Where noise comes from.
        grey: Whether a pixel's colours share their noise, as after a film's or a monochrome sensor's.
    """

    def __init__(self, exposure: Exposure, rng: np.random.Generator, grey: bool = False) -> None:
        self._rng, self._grey = rng, grey
        self._noisy = exposure.electrons is not None
        tables = [_table(exposure, share) for share in exposure.cast]
        # Without noise all chances give the same: one column is a table for cv2.LUT.
        self._curve = np.stack([table[:, 0] for table in tables], axis=-1)[None]
        self._tables = [np.ascontiguousarray(table).ravel() for table in tables]

    def see(self, image: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "height width 3"]:
        """Return what it shows of a frame, RGB."""
        if not self._noisy:
            return cv2.LUT(image, self._curve)
        chance = self._chance(image.shape)
        shown = [
            _look_up(table, image[..., channel], chance[..., channel if not self._grey else 0])
            for channel, table in enumerate(self._tables)
        ]
        return cv2.merge(shown)

    def _chance(self, shape: tuple[int, ...]) -> np.ndarray:
        size = (*shape[:2], 1 if self._grey else 3)
        return np.frombuffer(self._rng.bytes(int(np.prod(size))), np.uint8).reshape(size)


def _look_up(table: np.ndarray, value: np.ndarray, chance: np.ndarray) -> np.ndarray:
    # A table's place is 256 times the value plus the chance: two bytes, low one first.
    place = cv2.merge([chance, value]).view("<u2")[..., 0]
    return np.take(table, place, mode="clip")


def _table(exposure: Exposure, share: float) -> Float[np.ndarray, "256 256"] | UInt8[np.ndarray, "256 256"]:
    """Return what a value (row) is shown as by chance (column), for a channel with a share of the light."""
    light = (np.arange(256) / 255)[:, None] ** GAMMA * share + np.zeros(_CHANCES)
    if exposure.electrons is not None:
        light = _counted(light * exposure.electrons, exposure.read) / exposure.electrons
    light = np.round(light * (exposure.steps - 1)) / (exposure.steps - 1)
    light = np.clip((light - exposure.black) / (1 - exposure.black), 0, None) * exposure.level
    return np.round(255 * np.clip(light, 0, 1) ** (1 / GAMMA)).astype(np.uint8)


def _counted(electrons: np.ndarray, read: float) -> np.ndarray:
    """Return what is counted of expected electrons: shot noise (Poisson) and noise of reading (normal).

    The quantiles are those of Cornish and Fisher (1938) to the third cumulant, which for a count is its mean.
    """
    deviate = np.array([NormalDist().inv_cdf((chance + 0.5) / _CHANCES) for chance in range(_CHANCES)])
    variance = electrons + read**2
    return electrons + np.sqrt(variance) * deviate + electrons / (6 * np.maximum(variance, 1e-9)) * (deviate**2 - 1)
