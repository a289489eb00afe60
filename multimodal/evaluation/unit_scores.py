"""Scores of action-unit detection: F1 of each unit, pooled over all folds, and their mean over units.

As in the cross-dataset benchmark of Varanka et al. (arXiv 2211.11425): *binary* F1 is that of the clips that show a
unit, *macro* F1 the mean of that and of the F1 of the clips that do not. Where a unit is called shown in every clip,
macro F1 is half of binary F1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int, Num

LEAST = 5
"""Default of ``often``."""


def often(
    truth: Float[np.ndarray, "n units"], subjects: Sequence[str], least: int = LEAST
) -> Bool[np.ndarray, "units"]:
    """Tell which units occur often enough to be scored.

    Args:
        truth: 1 shown, 0 not, NaN unknown.
        subjects: Whose clip each is.
        least: So many clips must show the unit, and as many must be known not to; and two subjects must show it, or
            no detector could have learned it from another person.
    """
    owners = np.asarray(subjects)
    people = np.array([len(set(owners[column == 1].tolist())) for column in truth.T], np.int64)
    enough = ((truth == 1).sum(axis=0) >= least) & ((truth == 0).sum(axis=0) >= least)
    return np.asarray(enough & (people >= 2))


def unit_counts(
    truth: Float[np.ndarray, "n units"], shown: Bool[np.ndarray, "n units"]
) -> Int[np.ndarray, "units 2 2"]:
    """Count, for each unit, known clips by what they show (row) and by what they were called (column)."""
    return np.stack(
        [
            np.stack([((truth == real) & (shown == called)).sum(axis=0) for called in (False, True)], axis=1)
            for real in (0, 1)
        ],
        axis=1,
    )


def f1_pair(counts: Num[np.ndarray, "*any 2 2"]) -> Float[np.ndarray, "*any 2"]:
    """Return F1 of clips without and with a unit, ``2 TP / (2 TP + FP + FN)``; 0 where neither occurs."""
    hits = np.einsum("...ii->...i", counts).astype(np.float64)
    total = counts.sum(axis=-1) + counts.sum(axis=-2)
    return np.divide(2 * hits, total, out=np.zeros_like(hits), where=total > 0)


def macro_f1(counts: Num[np.ndarray, "*any 2 2"]) -> Float[np.ndarray, "*any"]:
    """Return the mean F1 of both sides."""
    return f1_pair(counts).mean(axis=-1)


def binary_f1(counts: Num[np.ndarray, "*any 2 2"]) -> Float[np.ndarray, "*any"]:
    """Return F1 of the clips that show the unit."""
    return f1_pair(counts)[..., 1]
