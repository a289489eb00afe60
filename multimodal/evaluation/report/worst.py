"""The clips that a model names wrongly most often and most surely."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from multimodal.evaluation.report.numbers import score
from multimodal.evaluation.report.predictions import Predictions
from multimodal.evaluation.report.summary import shown
from multimodal.evaluation.report.tables import Table

Key = tuple[str, str, str]
"""Data set, subject, clip."""

_HEAD = ("Clip", "Subject", "Data set", "Truth", "Guesses, by seed", "Wrong in", "Score of the wrong answer")


@dataclass(frozen=True)
class ClipRecord:
    """How a clip was named under one condition.

    Attributes:
        key: Data set, subject, clip.
        truth: Its class.
        guesses: What it was called, and in how many seeds.
        wrong: In how many seeds that was wrong.
        score: Mean score of the wrong answers; 0 without any.
    """

    key: Key
    truth: str
    guesses: Counter[str]
    wrong: int
    score: float

    @property
    def seeds(self) -> int:
        """In how many seeds it was named."""
        return self.guesses.total()


def records(answers: Predictions, condition: str) -> dict[Key, ClipRecord]:
    """Return every clip's record under a condition."""
    rows: dict[Key, list[int]] = defaultdict(list)
    for row in np.flatnonzero(answers.under(condition)):
        rows[answers.datasets[row], answers.subjects[row], answers.clips[row]].append(int(row))
    return {key: _record(answers, key, np.array(places)) for key, places in rows.items()}


def worst_clips(answers: Predictions, condition: str, most: int = 10) -> list[ClipRecord]:
    """Return the clips that are wrong in the largest share of seeds, the surest first.

    Args:
        answers: Of a run.
        condition: Under which they were given.
        most: How many clips at most.
    """
    wrong = [clip for clip in records(answers, condition).values() if clip.wrong]
    return sorted(wrong, key=lambda clip: (-clip.wrong / clip.seeds, -clip.score, clip.key))[:most]


def worst_table(answers: Predictions, condition: str, base: str, most: int = 10) -> Table:
    """Return the same as a table; behind a cover it also says how the clip fared without (``base``)."""
    before = records(answers, base) if condition != base else {}
    rows = []
    for clip in worst_clips(answers, condition, most):
        (dataset, subject, name), guesses = clip.key, clip.guesses.most_common()
        called = ", ".join(f"{guess} × {times}" for guess, times in guesses)
        row = (name, subject, dataset, clip.truth, called, _wrong(clip), score(clip.score))
        rows.append((*row, _wrong(before.get(clip.key))) if before else row)
    head = (*_HEAD, f"{shown(base).capitalize()} wrong in") if before else _HEAD
    return Table(f"Worst clips, {shown(condition)}", head, tuple(rows))


def _record(answers: Predictions, key: Key, rows: np.ndarray) -> ClipRecord:
    guesses = answers.predicted[rows]
    wrong = rows[guesses != answers.truth[rows]]
    sure = answers.scores[wrong, answers.predicted[wrong]]
    called = Counter(answers.classes[guess] for guess in guesses)
    truth = answers.classes[answers.truth[rows[0]]]
    return ClipRecord(key, truth, called, len(wrong), float(sure.mean()) if len(wrong) else 0.0)


def _wrong(clip: ClipRecord | None) -> str:
    return "not measured" if clip is None else f"{clip.wrong} of {clip.seeds} seeds"
