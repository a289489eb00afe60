"""Score fusion as a classifier: ``fuse:A+B`` of any others, its weights fitted inside the training side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from multimodal.errors import UsageError
from multimodal.training.classifiers.base import Classifier, FoldTask, Scores, build_classifier, register_family
from multimodal.training.inner import Split, inner_splits
from multimodal.training.score_fusion import FLOOR, PULL, fitted_weights, fused, log_probabilities

FAMILY = "fuse"

SPLITS = 3
"""Inner splits by subject: each part is trained so often once more, to see what it says of people it does not know."""

Weights = Float[np.ndarray, "parts"]
Trace = Float[np.ndarray, "epochs n classes"]


def parts_of(name: str) -> tuple[str, ...]:
    """Return the names of what a classifier fuses; none where it is no fusion."""
    family, colon, rest = name.partition(":")
    return tuple(rest.split("+")) if colon and family == FAMILY else ()


class FusedClassifier(Classifier):
    """Adds the log-probabilities of its parts, each with a weight of 0 or more. Scores are probabilities.

    In every fold, whole subjects of the training side are held out in turn; what the parts then say of them decides the
    weights (``score_fusion.fitted_weights``), and the parts learn from the whole training side once more. With one
    subject there is nothing to hold out, and all parts count alike.

    Args:
        names: Of the parts: two or more different classifiers.

    Raises:
        UsageError: A part is unknown, named twice, or alone.
    """

    source = "after Zheng, Blasch, Sensors 2023 (score fusion)"
    reconstructed = "how the weights are found"

    def __init__(self, names: Sequence[str]) -> None:
        if len(names) < 2 or len(set(names)) < len(names):
            raise UsageError(
                f"{FAMILY}:{'+'.join(names)} fuses two or more different classifiers: write for example "
                f"{FAMILY}:flow-logreg+ststnet"
            )
        self._parts = {name: build_classifier(name) for name in names}
        every = list(self._parts.values())
        self.needs = tuple(dict.fromkeys(need for part in every for need in part.needs))
        self.iterative = any(part.iterative for part in every)
        self.chance = any(part.chance for part in every)
        # Folds of frames, all kept at a time, would not fit into memory.
        self.together = any(part.together for part in every) and not self.needs

    @property
    def transductive(self) -> bool:
        """See ``Classifier``."""
        return any(part.transductive for part in self._parts.values())

    def describe(self) -> Mapping[str, Any]:
        """See ``Classifier``."""
        parts = {name: dict(part.describe()) for name, part in self._parts.items()}
        return {"parts": parts, "inner_splits": SPLITS, "floor": FLOOR, "pull": PULL}

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        """See ``Classifier``."""
        return self.fit_predict_all([task])[0]

    def fit_predict_all(self, tasks: Sequence[FoldTask]) -> list[list[Scores]]:
        """See ``Classifier``."""
        told = [part.fit_predict_all(tasks) for part in self._parts.values()]
        return [
            [self._named(weights, scores) for scores in zip(*fold, strict=True)]
            for weights, fold in zip(self.weights(tasks), zip(*told, strict=True), strict=True)
        ]

    def trace(self, task: FoldTask) -> list[Float[np.ndarray, "epochs n classes"]]:
        """See ``Classifier``; a part with fewer epochs stays at its last, and the weights are those of the end."""
        return self.trace_all([task])[0]

    def trace_all(self, tasks: Sequence[FoldTask]) -> list[list[Float[np.ndarray, "epochs n classes"]]]:
        """See ``trace``."""
        told = [part.trace_all(tasks) for part in self._parts.values()]
        return [
            [self._traced(weights, traces) for traces in zip(*fold, strict=True)]
            for weights, fold in zip(self.weights(tasks), zip(*told, strict=True), strict=True)
        ]

    def weights(self, tasks: Sequence[FoldTask]) -> list[Weights]:
        """Return the weights of the parts in each fold, from its training side alone."""
        splits = [inner_splits(task.train, SPLITS) for task in tasks]
        inner = [
            _inner(task, number, pair)
            for task, pairs in zip(tasks, splits, strict=True)
            for number, pair in enumerate(pairs)
        ]
        told = [iter(part.fit_predict_all(inner)) for part in self._parts.values()]
        held_out = [[held for _, held in pairs] for pairs in splits]
        return [self._fitted(task, held, told) for task, held in zip(tasks, held_out, strict=True)]

    def _fitted(self, task: FoldTask, held: list[np.ndarray], told: list[Iterator[list[Scores]]]) -> Weights:
        """Return a fold's weights; what each part says of its held-out clips is next in ``told``."""
        rows = np.concatenate([np.zeros(0, np.int64), *held])
        blank = np.zeros((0, len(task.train.classes)))
        named = [np.concatenate([blank, *(next(part)[0] for _ in held)]) for part in told]
        return fitted_weights(self._logs(named), task.train.labels[rows])

    def _named(self, weights: Weights, scores: Sequence[Scores]) -> Scores:
        return np.exp(fused(self._logs(scores), weights))

    def _traced(self, weights: Weights, traces: Sequence[np.ndarray]) -> Trace:
        epochs = max(len(trace) for trace in traces)
        return np.stack(
            [self._named(weights, [trace[min(at, len(trace) - 1)] for trace in traces]) for at in range(epochs)]
        )

    def _logs(self, scores: Sequence[Scores]) -> Float[np.ndarray, "parts n classes"]:
        parts = zip(scores, self._parts.values(), strict=True)
        return np.stack([log_probabilities(rows, part.probable) for rows, part in parts])


@register_family(FAMILY)
def fuse(name: str) -> FusedClassifier:
    """Return the fusion of classifiers with ``+`` between their names, ``fuse:A+B``."""
    return FusedClassifier(parts_of(name))


def _inner(task: FoldTask, number: int, pair: Split) -> FoldTask:
    """Return a task inside a fold's training side: learn from some subjects, name the others."""
    learned, held = pair
    return FoldTask(f"{task.name}/{number}", task.train.pick(learned), (task.train.pick(held).sealed(),), task.seed)
