"""How long something takes on one thread: all on one core, so that libraries with threads of their own gain nothing."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep this thread, and those that start from it inside the block, on one core.

    MediaPipe takes no number of threads, but its threads stay where the one that made it is. Where a system knows no
    such binding (macOS), nothing happens.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the milliseconds that ``work`` takes, and what it returns."""
    begin = time.perf_counter()
    result = work()
    return 1000 * (time.perf_counter() - begin), result


def median_ms(times: Sequence[float]) -> float:
    """Return the median of milliseconds to a hundredth; 0 where nothing was timed."""
    return round(float(np.median(times)), 2) if len(times) else 0.0
