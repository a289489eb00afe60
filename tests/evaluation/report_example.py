"""A folder as ``veilspeak evaluate expression --out`` leaves it, fabricated: no model, no data set, no person.

Answers are drawn at random, somewhat better than chance, and worse behind covers; every figure follows from them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.evaluation.classification import (
    accuracy,
    confusion,
    f1_by_class,
    recall_by_class,
    uar,
    uf1,
    weighted_f1,
)
from multimodal.evaluation.intervals import counts_by_subject, draws_of, interval, uf1_draws
from multimodal.results import EXPRESSIONS, REGIONS

COVERED = {"none": 0.0, "block:0.1": 0.1, "block:0.3": 0.29, "block:0.5": 0.47, "mask": 0.41, "glasses": 0.13}
LOSS = {"none": 0.0, "block:0.1": 0.02, "block:0.3": 0.1, "block:0.5": 0.22, "mask": 0.13, "glasses": 0.04}
CLIPS = 309
SEEDS = 3
TRUTH = np.random.default_rng(1).permutation([0] * 158 + [1] * 83 + [2] * 68)
PEOPLE = np.sort(np.random.default_rng(2).integers(40, size=CLIPS))
DATASETS = [("casme2", "smic", "samm")[person % 3] for person in PEOPLE]
SUBJECTS = [f"{dataset}/{person:02d}" for dataset, person in zip(DATASETS, PEOPLE, strict=True)]
NAMES = [f"EP{number:03d}" for number in range(CLIPS)]


def write_example(
    folder: Path,
    model: str = "example-net",
    skill: float = 0.6,
    seed: int = 0,
    attention: bool = True,
    names: Sequence[str] = NAMES,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write ``expression.json`` and ``predictions.csv``; return the former's content.

    Args:
        folder: Made if need be.
        model: What it is called.
        skill: Chance of a right answer that is no luck, on a clean clip of middling difficulty.
        seed: Of all chance.
        attention: Whether the answers come with region attention.
        names: Of the clips.
        changes: Keys of the summary to replace; None as a value takes the key out.
    """
    rng = np.random.default_rng(seed)
    guesses = _guesses(rng, skill)
    content = {**_summary(model, guesses), **(changes or {})}
    content = {key: value for key, value in content.items() if changes is None or changes.get(key, 0) is not None}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expression.json").write_text(json.dumps(content, indent=2), encoding="utf-8")
    _write_predictions(folder / "predictions.csv", guesses, names, rng if attention else None)
    return content


def _guesses(rng: np.random.Generator, skill: float) -> dict[str, np.ndarray]:
    """Draw scores ``[seeds, clips, classes]`` by condition; people and clips differ in how hard they are."""
    hard = 0.14 * rng.standard_normal(40)[PEOPLE] + 0.3 * rng.standard_normal(CLIPS)
    return {name: np.stack([_scores(rng, skill - loss - hard) for _ in range(SEEDS)]) for name, loss in LOSS.items()}


def _scores(rng: np.random.Generator, skill: np.ndarray) -> np.ndarray:
    scores = rng.dirichlet([1.2, 1.2, 1.2], size=CLIPS)
    for row in np.flatnonzero(rng.random(CLIPS) < skill):
        best = scores[row].argmax()
        scores[row, [TRUTH[row], best]] = scores[row, [best, TRUTH[row]]]
    return scores


def _summary(model: str, guesses: dict[str, np.ndarray]) -> dict[str, Any]:
    taken = draws_of(len(set(SUBJECTS)))
    drawn = {name: _drawn(scores, taken) for name, scores in guesses.items()}
    rows = [_condition(name, guesses, drawn) for name in guesses]
    clean = rows[0]
    return {
        "model": model,
        "protocol": "loso",
        "clips": CLIPS,
        "subjects": len(set(SUBJECTS)),
        "seeds": SEEDS,
        "transductive": False,
        "note": None,
        "folds": len(set(SUBJECTS)),
        "wall_s": 418.2,
        "classes": list(EXPRESSIONS),
        "conditions": rows,
        "audit": {
            "honest": {"uf1": clean["uf1"], "uar": clean["uar"]},
            "best_epoch_on_test": {"uf1": 0.8312, "uar": 0.8455},
            "mean_of_folds": {"uf1": 0.6104, "uar": 0.6377},
            "mean_of_folds_best_epoch": {"uf1": 0.7419, "uar": 0.7702},
            "null_test": {"uf1": 0.3211, "uar": 0.3342, "uf1_max": 0.3502, "repeats": 5},
        },
        "provenance": {
            "command": f"veilspeak evaluate expression --data DIR --model {model} --protocol loso --seeds 3 --audit",
            "revision": "0123456789abcdef0123456789abcdef01234567",
            "config": {"model": model, "epochs": 200, "learning_rate": 5e-5},
            "data_sha256": "5d2577964afc9a82" * 4,
            "seed": 0,
            "threads": 1,
            "versions": {"veilspeak": "0.1.0", "python": "3.11.7", "numpy": "1.26.4", "torch": "2.14.1"},
            "date": "2026-11-25T10:00:00+00:00",
        },
        "problems": {"missing frame": 12, "apex before onset": 3, "unknown emotion": 1},
    }


def _condition(name: str, guesses: dict[str, np.ndarray], drawn: dict[str, np.ndarray]) -> dict[str, Any]:
    rows = {key: _pooled(guesses[name], key, slice(None)) for key in ("uf1", "uar", "accuracy", "wf1")}
    counts = [confusion(TRUTH.tolist(), scores.argmax(axis=1).tolist(), 3) for scores in guesses[name]]
    f1, recall = (np.mean([of(c) for c in counts], axis=0) for of in (f1_by_class, recall_by_class))
    uf1s = [uf1(TRUTH.tolist(), scores.argmax(axis=1).tolist()) for scores in guesses[name]]
    return {
        "occlusion": name,
        **rows,
        "uf1_sd": round(float(np.std(uf1s, ddof=1)), 4),
        "uf1_ci95": [round(end, 4) for end in interval(drawn[name])],
        "diff": round(rows["uf1"] - _pooled(guesses["none"], "uf1", slice(None)), 4),
        "diff_ci95": None if name == "none" else [round(end, 4) for end in interval(drawn[name] - drawn["none"])],
        "covered": COVERED[name],
        "confusion": counts[0].tolist(),
        "by_dataset": {dataset: _by_dataset(guesses[name], dataset) for dataset in sorted(set(DATASETS))},
        "by_class": {
            label: {"f1": round(f1[n], 4), "recall": round(recall[n], 4), "clips": int((n == TRUTH).sum())}
            for n, label in enumerate(EXPRESSIONS)
        },
    }


def _by_dataset(scores: np.ndarray, dataset: str) -> dict[str, Any]:
    rows = np.array(DATASETS) == dataset
    return {**{key: _pooled(scores, key, rows) for key in ("uf1", "uar")}, "clips": int(rows.sum())}


def _pooled(scores: np.ndarray, key: str, rows: Any) -> float:
    measure = {"uf1": uf1, "uar": uar, "accuracy": accuracy, "wf1": weighted_f1}[key]
    truth = TRUTH[rows].tolist()
    return round(float(np.mean([measure(truth, one.argmax(axis=1)[rows].tolist(), 3) for one in scores])), 4)


def _drawn(scores: np.ndarray, taken: np.ndarray) -> np.ndarray:
    counts = [counts_by_subject(TRUTH, one.argmax(axis=1), SUBJECTS, 3) for one in scores]
    return uf1_draws(np.stack(counts), taken)


def _write_predictions(
    path: Path, guesses: dict[str, np.ndarray], names: Sequence[str], rng: np.random.Generator | None
) -> None:
    head = ["condition", "seed", "fold", "dataset", "subject", "clip", "truth", "predicted"]
    head += [f"score_{name}" for name in EXPRESSIONS] + ([f"attention_{name}" for name in REGIONS] if rng else [])
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        for condition, seeds in guesses.items():
            for seed, scores in enumerate(seeds):
                looks = _attention(rng, condition) if rng else np.zeros((CLIPS, 0))
                for row in range(CLIPS):
                    labels = [EXPRESSIONS[TRUTH[row]], EXPRESSIONS[scores[row].argmax()]]
                    who = [DATASETS[row], SUBJECTS[row], names[row]]
                    values = [f"{value:.5f}" for value in (*scores[row], *looks[row])]
                    writer.writerow([condition, seed, SUBJECTS[row], *who, *labels, *values])


def _attention(rng: np.random.Generator, condition: str) -> np.ndarray:
    mean = np.array([0.42, 0.71, 0.68, 0.4, 0.31, 0.33, 0.22, 0.25, 0.83, 0.8, 0.55, 0.36])
    hidden = {"mask": slice(6, 12), "glasses": slice(4, 6)}.get(condition)
    if hidden is not None:
        mean[hidden] *= 0.15
    elif condition != "none":
        mean *= 1 - float(condition.partition(":")[2])
    return np.clip(mean + 0.08 * rng.standard_normal((CLIPS, len(REGIONS))), 0, 1)
