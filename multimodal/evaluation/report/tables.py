"""The tables of the report: caption, header, rows of cells that are ready to be shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from multimodal.evaluation.report.numbers import UNKNOWN, change, count, percent, score, span, stacked, text
from multimodal.evaluation.report.runs import Run
from multimodal.evaluation.report.summary import ClassScores, Condition, Scores, Summary, shown

Interval = tuple[float, float]
Row = tuple[Markup | str, ...]
DatasetInterval = Callable[[str, str], Interval | None]
"""(condition, data set) -> interval of the paired difference, or None where it cannot be told."""

NULL_LIMIT = 0.4
"""What shuffled labels may score: more, and something leaks (three classes, pooled UF1)."""


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is its heading.

    Attributes:
        caption: What it shows.
        head: Names of the columns.
        rows: As many cells each; none where nothing was measured.
        marked: Numbers of the rows whose figures must not be compared with others.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    marked: frozenset[int] = frozenset()

    def split(self, most: int) -> list[Table]:
        """Return the same in tables of at most so many columns beside the headings, so that none is too wide."""
        starts = range(1, len(self.head), most)
        return [self._part(slice(start, start + most), place, len(starts)) for place, start in enumerate(starts, 1)]

    def _part(self, columns: slice, place: int, parts: int) -> Table:
        caption = self.caption if parts == 1 else f"{self.caption} ({place} of {parts})"
        rows = tuple((row[0], *row[columns]) for row in self.rows)
        return Table(caption, (self.head[0], *self.head[columns]), rows, self.marked)


def by_condition(summary: Summary) -> Table:
    """All scores of a run, a row a condition."""
    head = ("Condition", "Face covered", "UF1", f"Difference to {shown(summary.base.occlusion)}", "UAR", "Accuracy")
    return Table(
        "Scores by what is before the face. Differences are paired: the same clips. Intervals: 95 %, over people",
        (*head, "Weighted F1", "SD of UF1 over seeds"),
        tuple(_condition_row(summary, condition) for condition in summary.conditions),
    )


def by_dataset(summary: Summary, interval: DatasetInterval) -> Table:
    """Scores by data set, a row a condition, a column a data set."""
    names = sorted({name for condition in summary.conditions for name in condition.by_dataset or {}})
    head = ("Condition", *(_with_clips(name, (summary.base.by_dataset or {}).get(name)) for name in names))
    rows = [
        (shown(condition.occlusion), *(_dataset_cell(summary, condition, name, interval) for name in names))
        for condition in summary.conditions
    ]
    base = shown(summary.base.occlusion)
    caption = f"UF1 of each data set, pooled within itself; below it the paired difference to {base}, and UAR"
    return Table(caption, head, tuple(rows) if names else ())


def by_class(summary: Summary) -> Table:
    """F1 and recall by class, a row a condition."""
    found = {name: None for condition in summary.conditions for name in condition.by_class or {}}
    names = tuple(name for name in summary.classes or found if name in found)
    head = tuple(_with_clips(name, (summary.base.by_class or {}).get(name)) for name in names)
    rows = [
        (shown(condition.occlusion), *(_class_cell(condition, name) for name in names))
        for condition in summary.conditions
    ]
    return Table("F1 of each class, and its recall", ("Condition", *head), tuple(rows) if names else ())


def side_by_side(runs: Sequence[Run]) -> Table:
    """UF1 of several runs, a row a run, a column a condition."""
    names = list(dict.fromkeys(condition.occlusion for run in runs for condition in run.summary.conditions))
    rows = [
        (run.label, _protocol(run.summary), *(_uf1_cell(run.summary.named(name)) for name in names)) for run in runs
    ]
    return Table(
        "UF1 of every run under every condition, with 95 % intervals",
        ("Run", "Protocol", *map(shown, names)),
        tuple(rows),
    )


def _protocol(summary: Summary) -> Markup:
    return stacked(text(summary.protocol), *([Markup("transductive")] if summary.transductive else []))


def audit(summary: Summary) -> Table:
    """The honest scores, those of the wrong rules, and those on shuffled labels."""
    found = summary.audit
    if found is None:
        return Table("", (), ())
    wrong = Markup("<strong>✗ not comparable</strong>")
    rows = (
        ("Honest: nothing is chosen on the people tested, predictions are pooled", *_pair(found.honest), "✓ yes"),
        ("Wrong rule: the best epoch on the people tested", *_pair(found.best_epoch_on_test), wrong),
        ("Wrong rule: the mean of the folds' scores, not pooled", *_pair(found.mean_of_folds), wrong),
        ("Both wrong rules at once", *_pair(found.mean_of_folds_best_epoch), wrong),
        (_null_name(found.null_test), *_pair(found.null_test), _null_verdict(found.null_test)),
    )
    return Table("Leak audit: what the common wrong rules would have shown", _AUDIT_HEAD, rows, frozenset({1, 2, 3}))


_AUDIT_HEAD = ("Rule", "UF1", "UAR", "May be compared with other work")


def problems(summary: Summary) -> Table:
    """Problems met in the data, by kind, the most frequent first."""
    rows = sorted((summary.problems or {}).items(), key=lambda item: -item[1])
    return Table("Problems met in sheets and files", ("Kind", "How many"), tuple((kind, count(n)) for kind, n in rows))


def _condition_row(summary: Summary, condition: Condition) -> Row:
    return (
        shown(condition.occlusion),
        _covered_cell(condition),
        _uf1_cell(condition),
        _difference_cell(summary, condition, condition.diff, condition.diff_ci95),
        score(condition.uar),
        score(condition.accuracy),
        score(condition.wf1),
        score(condition.uf1_sd),
    )


def _covered_cell(condition: Condition) -> Markup:
    """Return the covered share, and how many faces were lost behind the cover, if any."""
    if not condition.lost:
        return percent(condition.covered)
    return stacked(percent(condition.covered), Markup("no face in {} clips").format(count(condition.lost)))


def _dataset_cell(summary: Summary, condition: Condition, name: str, interval: DatasetInterval) -> Markup:
    found = (condition.by_dataset or {}).get(name, Scores())
    base = (summary.base.by_dataset or {}).get(name, Scores())
    diff, ends = found.diff, found.diff_ci95
    if diff is None and found.uf1 is not None and base.uf1 is not None:
        diff = found.uf1 - base.uf1
    recall = Markup("UAR {}").format(score(found.uar))
    if condition is summary.base or diff is None:
        return stacked(score(found.uf1), recall)
    ends = ends or interval(condition.occlusion, name)
    difference = Markup("{}, interval {}").format(change(diff), span(ends, signs=True))
    return stacked(score(found.uf1), difference, recall)


def _difference_cell(summary: Summary, condition: Condition, diff: float | None, ends: Interval | None) -> Markup:
    if condition is summary.base:
        return Markup("–")
    return UNKNOWN if diff is None else stacked(change(diff), span(ends, signs=True))


def _uf1_cell(condition: Condition | None) -> Markup:
    if condition is None or condition.uf1 is None:
        return UNKNOWN
    return stacked(score(condition.uf1), span(condition.uf1_ci95))


def _with_clips(name: str, scores: Scores | ClassScores | None) -> str:
    return name if scores is None or scores.clips is None else f"{name} ({scores.clips} clips)"


def _class_cell(condition: Condition, name: str) -> Markup:
    found = (condition.by_class or {}).get(name, ClassScores())
    return stacked(score(found.f1), Markup("recall {}").format(score(found.recall)))


def _pair(scores: Scores | None) -> tuple[Markup, Markup]:
    return (UNKNOWN, UNKNOWN) if scores is None else (score(scores.uf1), score(scores.uar))


def _null_name(scores: Scores | None) -> str:
    times = scores and scores.repeats
    return "Null test: trained on shuffled labels" + ("" if times is None else f", repeats: {times}")


def _null_verdict(scores: Scores | None) -> Markup:
    if scores is None or scores.uf1 is None:
        return UNKNOWN
    highest = scores.uf1 if scores.uf1_max is None else scores.uf1_max
    verdict = "✓ a check, passed" if highest <= NULL_LIMIT else "✗ a check, failed: something leaks"
    return Markup("{} (highest {}, at most {} expected)").format(verdict, score(highest), score(NULL_LIMIT))
