"""Pooled classification scores of the MEGC protocols: UF1, UAR, accuracy.

All predictions of all folds are pooled first, then scored once. The labels are fixed by the protocol: a class that is
absent from truth and predictions counts as 0, it is never dropped (See et al., MEGC 2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int


def confusion(truth: Sequence[int], predicted: Sequence[int], classes: int) -> Int[np.ndarray, "classes classes"]:
    """Count how often class ``row`` was called class ``column``.

    Args:
        truth: Labels, 0 to ``classes - 1``.
        predicted: As many predicted labels.
        classes: Number of classes of the protocol.

    Raises:
        ValueError: The lengths differ, or a label is not one of the protocol's.
    """
    rows, columns = np.asarray(truth, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if rows.shape != columns.shape:
        raise ValueError(f"expected as many predictions as labels, given {columns.size} for {rows.size}")
    for name, labels in (("label", rows), ("prediction", columns)):
        if labels.size and (labels.min() < 0 or labels.max() >= classes):
            raise ValueError(f"expected every {name} in 0..{classes - 1}, given {labels.min()}..{labels.max()}")
    counts = np.bincount(rows * classes + columns, minlength=classes * classes)
    return counts.reshape(classes, classes)


def f1_by_class(counts: Int[np.ndarray, "classes classes"]) -> Float[np.ndarray, "classes"]:
    """F1 of each class, ``2 TP / (2 TP + FP + FN)``; 0 for a class that occurs nowhere."""
    hits = np.diag(counts).astype(float)
    return _ratio(2 * hits, counts.sum(axis=0) + counts.sum(axis=1))


def recall_by_class(counts: Int[np.ndarray, "classes classes"]) -> Float[np.ndarray, "classes"]:
    """Recall of each class; 0 for a class without a clip."""
    return _ratio(np.diag(counts).astype(float), counts.sum(axis=1))


def uf1(truth: Sequence[int], predicted: Sequence[int], classes: int = 3) -> float:
    """Unweighted (macro) F1 over all pooled predictions, 0 to 1."""
    return float(f1_by_class(confusion(truth, predicted, classes)).mean())


def uar(truth: Sequence[int], predicted: Sequence[int], classes: int = 3) -> float:
    """Unweighted average recall over all pooled predictions, 0 to 1."""
    return float(recall_by_class(confusion(truth, predicted, classes)).mean())


def accuracy(truth: Sequence[int], predicted: Sequence[int], classes: int = 3) -> float:
    """Share of pooled predictions that are right, 0 to 1; 0 where there is none."""
    counts = confusion(truth, predicted, classes)
    return float(np.trace(counts) / max(counts.sum(), 1))


def weighted_f1(truth: Sequence[int], predicted: Sequence[int], classes: int = 3) -> float:
    """F1 of the classes, each weighted by its number of clips, over all pooled predictions, 0 to 1."""
    counts = confusion(truth, predicted, classes)
    return float((f1_by_class(counts) * counts.sum(axis=1)).sum() / max(counts.sum(), 1))


def relative_rate_increase(fused: float, best: float) -> float | None:
    """Return how much of what the best part gets wrong a fusion gets right: (fused - best) / (1 - best).

    Zheng and Blasch, Sensors 2023 (there of accuracy). 1: nothing is wrong any more; 0: no gain; below 0: a loss.

    Args:
        fused: Score of the fusion, 0 to 1.
        best: Score of its best part, 0 to 1.

    Returns:
        None where the best part makes no mistake, so that there is nothing to gain.

    Raises:
        ValueError: A score is not within 0 to 1.
    """
    for name, value in (("fused", fused), ("best", best)):
        if not 0 <= value <= 1:
            raise ValueError(f"expected {name} within 0 to 1, given {value}")
    return None if best == 1 else (fused - best) / (1 - best)


def _ratio(above: Float[np.ndarray, "n"], below: Int[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
