"""Asks spotters about the test side of every fold; what they hand back is filed by clip or video, method and seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from jaxtyping import Int

from multimodal.data.spotting.clips import ApexClip
from multimodal.data.spotting.videos import Kind
from multimodal.evaluation.protocols import Fold
from multimodal.evaluation.spotted import Interval
from multimodal.training.spotters.base import (
    ApexSpotter,
    ApexTask,
    CodedFilm,
    IntervalSpotter,
    IntervalTask,
    Spotter,
)

Apexes = Int[np.ndarray, "seeds clips"]
"""Frames after the onset."""

Intervals = Mapping[Kind, tuple[tuple[tuple[Interval, ...], ...], ...]]
"""By kind, then by seed, then by video."""

Job = TypeVar("Job")


@dataclass(frozen=True)
class Spotted:
    """All that was spotted, by method.

    Attributes:
        apex: Of every clip.
        intervals: Of every video.
    """

    apex: dict[str, Apexes] = field(default_factory=dict)
    intervals: dict[str, Intervals] = field(default_factory=dict)


def run_apex(
    methods: Mapping[str, ApexSpotter],
    clips: Sequence[ApexClip],
    folds: Sequence[Fold],
    seeds: int,
    progress: bool = False,
) -> dict[str, Apexes]:
    """Ask every apex spotter about every clip.

    Args:
        methods: By name; one without chance is asked once.
        clips: With their truth, which a method sees of its training side alone.
        folds: Each clip is in the test side of one.
        seeds: How many.
        progress: Show a bar on standard error.
    """
    found = {name: np.zeros((_runs(method, seeds), len(clips)), np.int64) for name, method in methods.items()}
    jobs = [(name, seed, fold) for name, rows in found.items() for seed in range(len(rows)) for fold in folds]
    for name, seed, fold in _shown(jobs, "apexes", progress):
        train = [clips[row] for row in fold.train]
        tests = [clips[row].motion for row in fold.test]
        found[name][seed, fold.test] = methods[name].spot(ApexTask(fold.name, train, tests, seed))
    return found


def run_intervals(
    methods: Mapping[str, IntervalSpotter],
    films: Sequence[CodedFilm],
    kinds: Sequence[Kind],
    folds: Sequence[Fold],
    seeds: int,
    progress: bool = False,
) -> dict[str, Intervals]:
    """Ask every interval spotter about every video, once for each kind of expression that it can find.

    Args:
        methods: By name; one without chance is asked once.
        films: With their truth, which a method sees of its training side alone.
        kinds: Of the expressions in them.
        folds: Each video is in the test side of one.
        seeds: How many.
        progress: Show a bar on standard error.
    """
    wanted = {name: [kind for kind in kinds if kind in method.kinds] for name, method in methods.items()}
    found: dict[tuple[str, Kind, int, int], tuple[Interval, ...]] = {}
    jobs = [
        (name, kind, seed, fold)
        for name, method in methods.items()
        for kind in wanted[name]
        for seed in range(_runs(method, seeds))
        for fold in folds
    ]
    for name, kind, seed, fold in _shown(jobs, "intervals", progress):
        train, tests = [films[row] for row in fold.train], [films[row].film for row in fold.test]
        spotted = methods[name].spot(IntervalTask(fold.name, kind, train, tests, seed))
        found.update({(name, kind, seed, row): tuple(one) for row, one in zip(fold.test, spotted, strict=True)})
    return {
        name: {
            kind: tuple(
                tuple(found[name, kind, seed, row] for row in range(len(films)))
                for seed in range(_runs(methods[name], seeds))
            )
            for kind in kinds_found
        }
        for name, kinds_found in wanted.items()
    }


def _runs(method: Spotter, seeds: int) -> int:
    return seeds if method.chance else 1


def _shown(jobs: Sequence[Job], what: str, progress: bool) -> Iterable[Job]:
    if not progress:
        return jobs
    from rich.console import Console
    from rich.progress import track

    return track(jobs, what, console=Console(stderr=True))
