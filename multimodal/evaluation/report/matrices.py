"""Confusion matrices as the page shows them: counts, and shares of each row."""

from __future__ import annotations

from dataclasses import dataclass

from multimodal.evaluation.report.summary import Condition, Summary


@dataclass(frozen=True)
class Cell:
    """How often one class was called another.

    Attributes:
        count: In the first seed.
        share: Of all clips of that true class, 0 to 1; 0 where it has none.
        right: Whether it is the class's own column.
    """

    count: int
    share: float
    right: bool


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: a row a true class, a column an answer."""

    occlusion: str
    classes: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def matrices(summary: Summary) -> list[Matrix]:
    """Return the matrix of every condition that has one."""
    found = [condition for condition in summary.conditions if condition.confusion is not None]
    return [_matrix(condition, summary.classes or ()) for condition in found]


def majority_uf1(summary: Summary) -> float | None:
    """Return the UF1 of always naming the most frequent class; None where the classes were not counted."""
    counts = summary.base.confusion
    totals = [sum(row) for row in counts or ()]
    if not sum(totals):
        return None
    most = max(totals)
    return 2 * most / (most + sum(totals)) / len(totals)


def _matrix(condition: Condition, classes: tuple[str, ...]) -> Matrix:
    rows = [
        (name, tuple(Cell(n, n / max(sum(row), 1), place == column) for column, n in enumerate(row)))
        for place, (name, row) in enumerate(zip(classes, condition.confusion or (), strict=True))
    ]
    return Matrix(condition.occlusion, classes, tuple(rows))
