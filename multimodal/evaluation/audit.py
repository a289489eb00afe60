"""The leak audit: what the common wrong rules would have scored on the same training runs.

Most published figures choose the epoch on the test subject, or average F1 over folds. Both numbers are printed for
alignment with the literature, and marked as what they are: not comparable with honest ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from multimodal.evaluation.classification import confusion, f1_by_class, recall_by_class, uar, uf1
from multimodal.evaluation.protocols import Fold

NOTE = "not comparable: the test subject had a say, or folds were averaged; for alignment with the literature alone"


def audit(
    traces: Mapping[int, Float[np.ndarray, "epochs n classes"]], labels: Int[np.ndarray, "n"], folds: Sequence[Fold]
) -> dict[str, Any]:
    """Score the same runs by the honest and by the wrong rules.

    Args:
        traces: By seed, the scores after every epoch, clean.
        labels: The truth.
        folds: Of the protocol.

    Returns:
        ``honest`` (last epoch, pooled), ``best_epoch_on_test`` (in every fold the epoch with the highest accuracy on
        its test side, pooled), ``mean_of_folds`` (last epoch, macro F1 and recall of each fold over the classes that
        occur in it, averaged), ``mean_of_folds_best_epoch`` (both at once), each ``{uf1, uar}``, means over seeds;
        ``epochs``; ``note``.
    """
    ends = [trace[-1].argmax(axis=1) for trace in traces.values()]
    bests = [_best(trace, labels, folds) for trace in traces.values()]
    classes = next(iter(traces.values())).shape[2]
    rows = {
        "honest": [_pooled(labels, guesses, classes) for guesses in ends],
        "best_epoch_on_test": [_pooled(labels, guesses, classes) for guesses in bests],
        "mean_of_folds": [_averaged(labels, guesses, folds, classes) for guesses in ends],
        "mean_of_folds_best_epoch": [_averaged(labels, guesses, folds, classes) for guesses in bests],
    }
    figures = {name: _mean(pairs) for name, pairs in rows.items()}
    return {**figures, "epochs": next(iter(traces.values())).shape[0], "note": NOTE}


def _best(trace: np.ndarray, labels: np.ndarray, folds: Sequence[Fold]) -> Int[np.ndarray, "n"]:
    """Return the guesses of each fold's best epoch, the first of equals: the wrong rule."""
    guesses = trace.argmax(axis=2)
    chosen = np.zeros(len(labels), np.int64)
    for fold in folds:
        right = (guesses[:, fold.test] == labels[fold.test]).mean(axis=1)
        chosen[fold.test] = guesses[right.argmax(), fold.test]
    return chosen


def _pooled(labels: np.ndarray, guesses: np.ndarray, classes: int) -> tuple[float, float]:
    truth, named = labels.tolist(), guesses.tolist()
    return uf1(truth, named, classes), uar(truth, named, classes)


def _averaged(labels: np.ndarray, guesses: np.ndarray, folds: Sequence[Fold], classes: int) -> tuple[float, float]:
    """Return the means over folds, each over the classes that occur in it: what averaging scripts do."""
    pairs = []
    for fold in folds:
        counts = confusion(labels[fold.test].tolist(), guesses[fold.test].tolist(), classes)
        occurs, asked = counts.sum(axis=0) + counts.sum(axis=1) > 0, counts.sum(axis=1) > 0
        pairs.append((float(f1_by_class(counts)[occurs].mean()), float(recall_by_class(counts)[asked].mean())))
    return float(np.mean([pair[0] for pair in pairs])), float(np.mean([pair[1] for pair in pairs]))


def _mean(pairs: Sequence[tuple[float, float]]) -> dict[str, float]:
    return {name: round(float(np.mean([pair[i] for pair in pairs])), 4) for i, name in enumerate(("uf1", "uar"))}
