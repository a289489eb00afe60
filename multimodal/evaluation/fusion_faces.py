"""The expressions that fusion is measured on: as ready weights read them, or a classifier trained in every fold.

A head must learn from readings such as it will meet: of people whom the reader has not seen. Ready weights have seen
none. A classifier that is trained anew is therefore trained twice over: on a fold's whole training side, to read its
test side, and on parts of the training side by subject, each read by what the others taught: from this the head learns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from multimodal.data.samples import FlowSamples
from multimodal.errors import UsageError
from multimodal.evaluation.conditions import draw_covers
from multimodal.evaluation.cross_validation import Experiment, Outcome, cross_validate
from multimodal.evaluation.protocols import Fold, folds_of
from multimodal.expression.normalise import HIDDEN_BELOW
from multimodal.training.classifiers.base import build_classifier, is_classifier
from multimodal.training.pairs import Channel, joined

FREE = "none"
LEARNED = (FREE, "mask", "glasses", "block:0.35", "block:0.5", "hand")
"""How the training side is read, clip by clip, where a classifier is trained in every fold."""

_TRAINING_COVERS = 100
"""Added to the seed of covers that are learned from."""


@dataclass(frozen=True)
class ReadFaces:
    """Expressions that were read.

    Attributes:
        tested: All clips behind each condition, ``FREE`` first; each clip by a reader that has not seen its subject.
        learned: Of each fold what a head may learn from; empty where there is no training.
    """

    tested: dict[str, Channel]
    learned: tuple[Channel, ...] = ()


def read_ready(
    samples: FlowSamples, folds: Sequence[Fold], conditions: Sequence[str], copies: int, seed: int, workers: int | None
) -> ReadFaces:
    """Read clips with the shipped weights.

    Args:
        samples: All clips.
        folds: Their training sides are read too, where they have one: each clip free and behind ``copies`` things.
        conditions: What stands before the faces, beside ``FREE``.
        copies: See ``training.fusion_faces.read_free_and_covered``.
        seed: Of the covers.
        workers: How many processes draw them.

    Raises:
        MissingError: The weights are missing or damaged.
        UsageError: A condition is unknown.
    """
    from multimodal.expression.reader import ExpressionReader
    from multimodal.training.fusion_faces import read_faces, read_free_and_covered

    reader = ExpressionReader()
    tested = {name: read_faces(reader, samples, name, seed, workers) for name in (FREE, *conditions)}
    if not any(len(fold.train) for fold in folds):
        return ReadFaces(tested)
    whole = read_free_and_covered(reader, samples, copies, seed + _TRAINING_COVERS, workers)
    place = np.arange(len(whole)) % len(samples)
    return ReadFaces(tested, tuple(whole.pick(np.isin(place, fold.train)) for fold in folds))


def read_in_folds(
    model: str,
    samples: FlowSamples,
    folds: Sequence[Fold],
    conditions: Sequence[str],
    inner: int,
    seed: int,
    workers: int | None,
    state: Path | None,
) -> ReadFaces:
    """Read clips with a classifier that is trained in every fold, and in ``inner`` parts of each training side.

    Args:
        model: Name of a classifier whose scores are probabilities.
        samples, folds, conditions: See ``read_ready``; every fold has a training side.
        inner: How many parts.
        seed: Of the classifier, its inner parts and the covers.
        workers: Folds at a time.
        state: Folder for finished folds; a run that was killed goes on from there.

    Raises:
        UsageError: There is no such classifier, it gives no probabilities, or a condition is unknown.
    """
    if not is_classifier(model) or not build_classifier(model).probable:
        raise UsageError(f"fusion needs a classifier that gives probabilities, such as regional, not {model!r}")
    outer = Experiment(model, (FREE, *conditions), (seed,))
    outcome = cross_validate(outer, samples, folds, workers=workers, state=state)
    learned = []
    for fold in folds:
        train = samples.pick(fold.train)
        parts = folds_of("kfold", train, inner, seed)
        lessons = Experiment(model, LEARNED, (seed + _TRAINING_COVERS,))
        found = cross_validate(lessons, train, parts, workers=workers, state=state)
        learned.append(joined(list(_channels(lessons, found, train, workers).values())))
    return ReadFaces(_channels(outer, outcome, samples, workers), tuple(learned))


def _channels(
    experiment: Experiment, outcome: Outcome, samples: FlowSamples, workers: int | None
) -> dict[str, Channel]:
    """Lay out what was read, by condition; the same seed draws the same covers again."""
    seed = experiment.seeds[0]
    labels = outcome.sealed.open().astype(np.int64)
    channels = {}
    for name in experiment.conditions:
        seen = samples.visibility * draw_covers(name, samples, seed, workers=workers).visibility
        channels[name] = _channel(outcome.sealed.scores((name, seed)), seen, labels, samples.subjects)
    return channels


def _channel(
    scores: Float[np.ndarray, "n 3"], visibility: Float[np.ndarray, "n 12"], labels: np.ndarray, subjects: Sequence[str]
) -> Channel:
    from multimodal.fusion.reader import expression_rows

    found = (visibility >= HIDDEN_BELOW).any(axis=1)
    rows = np.where(found[:, None], expression_rows(scores, visibility), 0).astype(np.float32)
    _, people = np.unique(np.asarray(subjects), return_inverse=True)
    return Channel(rows, labels, people.astype(np.int64), found)
