"""Intervals by drawing whole subjects anew: clips of one person are not independent of each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from multimodal.evaluation.classification import confusion

DRAWS = 2000
"""Bootstrap samples."""


def counts_by_subject(
    truth: Int[np.ndarray, "n"], predicted: Int[np.ndarray, "n"], subjects: Sequence[str], classes: int
) -> Float[np.ndarray, "people classes classes"]:
    """Return a confusion matrix a subject, subjects sorted by name."""
    owners = np.asarray(subjects)
    return np.stack(
        [
            confusion(truth[owners == who].tolist(), predicted[owners == who].tolist(), classes)
            for who in sorted(set(subjects))
        ]
    ).astype(np.float64)


def draws_of(people: int, draws: int = DRAWS, seed: int = 0) -> Float[np.ndarray, "draws people"]:
    """Return how often each subject is taken in each draw."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(people, np.full(people, 1 / people), size=draws).astype(np.float64)


def uf1_draws(
    counts: Float[np.ndarray, "seeds people classes classes"], taken: Float[np.ndarray, "draws people"]
) -> Float[np.ndarray, "draws"]:
    """Return the pooled UF1 of every draw, the mean over seeds."""
    pooled = np.einsum("dp,spij->sdij", taken, counts)
    hits = np.einsum("sdii->sdi", pooled)
    total = pooled.sum(axis=2) + pooled.sum(axis=3)
    f1 = np.divide(2 * hits, total, out=np.zeros_like(hits), where=total > 0)
    return np.asarray(f1.mean(axis=(0, 2)))


def ratio_draws(
    above: Float[np.ndarray, "seeds people"],
    below: Float[np.ndarray, "seeds people"],
    taken: Float[np.ndarray, "draws people"],
) -> Float[np.ndarray, "draws"]:
    """Return of every draw a ratio of sums over subjects, the mean over seeds; 0 where there is nothing below.

    A mean error over clips is such a ratio (summed errors over clips), and F1 is (twice the hits over twice the hits
    plus errors).
    """
    summed, total = above @ taken.T, below @ taken.T
    return np.divide(summed, total, out=np.zeros_like(summed), where=total > 0).mean(axis=0)


def interval(values: Float[np.ndarray, "draws"]) -> tuple[float, float]:
    """Return the middle 95 % of draws."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
