"""The robustness curve: UF1 against how much of the face is covered, laid out for an SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from multimodal.evaluation.report.matrices import majority_uf1
from multimodal.evaluation.report.runs import Run
from multimodal.evaluation.report.summary import CLEAN, Condition, shown

WIDTH = 480
LEFT, RIGHT, BOTTOM = 52, 10, 46
PLOT_HEIGHT = 230
_EDGE = 16  # between the axis and the first mark, so that marks beside each other stay off the axis
_ROW = 17  # a line of labels above the plot
_LETTER = 8.5  # a letter of a label is about that wide
_LONGEST = 50  # letters of a label; the marks' titles have the whole name
_DODGE = 5.0  # marks of different runs stand beside each other

SHAPES: tuple[str, ...] = (
    "M{x} {y}m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "M{x} {y}m-4.5 -4.5h9v9h-9z",
    "M{x} {y}m0 -6l6 10.5h-12z",
    "M{x} {y}m0 -6.5l6.5 6.5l-6.5 6.5l-6.5 -6.5z",
    "M{x} {y}m0 6l6 -10.5h-12z",
)
"""A path a mark: circle, square, triangle, diamond, triangle on its tip."""

STYLES = 8
"""How many colours and dashes the style sheet has."""


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what stands beside it."""

    at: float
    text: str


@dataclass(frozen=True)
class Label:
    """A condition's name above the plot, with a guide down to its marks."""

    x: float
    text_x: float
    y: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A condition of a run: its place, its interval, its shape as a path, what it says, whether a line meets it."""

    x: float
    y: float
    low: float | None
    high: float | None
    path: str
    title: str
    joined: bool


@dataclass(frozen=True)
class Series:
    """One run: marks, and the line (``x,y x,y ...``) through those that lie on one scale."""

    label: str
    style: int
    marks: tuple[Mark, ...]
    line: str
    legend: str


@dataclass(frozen=True)
class Curve:
    """All that is drawn; lengths in units of the SVG.

    Attributes:
        top, height: Where the plot begins, and the height of the whole.
        reference: Where the score of always naming the most frequent class lies, or None.
        absent: Conditions that could not be drawn, with the run.
    """

    top: float
    height: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    series: tuple[Series, ...]
    reference: Tick | None
    absent: tuple[str, ...]


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    most: float
    top: float

    def x(self, covered: float) -> float:
        return round(LEFT + _EDGE + covered / self.most * (WIDTH - LEFT - RIGHT - 2 * _EDGE), 1)

    def y(self, uf1: float) -> float:
        return round(self.top + (self.high - uf1) / (self.high - self.low) * PLOT_HEIGHT, 1)


def curve(runs: Sequence[Run]) -> Curve | None:
    """Lay out the curve; None where no condition has both a UF1 and a covered fraction."""
    drawn = [(run, [c for c in run.summary.conditions if _drawable(c)]) for run in runs]
    points = [condition for _, conditions in drawn for condition in conditions]
    if not points:
        return None
    reference = majority_uf1(runs[0].summary)
    most = _ceil(max(condition.covered or 0 for condition in points)) or 0.1
    rows = _label_rows(points, _Scale(0, 1, most, 0))
    scale = _Scale(*_range(points, reference), most, _ROW * (max(rows.values()) + 1) + 12)
    absent = [f"{shown(c.occlusion)} ({run.label})" for run in runs for c in run.summary.conditions if not _drawable(c)]
    return Curve(
        scale.top,
        scale.top + PLOT_HEIGHT + BOTTOM,
        tuple(Tick(scale.x(share), f"{100 * share:.0f} %") for share in _steps(0, most)),
        tuple(Tick(scale.y(uf1), f"{uf1:.1f}") for uf1 in _steps(scale.low, scale.high)),
        tuple(_label(name, row, points, scale) for name, row in rows.items()),
        tuple(_series(run, conditions, place, len(runs), scale) for place, (run, conditions) in enumerate(drawn)),
        None if reference is None else Tick(scale.y(reference), f"{reference:.3f}"),
        tuple(absent),
    )


def _drawable(condition: Condition) -> bool:
    return condition.uf1 is not None and condition.covered is not None


def _range(points: Sequence[Condition], reference: float | None) -> tuple[float, float]:
    lows = [point.uf1_ci95[0] if point.uf1_ci95 else point.uf1 or 0 for point in points]
    highs = [point.uf1_ci95[1] if point.uf1_ci95 else point.uf1 or 0 for point in points]
    low = math.floor(10 * min([*lows, *([] if reference is None else [reference])]) - 0.05) / 10
    return max(low, 0.0), min(_ceil(max(highs) + 0.005), 1.0)


def _ceil(value: float) -> float:
    return math.ceil(round(10 * value, 6)) / 10


def _steps(low: float, high: float) -> list[float]:
    return [step / 10 for step in range(round(10 * low), round(10 * high) + 1)]


def _series(run: Run, conditions: Sequence[Condition], place: int, runs: int, scale: _Scale) -> Series:
    shape = SHAPES[place % len(SHAPES)]
    shift = (place - (runs - 1) / 2) * min(_DODGE, 20 / runs)
    line = sorted(_graded(conditions), key=lambda condition: condition.covered or 0)
    marks = {c.occlusion: _mark(run.label, c, shape, shift, scale, c in line) for c in conditions}
    places = " ".join(f"{marks[c.occlusion].x},{marks[c.occlusion].y}" for c in line)
    return Series(run.label, place % STYLES, tuple(marks.values()), places, shape.format(x=20, y=8))


def _graded(conditions: Sequence[Condition]) -> list[Condition]:
    """Return those that differ in nothing but how much is covered: clean, and one kind with several ratios."""
    kinds = [c.occlusion.partition(":")[0] for c in conditions if _ratio(c)]
    kind = max(kinds, key=kinds.count) if kinds else None
    on = [c for c in conditions if c.occlusion == CLEAN or (_ratio(c) and c.occlusion.partition(":")[0] == kind)]
    return on if len(on) > 1 else []


def _ratio(condition: Condition) -> bool:
    try:
        return bool(float(condition.occlusion.partition(":")[2]))
    except ValueError:
        return False


def _mark(run: str, condition: Condition, shape: str, shift: float, scale: _Scale, joined: bool) -> Mark:
    uf1, covered, ends = condition.uf1 or 0.0, condition.covered or 0.0, condition.uf1_ci95
    x, y = round(scale.x(covered) + shift, 1), scale.y(uf1)
    low, high = (scale.y(ends[0]), scale.y(ends[1])) if ends else (None, None)
    interval = f"interval {ends[0]:.3f} to {ends[1]:.3f}" if ends else "interval not measured"
    title = f"{run}, {shown(condition.occlusion)}: UF1 {uf1:.3f}, {interval}, {100 * covered:.0f} % of the face covered"
    return Mark(x, y, low, high, shape.format(x=x, y=y), title, joined)


def _label_rows(points: Sequence[Condition], scale: _Scale) -> dict[str, int]:
    """Put each condition's label into the first line in which it is free of the others."""
    ends: list[float] = []
    rows: dict[str, int] = {}
    for name, covered in sorted(_mean_covered(points).items(), key=lambda item: item[1]):
        middle, half = _text_x(name, scale.x(covered)), _half(name)
        free = [row for row, end in enumerate(ends) if end + _LETTER < middle - half]
        row = free[0] if free else len(ends)
        ends[row : row + 1] = [middle + half]
        rows[name] = row
    return rows


def _label(name: str, row: int, points: Sequence[Condition], scale: _Scale) -> Label:
    x = scale.x(_mean_covered(points)[name])
    return Label(x, _text_x(name, x), _ROW * (row + 1) - 3, _short(name))


def _text_x(name: str, x: float) -> float:
    half = _half(name)
    return round(min(max(x, half), WIDTH - half), 1)


def _half(name: str) -> float:
    return len(_short(name)) * _LETTER / 2


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _mean_covered(points: Sequence[Condition]) -> dict[str, float]:
    shares: dict[str, list[float]] = {}
    for point in points:
        shares.setdefault(shown(point.occlusion), []).append(point.covered or 0)
    return {name: sum(values) / len(values) for name, values in shares.items()}
