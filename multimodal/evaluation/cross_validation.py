"""Running a classifier through the folds of a protocol, in every condition and with every seed; resumable."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from multimodal.data.samples import FlowSamples
from multimodal.evaluation.clips import Given
from multimodal.evaluation.conditions import Covers, draw_covers, refuse_covers
from multimodal.evaluation.guard import Run, SealedLabels
from multimodal.evaluation.protocols import Fold
from multimodal.executors import Executor, run_all
from multimodal.training.classifiers.base import Classifier, FoldTask, build_classifier

_AUGMENT_SEED = 10_000
"""Added to the seed of occluders that the training side is shown, so that they are not those of the test side."""

Trace = Float[np.ndarray, "epochs n classes"]


@dataclass(frozen=True)
class Experiment:
    """What is to be run.

    Attributes:
        model: Name of a classifier.
        conditions: What stands before the test side's faces.
        seeds: Of the classifiers and the occluders.
        augment: Conditions that the training side is shown too, beside the clean clips.
        trace: Keep the scores after every epoch in the first condition, for the audit.
        build: Makes the classifier of its name; a function of a module, so that it can be sent to another process.
    """

    model: str
    conditions: tuple[str, ...] = ("none",)
    seeds: tuple[int, ...] = (0,)
    augment: tuple[str, ...] = ()
    trace: bool = False
    build: Callable[[str], Classifier] = build_classifier

    @property
    def runs(self) -> list[Run]:
        """Every condition with every seed."""
        return [(condition, seed) for seed in self.seeds for condition in self.conditions]


@dataclass(frozen=True)
class Outcome:
    """What came of it; the labels stay sealed until it is opened.

    Attributes:
        sealed: The scores, and the labels behind them.
        traces: By seed, the scores of every clip after every epoch in the first condition; empty without ``trace``.
        covered: For each condition the mean covered fraction of the face, 0 to 1.
        resumed: How many folds had been done before.
        lost: For each condition of masked pictures how many clips had no face that could be measured.
        attention: By run, how far each region was listened to, ``[n, 12]``; empty for models without.
    """

    sealed: SealedLabels
    traces: Mapping[int, Trace]
    covered: Mapping[str, float]
    resumed: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    attention: Mapping[Run, Float[np.ndarray, "n 12"]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Piece:
    """Folds that a worker does in one go.

    ``covers`` and ``extra`` are drawn over all clips; ``runs`` says which cover is which test's.
    """

    experiment: Experiment
    seed: int
    runs: tuple[Run, ...]
    samples: FlowSamples
    folds: tuple[Fold, ...]
    covers: tuple[Covers | Given, ...]
    extra: tuple[Covers, ...]


_Done = dict[str, np.ndarray]
"""Of one fold: ``scores [runs, n, classes]`` and with ``trace`` also ``trace [epochs, n, classes]``."""


def cross_validate(
    experiment: Experiment,
    samples: FlowSamples,
    folds: Sequence[Fold],
    *,
    given: Mapping[str, Given] | None = None,
    truth: Shaped[np.ndarray, "n *each"] | None = None,
    executor: Executor = "local",
    workers: int | None = None,
    state: Path | None = None,
    progress: bool = False,
) -> Outcome:
    """Train in every fold and name every clip.

    Args:
        experiment: What is to be run.
        samples: All clips.
        folds: Of a protocol; each clip is in one test side.
        given: Conditions that were measured on masked pictures, by name; the others are drawn.
        truth: What is sealed until all are named, a row a clip; None takes the samples' labels.
        executor, workers: Where folds are spread to.
        state: Folder for finished folds; a run that was killed goes on from there. None keeps nothing.
        progress: Show a bar on standard error.

    Raises:
        UsageError: There is no such classifier or condition, the classifier cannot use these samples, or it takes
            frames and a condition would be drawn over flow maps.
        MissingError: Ray was asked for and is not installed.
    """
    classifier = experiment.build(experiment.model)
    refuse_covers(experiment.model, classifier.needs, (*experiment.conditions, *experiment.augment), given or {})
    sealed = SealedLabels(samples.labels if truth is None else truth, len(samples.classes), experiment.runs)
    given = given or {}
    drawn = {
        run: given[run[0]] if run[0] in given else draw_covers(run[0], samples, run[1], executor, workers)
        for run in experiment.runs
    }
    store = _Store(state, _key(experiment, samples, drawn, classifier.describe()))
    pieces = list(_pieces(experiment, samples, folds, drawn, store, executor, workers))
    traces: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}

    def take(piece: _Piece, fold: Fold, done: _Done) -> None:
        for run, scores in zip(piece.runs, done["scores"], strict=True):
            sealed.file(run, fold.test, scores)
        if "trace" in done:
            traces.setdefault(piece.seed, []).append((fold.test, done["trace"]))

    for piece, fold, done in store.found:
        take(piece, fold, done)
    together = 1 if classifier.together else workers
    for number, finished in _watched(run_all(_work, enumerate(pieces), executor, together), len(pieces), progress):
        for fold, done in zip(pieces[number].folds, finished, strict=True):
            store.keep(pieces[number], fold, done)
            take(pieces[number], fold, done)
    joined = {seed: _joined(parts, samples) for seed, parts in traces.items()}
    lost = {name: int((~version.found).sum()) for name, version in given.items()}
    return Outcome(sealed, joined, _covered(experiment, drawn), len(store.found), lost)


def _covered(experiment: Experiment, drawn: Mapping[Run, Covers | Given]) -> dict[str, float]:
    """Return for each condition the mean covered fraction of the regions."""
    return {
        condition: float(np.mean([1 - drawn[condition, seed].visibility.mean() for seed in experiment.seeds]))
        for condition in experiment.conditions
    }


def _pieces(
    experiment: Experiment,
    samples: FlowSamples,
    folds: Sequence[Fold],
    drawn: Mapping[Run, Covers | Given],
    store: _Store,
    executor: Executor,
    workers: int | None,
) -> Iterator[_Piece]:
    """Yield what is still to be done; what the store has is noted there."""
    classifier = experiment.build(experiment.model)
    once = not classifier.chance and not experiment.augment
    for seed in experiment.seeds[:1] if once else experiment.seeds:
        runs = tuple(run for run in experiment.runs if once or run[1] == seed)
        covers = tuple(drawn[run] for run in runs)
        extra = tuple(draw_covers(c, samples, seed + _AUGMENT_SEED, executor, workers) for c in experiment.augment)
        whole = _Piece(experiment, seed, runs, samples, tuple(folds), covers, extra)
        left = tuple(fold for fold in folds if not store.has(whole, fold))
        if classifier.together and left:
            yield replace(whole, folds=left)
        elif left:
            yield from (replace(whole, folds=(fold,)) for fold in left)


def _work(numbered: tuple[int, _Piece]) -> tuple[int, list[_Done]]:
    number, piece = numbered
    classifier = piece.experiment.build(piece.experiment.model)
    tasks = [_task(piece, fold) for fold in piece.folds]
    if not piece.experiment.trace:
        return number, [{"scores": np.stack(scores)} for scores in classifier.fit_predict_all(tasks)]
    traced = classifier.trace_all(tasks)
    return number, [{"scores": np.stack([t[-1] for t in traces]), "trace": traces[0]} for traces in traced]


def _task(piece: _Piece, fold: Fold) -> FoldTask:
    """Make a fold's task: what fills covered cells is the mean of its own training side."""
    clean, held_out = piece.samples.pick(fold.train), piece.samples.pick(fold.test)
    fill, stand_ins = clean.flow.mean(axis=0), _stand_ins(piece, clean)
    tests = tuple(_behind(covers.pick(fold.test), held_out, fill, stand_ins).sealed() for covers in piece.covers)
    shown = [covers.pick(fold.train).over(clean, fill) for covers in piece.extra]
    return FoldTask(fold.name, _together([clean, *shown]), tests, piece.seed)


def _behind(
    covers: Covers | Given, samples: FlowSamples, fill: np.ndarray, stand_ins: Mapping[str, np.ndarray]
) -> FlowSamples:
    return covers.over(samples, fill, stand_ins) if isinstance(covers, Given) else covers.over(samples, fill)


def _stand_ins(piece: _Piece, clean: FlowSamples) -> dict[str, np.ndarray]:
    """Return the training side's mean features, if a clip was lost behind a mask and has to show them."""
    lost = any(isinstance(covers, Given) and not covers.found.all() for covers in piece.covers)
    return {name: rows.mean(axis=0, dtype=np.float32) for name, rows in clean.features.items()} if lost else {}


def _together(parts: Sequence[FlowSamples]) -> FlowSamples:
    """Put samples of the same clips below each other."""
    if len(parts) == 1:
        return parts[0]
    names = ("subjects", "datasets", "names")
    return replace(
        parts[0],
        flow=np.concatenate([part.flow for part in parts]),
        visibility=np.concatenate([part.visibility for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        features={key: np.concatenate([part.features[key] for part in parts]) for key in parts[0].features},
        **{name: tuple(item for part in parts for item in getattr(part, name)) for name in names},
    )


def _joined(parts: Sequence[tuple[np.ndarray, np.ndarray]], samples: FlowSamples) -> Trace:
    epochs = parts[0][1].shape[0]
    joined = np.zeros((epochs, len(samples), len(samples.classes)))
    for rows, trace in parts:
        joined[:, rows] = trace
    return joined


class _Store:
    """Finished folds on the disk, one file each; without a folder it keeps nothing."""

    def __init__(self, folder: Path | None, key: str) -> None:
        self._folder = None if folder is None else folder / key
        self.found: list[tuple[_Piece, Fold, _Done]] = []
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)

    def has(self, piece: _Piece, fold: Fold) -> bool:
        """Tell whether a fold was done, and note what came of it."""
        path = self._path(piece, fold)
        if path is None or not path.is_file():
            return False
        try:
            with np.load(path, allow_pickle=False) as content:
                self.found.append((piece, fold, dict(content)))
        except (OSError, ValueError, EOFError):  # cut off by a kill: do it again
            return False
        return True

    def keep(self, piece: _Piece, fold: Fold, done: _Done) -> None:
        """Write what came of a fold, whole or not at all."""
        path = self._path(piece, fold)
        if path is not None:
            part = path.with_suffix(".part.npz")
            np.savez(part, **done)  # type: ignore[arg-type]
            part.replace(path)

    def _path(self, piece: _Piece, fold: Fold) -> Path | None:
        name = hashlib.sha256(f"{piece.seed}\0{fold.name}".encode()).hexdigest()[:16]
        return None if self._folder is None else self._folder / f"{name}.npz"


def _key(
    experiment: Experiment, samples: FlowSamples, drawn: Mapping[Run, Covers | Given], numbers: Mapping[str, Any]
) -> str:
    """Return what names a run: the experiment, its data, and the code that decides."""
    content = {
        "experiment": [experiment.model, experiment.conditions, experiment.seeds, experiment.augment, experiment.trace],
        "build": experiment.build.__qualname__,
        "numbers": dict(numbers),
        "code": _code(),
        "clips": [samples.subjects, samples.datasets, samples.names, samples.classes],
    }
    total = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode())
    shown = [array for covers in drawn.values() for array in _arrays(covers)]
    for array in (samples.flow, samples.visibility, samples.labels, *samples.features.values(), *shown):
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:16]


def _arrays(covers: Covers | Given) -> list[np.ndarray]:
    return [covers.flow, *covers.features.values()] if isinstance(covers, Given) else [covers.hidden]


@functools.lru_cache(maxsize=1)
def _code() -> str:
    """Return a hash of the source that learns, normalises and occludes: a change makes finished folds stale."""
    root = Path(__file__).resolve().parents[2]
    folders = ("multimodal/training", "multimodal/expression", "multimodal/evaluation", "multimodal/data", "occlusion")
    total = hashlib.sha256()
    for path in sorted(path for folder in folders for path in (root / folder).rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()


def _watched(results: Iterator[Any], total: int, progress: bool) -> Iterator[Any]:
    if not progress:
        return results
    from rich.console import Console
    from rich.progress import track

    return iter(track(results, "folds", total=total, console=Console(stderr=True)))
