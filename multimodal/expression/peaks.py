"""From a score a frame to intervals: peaks that stand out, as far as half an expression reaches to both sides.

Source: Liong, See, Wong (SOFTNet, ICIP 2021).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

PAPER_P = 0.55
"""Their share of the way from the mean to the highest score."""


def smoothed(scores: Float[np.ndarray, "time"], reach: int) -> Float[np.ndarray, "time"]:
    """Return each frame's mean over the frames up to ``reach`` away; at both ends over those that there are."""
    kernel = np.ones(2 * reach + 1)
    summed = np.convolve(scores, kernel, mode="full")[reach : reach + len(scores)]
    return summed / np.convolve(np.ones(len(scores)), kernel, mode="full")[reach : reach + len(scores)]


def peak_intervals(
    scores: Float[np.ndarray, "time"], there: Bool[np.ndarray, "time"], half: int, p: float = PAPER_P
) -> list[tuple[int, int]]:
    """Spot the peaks of the smoothed score that reach ``mean + p (max - mean)``, no two closer than ``half``.

    Args:
        scores: How far each frame belongs to an expression.
        there: Frames that have a score; the others count as the lowest of those.
        half: Half of an expression's length, frames.
        p: Share of the way from the video's mean to its highest smoothed score.

    Returns:
        First and last frame of each, both included, in the order of time; neighbours may overlap.
    """
    from scipy.signal import find_peaks

    if not there.any():
        return []
    level = smoothed(np.where(there, scores, scores[there].min()), half)
    least = float(level.mean() + p * (level.max() - level.mean()))
    peaks, _ = find_peaks(level, height=least, distance=max(half, 1))
    return [(max(int(peak) - half, 0), min(int(peak) + half, len(level) - 1)) for peak in peaks]
