"""From filed predictions to the figures of action-unit detection: a row a unit, means over units, and their spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from multimodal.data.units import unit_name
from multimodal.evaluation.guard import SealedLabels
from multimodal.evaluation.intervals import draws_of, interval
from multimodal.evaluation.unit_scores import binary_f1, macro_f1, unit_counts
from multimodal.results import ACTION_UNITS

CONDITION = "none"
"""The one condition: clips as they are."""

THRESHOLD = 0.5
"""Probability from which a unit is called shown; fixed, since shown and other clips weigh alike in training."""

SCORES = {"macro_f1": macro_f1, "binary_f1": binary_f1}


def figures(
    sealed: SealedLabels, subjects: Sequence[str], seeds: Sequence[int], scored: Bool[np.ndarray, "units"]
) -> dict[str, Any]:
    """Score predictions of all folds together.

    Args:
        sealed: All predictions are in.
        subjects: Whose clip each is.
        seeds: What was run.
        scored: Which units count.

    Returns:
        ``units``: ``unit, positives, negatives, macro_f1, binary_f1``, means over seeds; ``macro_f1, binary_f1``, means
        over those units, with ``_sd`` over seeds (None for one) and ``_ci95`` over subjects.
    """
    truth = sealed.open()
    counts = np.stack([_counts(sealed, truth, seed) for seed in seeds])
    table: dict[str, Any] = {"units": _rows(counts, scored)}
    by_person = _by_person(sealed, truth, subjects, seeds)
    pooled = np.einsum("dp,spuij->sduij", draws_of(by_person.shape[1]), by_person)
    for name, score in SCORES.items():
        means = score(counts)[:, scored].mean(axis=1)
        low, high = interval(score(pooled)[..., scored].mean(axis=(0, 2)))
        table[name] = round(float(means.mean()), 4)
        table[f"{name}_sd"] = round(float(means.std(ddof=1)), 4) if len(seeds) > 1 else None
        table[f"{name}_ci95"] = [round(low, 4), round(high, 4)]
    return table


def means(sealed: SealedLabels, seed: int, scored: Bool[np.ndarray, "units"]) -> dict[str, float]:
    """Return the mean of each score over units, of one seed."""
    counts = _counts(sealed, sealed.open(), seed)
    return {name: round(float(score(counts)[scored].mean()), 4) for name, score in SCORES.items()}


def called(sealed: SealedLabels, seed: int) -> Bool[np.ndarray, "n units"]:
    """Return which units were called shown."""
    return sealed.scores((CONDITION, seed)) >= THRESHOLD


def _counts(sealed: SealedLabels, truth: Float[np.ndarray, "n units"], seed: int) -> Int[np.ndarray, "units 2 2"]:
    return unit_counts(truth, called(sealed, seed))


def _by_person(
    sealed: SealedLabels, truth: Float[np.ndarray, "n units"], subjects: Sequence[str], seeds: Sequence[int]
) -> Float[np.ndarray, "seeds people units 2 2"]:
    owners, shown = np.asarray(subjects), [called(sealed, seed) for seed in seeds]
    each = [owners == who for who in sorted(set(subjects))]
    return np.array([[unit_counts(truth[rows], one[rows]) for rows in each] for one in shown], np.float64)


def _rows(counts: Int[np.ndarray, "seeds units 2 2"], scored: Bool[np.ndarray, "units"]) -> list[dict[str, Any]]:
    return [
        {
            "unit": unit_name(ACTION_UNITS[number]),
            "positives": int(counts[0, number, 1].sum()),
            "negatives": int(counts[0, number, 0].sum()),
            **{name: round(float(score(counts[:, number]).mean()), 4) for name, score in SCORES.items()},
        }
        for number in np.flatnonzero(scored)
    ]
