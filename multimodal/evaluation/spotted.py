"""The MEGC rule for spotted intervals: which of them are hits, and F1 over a whole database.

Source: Li, Soladie, Seguier, Wang, Yap: Spotting micro-expressions on long videos sequences, FG 2019 (arXiv
1812.10306), the challenge's spotting task. An interval is a hit if its intersection with a coded one over their union
is at least .5; hits and errors are summed over all videos first, and F1 is taken once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

IOU = 0.5
"""The challenge's threshold."""

Interval = tuple[int, int]
"""First and last frame, both included."""


@dataclass(frozen=True)
class Counts:
    """Hits and errors; they add up over videos.

    Attributes:
        tp: Spotted intervals that hit a coded one.
        fp: Spotted intervals that hit none.
        fn: Coded intervals that were not hit.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Share of the spotted that hit; 0 where nothing was spotted."""
        return self.tp / max(self.tp + self.fp, 1)

    @property
    def recall(self) -> float:
        """Share of the coded that were hit; 0 where nothing is coded."""
        return self.tp / max(self.tp + self.fn, 1)

    @property
    def f1(self) -> float:
        """``2 tp / (2 tp + fp + fn)``; 0 where there is neither."""
        return 2 * self.tp / max(2 * self.tp + self.fp + self.fn, 1)


def iou(one: Interval, other: Interval) -> float:
    """Return the frames that both have over the frames that either has, 0 to 1."""
    both = min(one[1], other[1]) - max(one[0], other[0]) + 1
    total = (one[1] - one[0] + 1) + (other[1] - other[0] + 1)
    return max(both, 0) / (total - max(both, 0))


def count(found: Sequence[Interval], truth: Sequence[Interval], least: float = IOU) -> Counts:
    """Count one video's hits and errors.

    Spotted and coded intervals are paired one to one, so that as many as possible hit: two that hit the same are one
    hit and one error.

    Args:
        found: Spotted intervals.
        truth: Coded intervals.
        least: From which intersection over union on it is a hit.
    """
    hits = len(matched(found, truth, least))
    return Counts(hits, len(found) - hits, len(truth) - hits)


def matched(found: Sequence[Interval], truth: Sequence[Interval], least: float = IOU) -> list[tuple[int, int]]:
    """Return the pairs of a largest one-to-one matching, as places in both lists."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if not found or not truth:
        return []
    hits = csr_matrix(np.array([[iou(one, other) >= least for other in truth] for one in found]))
    partners = maximum_bipartite_matching(hits, perm_type="column")
    return [(row, int(column)) for row, column in enumerate(partners) if column >= 0]
