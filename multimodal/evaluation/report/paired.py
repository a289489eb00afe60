"""Intervals of paired differences within one data set, from the answers themselves."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from multimodal.evaluation.intervals import counts_by_subject, draws_of, interval, uf1_draws
from multimodal.evaluation.report.predictions import Predictions


@dataclass(frozen=True)
class _Drawn:
    """The UF1 of every draw, and the clips (seed, subject, clip) that it is of."""

    uf1: Float[np.ndarray, "draws"]
    clips: frozenset[tuple[str, str, str]]


class PairedIntervals:
    """95 % intervals of the UF1 under a condition less that of the same clips under ``base``.

    Whole people are drawn anew, the same ones on both sides; UF1 is the mean over seeds.
    """

    def __init__(self, answers: Predictions | None, base: str) -> None:
        self._answers, self._base = answers, base
        self._drawn = functools.cache(self._draw)

    def __call__(self, condition: str, dataset: str) -> tuple[float, float] | None:
        """Return the interval; None where the answers are not there, or the two sides are not of the same clips."""
        here, before = self._drawn(condition, dataset), self._drawn(self._base, dataset)
        if condition == self._base or here is None or before is None or here.clips != before.clips:
            return None
        return interval(here.uf1 - before.uf1)

    def _draw(self, condition: str, dataset: str) -> _Drawn | None:
        answers = self._answers
        if answers is None:
            return None
        rows = np.flatnonzero(answers.under(condition) & (np.array(answers.datasets) == dataset))
        seeds = sorted({answers.seeds[row] for row in rows})
        by_seed = [np.array([row for row in rows if answers.seeds[row] == seed]) for seed in seeds]
        if len({frozenset((answers.subjects[row], answers.clips[row]) for row in mine) for mine in by_seed}) != 1:
            return None
        clips = frozenset((answers.seeds[row], answers.subjects[row], answers.clips[row]) for row in rows)
        return _Drawn(_uf1_drawn(answers, by_seed), clips)


def _uf1_drawn(answers: Predictions, by_seed: list[Int[np.ndarray, "rows"]]) -> Float[np.ndarray, "draws"]:
    people = [answers.subjects[row] for row in by_seed[0]]
    counts = [
        counts_by_subject(
            answers.truth[rows], answers.predicted[rows], [answers.subjects[row] for row in rows], len(answers.classes)
        )
        for rows in by_seed
    ]
    return uf1_draws(np.stack(counts), draws_of(len(set(people))))
