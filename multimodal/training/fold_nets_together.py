"""Training of small networks in all folds together: the arithmetic of ``fold_nets``, many folds a step.

Folds that take as many steps an epoch form cohorts of stacked parameters; threads take an epoch of whichever cohort has
waited longest. All folds share a step's dropout masks, which are drawn once. Results differ from the plain loop's by
the order of float32 sums, no more.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from queue import Empty, SimpleQueue

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from multimodal.training.classifiers.base import FoldTask, Scores
from multimodal.training.fold_nets import (
    Lesson,
    NetConfig,
    adam,
    fresh,
    lesson_of,
    orders,
    probabilities,
    step_seed,
    threads,
)
from multimodal.training.stacked.layers import stack
from multimodal.training.stacked.step import Chance, Step

_CLIPS = 512
"""About so many clips are in a step of one cohort: enough to pay for torch's calls, few enough for the cache."""

_AT_ONCE = 2_000_000_000
"""Bytes of maps that are kept at a time; more folds than that go in turns."""

Trace = Float[np.ndarray, "epochs n classes"]


def fit_together(config: NetConfig, tasks: Sequence[FoldTask], workers: int | None = None) -> list[list[Scores]]:
    """Train all folds' networks and return the probabilities of each fold's tests.

    Args:
        config: Of all of them.
        tasks: One a fold.
        workers: Threads; by default one a core.
    """
    return [[trace[-1] for trace in fold] for fold in _train(config, tasks, workers, every=False)]


def trace_together(config: NetConfig, tasks: Sequence[FoldTask], workers: int | None = None) -> list[list[Trace]]:
    """Do the same, and return the probabilities after every epoch."""
    return _train(config, tasks, workers, every=True)


def _train(config: NetConfig, tasks: Sequence[FoldTask], workers: int | None, every: bool) -> list[list[Trace]]:
    """Train all folds' networks; name each fold's tests after every epoch, or after the last alone."""
    found: list[list[Trace]] = []
    for lessons in _turns(config, tasks):
        cohorts = [_Cohort(config, lessons, members, every) for members in _cohorts(config, lessons)]
        _run(config, cohorts, workers or os.cpu_count() or 1)
        by_fold = {fold: epochs for cohort in cohorts for fold, epochs in cohort.named().items()}
        found += [[np.stack(test) for test in zip(*by_fold[fold], strict=True)] for fold in range(len(lessons))]
    return found


def _turns(config: NetConfig, tasks: Sequence[FoldTask]) -> Iterator[list[Lesson]]:
    """Yield the lessons of as many folds as may be kept at a time."""
    turn: list[Lesson] = []
    for task in tasks:
        turn.append(lesson_of(task, config))
        if sum(lesson.maps.nbytes for lesson in turn) > _AT_ONCE:
            yield turn
            turn = []
    if turn:
        yield turn


def _run(config: NetConfig, cohorts: Sequence[_Cohort], workers: int) -> None:
    """Train all cohorts to the end; stop after the epoch in hand when one fails or the user interrupts."""
    chances, stop = _Chances(cohorts), threading.Event()
    waiting: SimpleQueue[_Cohort] = SimpleQueue()
    for cohort in cohorts:
        waiting.put(cohort)

    def work() -> None:
        while not (stop.is_set() or waiting.empty()):
            with suppress(Empty):  # another thread was quicker
                cohort = waiting.get_nowait()
                cohort.do_epoch(chances.of(cohort))
                if cohort.epoch < config.epochs:
                    waiting.put(cohort)

    with threads(1), ThreadPoolExecutor(workers) as pool:
        try:
            for done in as_completed([pool.submit(work) for _ in range(workers)]):
                done.result()
        finally:
            stop.set()


class _Chances:
    """The chance of each step, the same object for all cohorts of a seed; forgotten when all have passed."""

    def __init__(self, cohorts: Sequence[_Cohort]) -> None:
        self._cohorts = cohorts
        self._drawn: dict[tuple[int, int], list[Chance]] = {}
        self._lock = threading.Lock()
        self._steps = max(cohort.steps for cohort in cohorts)

    def of(self, cohort: _Cohort) -> list[Chance]:
        """Return the chances of a cohort's next epoch."""
        key = cohort.seed, cohort.epoch
        with self._lock:
            last = min(other.epoch for other in self._cohorts)
            self._drawn = {known: drawn for known, drawn in self._drawn.items() if known[1] >= last}
            if key not in self._drawn:
                self._drawn[key] = [Chance(step_seed(*key, number)) for number in range(self._steps)]
            return self._drawn[key]


def _cohorts(config: NetConfig, lessons: Sequence[Lesson]) -> list[list[int]]:
    """Part folds into cohorts of one seed that take as many steps an epoch, alike in size where that can be."""
    alike: dict[tuple[int, int], list[int]] = {}
    for fold in sorted(range(len(lessons)), key=lambda fold: -len(lessons[fold].labels)):
        alike.setdefault((lessons[fold].seed, lessons[fold].steps(config.batch)), []).append(fold)
    return [part for folds in alike.values() for part in _evenly(folds, config.batch)]


def _evenly(folds: list[int], batch: int) -> list[list[int]]:
    """Part folds into cohorts; into an even number where they are many, so that two cores are done together."""
    number = -(-len(folds) * batch // _CLIPS)
    return [part.tolist() for part in np.array_split(folds, min(number + number % 2 * (number > 1), len(folds)))]


class _Cohort:
    """A few folds of the same number of steps an epoch, their networks stacked.

    Args:
        config: Of all of them.
        lessons: Of all folds.
        members: Which of them belong here.
        every: Whether to name the tests after every epoch, or after the last alone.
    """

    def __init__(self, config: NetConfig, lessons: Sequence[Lesson], members: Sequence[int], every: bool) -> None:
        self.epoch = 0
        self._config, self._members, self._every = config, members, every
        self._lessons = [lessons[fold] for fold in members]
        self.seed, self.steps = self._lessons[0].seed, self._lessons[0].steps(config.batch)
        self._network = stack([fresh(config, lesson) for lesson in self._lessons])
        self._optimiser = adam(self._network, config)
        self._orders = [orders(config, lesson) for lesson in self._lessons]
        self._named: list[list[list[Scores]]] = []

    def do_epoch(self, chances: Sequence[Chance]) -> None:
        """Go once through each fold's clips, with the chance of every step."""
        self._network.train()
        for chance, rows in zip(chances, zip(*(next(order) for order in self._orders), strict=True), strict=False):
            self._step(rows, chance)
        self.epoch += 1
        if self._every or self.epoch == self._config.epochs:
            self._named.append(self._name_tests())

    def named(self) -> dict[int, tuple[list[Scores], ...]]:
        """Return for each fold the probabilities of its tests, epoch by epoch."""
        return dict(zip(self._members, zip(*self._named, strict=True), strict=True))

    def _step(self, rows: Sequence[Tensor], chance: Chance) -> None:
        """Learn from a batch of each fold."""
        counts = [len(some) for some in rows]
        clips = _padded([lesson.maps for lesson in self._lessons], rows)
        labels = _padded([lesson.labels for lesson in self._lessons], rows)
        step = Step(counts, chance)
        logits = self._network(clips, step)
        losses = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        present = step.present(clips.shape[1]) / step.counts_tensor()[:, None]
        self._optimiser.zero_grad()
        (losses.view_as(present) * present).sum().backward()
        self._optimiser.step()

    def _name_tests(self) -> list[list[Scores]]:
        """Return the probabilities of each fold's tests."""
        self._network.eval()
        maps = [torch.cat([*lesson.tests, lesson.maps[:0]]) for lesson in self._lessons]
        scores = [probabilities(logits) for logits in self._logits(maps)]
        ends = [np.cumsum([len(test) for test in lesson.tests]) for lesson in self._lessons]
        return [np.split(rows, end)[:-1] for rows, end in zip(scores, ends, strict=True)]

    @torch.no_grad()
    def _logits(self, maps: Sequence[Tensor]) -> Tensor:
        """Return ``[folds, longest, classes]``; what is past a fold's maps means nothing."""
        batches = [some.split(self._config.batch) for some in maps]
        parts = []
        for number in range(max(len(some) for some in batches)):
            now = [some[number] if number < len(some) else some[0][:0] for some in batches]
            clips = _padded(now, [torch.arange(len(some)) for some in now])
            parts.append(self._network(clips, Step([len(some) for some in now])))
        return torch.cat(parts, dim=1)


def _padded(rows: Sequence[Tensor], chosen: Sequence[Tensor]) -> Tensor:
    """Return ``[folds, longest, ...]``, each fold's chosen rows, shorter ones filled up with zeros."""
    longest = max(len(some) for some in chosen)
    full = rows[0].new_empty(len(rows), longest, *rows[0].shape[1:])
    for fold, (source, some) in enumerate(zip(rows, chosen, strict=True)):
        torch.index_select(source, 0, some, out=full[fold, : len(some)])
        full[fold, len(some) :] = 0
    return full
