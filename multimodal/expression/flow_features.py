"""Spotting by hand-crafted optical-flow features: waves in the motion of brows, nose wings and mouth.

After He: Research on micro-expression spotting method based on optical flow features, ACM MM 2021 (OF-FD). Its abstract
has the motion of places where action units show, the nose's as that of the head, and the location of waves. The frame
that motion is measured against, the places, the filter, and how a wave's ends are found are ours (reconstructed).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

LEAST_PERCENT = 0.6
"""How high a wave must stand where nothing was learned, percent of the distance between the eyes; set beforehand."""

_FILTER = 0.25
"""Standard deviation of the low-pass filter, in halves of an expression."""

_FOOT = 0.8
"""A wave begins and ends where it is so far below its peak, as a share of its height over its surroundings."""

_FAINT = 0.1
"""Waves below are never looked at, percent."""


@dataclass(frozen=True)
class Wave:
    """A place rose and fell.

    Attributes:
        first, last: Frames, both included.
        height: Over its surroundings, percent of the distance between the eyes.
    """

    first: int
    last: int
    height: float


def waves(
    places: Float[np.ndarray, "windows length places 2"], starts: Sequence[int], half: int, lengths: tuple[float, float]
) -> list[Wave]:
    """Find all waves of all windows, the faintest left out.

    Args:
        places: How each place has moved against the window's first frame; not a number where no face was seen.
        starts: First frame of each window.
        half: Half of an expression's length, frames.
        lengths: Shortest and longest wave, frames.
    """
    found = (
        Wave(start + wave.first, start + wave.last, wave.height)
        for start, window in zip(starts, np.linalg.norm(places, axis=3), strict=True)
        for curve in window.T
        for wave in _waves_of(curve[: _until_lost(curve)], half)
    )
    return [wave for wave in found if lengths[0] <= wave.last - wave.first + 1 <= lengths[1]]


def strongest(found: Iterable[Wave], least: float = LEAST_PERCENT) -> list[tuple[int, int]]:
    """Return the waves of at least that height as intervals; of those that overlap, the highest alone."""
    kept: list[Wave] = []
    for wave in sorted((wave for wave in found if wave.height >= least), key=lambda wave: (-wave.height, wave.first)):
        if all(wave.last < other.first or other.last < wave.first for other in kept):
            kept.append(wave)
    return sorted((wave.first, wave.last) for wave in kept)


def _until_lost(curve: Float[np.ndarray, "length"]) -> int:
    """Return how many frames there are before the first in which no face was seen."""
    lost = np.flatnonzero(np.isnan(curve))
    return int(lost[0]) if lost.size else len(curve)


def _waves_of(curve: Float[np.ndarray, "length"], half: int) -> Iterator[Wave]:
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks, peak_widths

    if len(curve) < 3:
        return
    calm = gaussian_filter1d(curve.astype(np.float64), _FILTER * half, mode="nearest")
    peaks, about = find_peaks(calm, prominence=_FAINT)
    _, _, left, right = peak_widths(calm, peaks, rel_height=_FOOT)
    for height, first, last in zip(about["prominences"], left, right, strict=True):
        yield Wave(int(np.floor(first)), int(np.ceil(last)), float(height))
