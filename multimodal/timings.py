"""Where the time goes, in memory that does not grow with the stream."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

RECENT = 10_000
"""Medians and percentiles are those of so many last values: five and a half minutes at 30 frames a second."""


class Times:
    """Milliseconds of one kind: how many and their sum are exact, percentiles are those of the last ``RECENT``."""

    def __init__(self, recent: int = RECENT) -> None:
        self.count = 0
        self.total_ms = 0.0
        self._recent: deque[float] = deque(maxlen=recent)

    def add(self, milliseconds: float) -> None:
        """Take in one time."""
        self.count += 1
        self.total_ms += milliseconds
        self._recent.append(milliseconds)

    def percentile(self, percent: float) -> float | None:
        """Return the time under which ``percent`` (0 to 100) of the recent ones lie, ms; None where there is none."""
        return float(np.percentile(self._recent, percent)) if self._recent else None


class Timings:
    """Wall milliseconds by part; each part is measured from one thread only."""

    def __init__(self) -> None:
        self.by_part: defaultdict[str, Times] = defaultdict(Times)

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Count the time of the block under ``part``; a block that raises is not counted."""
        begin = time.perf_counter()
        yield
        self.by_part[part].add(1e3 * (time.perf_counter() - begin))

    def table(self) -> list[dict[str, float | str]]:
        """Return a row a part: calls, median and p95 of the recent ones in ms, sum of all in seconds."""
        return [
            {
                "part": part,
                "calls": times.count,
                "median_ms": round(times.percentile(50) or 0.0, 3),
                "p95_ms": round(times.percentile(95) or 0.0, 3),
                "total_s": round(times.total_ms / 1e3, 3),
            }
            for part, times in list(self.by_part.items())
        ]
