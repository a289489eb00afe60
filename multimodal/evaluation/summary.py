"""From filed predictions to a row a condition: pooled scores, their spread, intervals, and differences to clean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from multimodal.data.samples import FlowSamples
from multimodal.evaluation.classification import (
    accuracy,
    confusion,
    f1_by_class,
    recall_by_class,
    uar,
    uf1,
    weighted_f1,
)
from multimodal.evaluation.guard import SealedLabels
from multimodal.evaluation.intervals import counts_by_subject, draws_of, interval, uf1_draws

SCORES = {"uf1": uf1, "uar": uar, "accuracy": accuracy, "wf1": weighted_f1}


def condition_rows(
    sealed: SealedLabels,
    samples: FlowSamples,
    conditions: Sequence[str],
    seeds: Sequence[int],
    covered: Mapping[str, float],
    lost: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Score every condition.

    Args:
        sealed: All predictions are in.
        samples: The clips.
        conditions, seeds: What was run; differences are to ``none``, or to the first condition where that was not run.
        covered: Mean covered fraction of each condition.
        lost: For conditions of masked pictures how many clips had no face that could be measured.

    Returns:
        For each condition ``occlusion``; ``uf1, uar, accuracy, wf1``, pooled, mean over seeds; ``uf1_sd`` over seeds
        (None for one); ``uf1_ci95`` over subjects; ``diff`` and ``diff_ci95``: UF1 less that of the same clips clean,
        paired; ``covered``; ``lost``; ``confusion`` of the first seed; ``by_dataset``; ``by_class``.
    """
    labels = sealed.open()
    base = "none" if "none" in conditions else conditions[0]
    guesses = {c: [sealed.scores((c, seed)).argmax(axis=1) for seed in seeds] for c in conditions}
    taken = draws_of(len(set(samples.subjects)))
    drawn = {c: _draws(labels, guesses[c], samples, taken) for c in conditions}
    rows = []
    for condition in conditions:
        row = _row(labels, guesses[condition], samples)
        clean = float(np.mean([uf1(labels.tolist(), g.tolist(), len(samples.classes)) for g in guesses[base]]))
        rows.append(
            {
                "occlusion": condition,
                **row,
                "uf1_ci95": _rounded(interval(drawn[condition])),
                "diff": round(row["uf1"] - clean, 4) + 0.0,
                "diff_ci95": None if condition == base else _rounded(interval(drawn[condition] - drawn[base])),
                "covered": round(covered[condition], 4),
                "lost": lost.get(condition, 0),
            }
        )
    return rows


def _draws(
    labels: np.ndarray, guesses: Sequence[np.ndarray], samples: FlowSamples, taken: Float[np.ndarray, "draws people"]
) -> Float[np.ndarray, "draws"]:
    counts = np.stack([counts_by_subject(labels, g, samples.subjects, len(samples.classes)) for g in guesses])
    return uf1_draws(counts, taken)


def _row(labels: Int[np.ndarray, "n"], guesses: Sequence[np.ndarray], samples: FlowSamples) -> dict[str, Any]:
    classes = len(samples.classes)
    found = {name: [score(labels.tolist(), g.tolist(), classes) for g in guesses] for name, score in SCORES.items()}
    counts = np.stack([confusion(labels.tolist(), g.tolist(), classes) for g in guesses])
    return {
        **{name: round(float(np.mean(values)), 4) for name, values in found.items()},
        "uf1_sd": round(float(np.std(found["uf1"], ddof=1)), 4) if len(guesses) > 1 else None,
        "confusion": counts[0].tolist(),
        "by_dataset": _by_dataset(labels, guesses, samples),
        "by_class": _by_class(counts, samples.classes),
    }


def _by_dataset(labels: np.ndarray, guesses: Sequence[np.ndarray], samples: FlowSamples) -> dict[str, dict[str, Any]]:
    """Return the same pooled run restricted to each data set, as the field's tables have it."""
    table: dict[str, dict[str, Any]] = {}
    for name in sorted(set(samples.datasets)):
        rows = np.array([dataset == name for dataset in samples.datasets])
        truth = labels[rows].tolist()
        table[name] = {
            score: round(
                float(np.mean([SCORES[score](truth, g[rows].tolist(), len(samples.classes)) for g in guesses])), 4
            )
            for score in ("uf1", "uar")
        }
        table[name]["clips"] = int(rows.sum())
    return table


def _by_class(counts: Int[np.ndarray, "seeds classes classes"], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    f1 = np.mean([f1_by_class(c) for c in counts], axis=0)
    recall = np.mean([recall_by_class(c) for c in counts], axis=0)
    return {
        name: {"f1": round(float(f1[i]), 4), "recall": round(float(recall[i]), 4), "clips": int(counts[0][i].sum())}
        for i, name in enumerate(names)
    }


def _rounded(pair: tuple[float, float]) -> list[float]:
    return [round(pair[0], 4), round(pair[1], 4)]
