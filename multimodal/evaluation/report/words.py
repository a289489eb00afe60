"""The headline: what was found, in plain sentences, each figure with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from multimodal.evaluation.report.gain import gain_of
from multimodal.evaluation.report.matrices import majority_uf1
from multimodal.evaluation.report.numbers import change, count, percent, score, span
from multimodal.evaluation.report.runs import Run
from multimodal.evaluation.report.summary import CLEAN, Condition, Summary

_POOLED = "all answers are pooled before they are scored."

PROTOCOLS = {
    "loso": f"Each person was left out of training once and tested then; {_POOLED}",
    "kfold": f"People were parted into groups, each left out of training once and tested then; {_POOLED}",
    "cde": f"The data sets were joined, and each person was left out of training once and tested then (CDE); {_POOLED}",
    "hde": f"Trained on one data set and tested on the other, both ways (HDE); {_POOLED}",
    "cross": f"Each data set was left out of training once and tested then; {_POOLED}",
    "none": "Ready weights were tested as they are; nothing was trained or chosen on these clips.",
}
"""What each protocol does."""


def headline(runs: Sequence[Run]) -> list[Markup]:
    """Return the sentences for one run, or for the best of several and the others against it."""
    measured = [run for run in runs if run.summary.base.uf1 is not None]
    if not measured:
        return [Markup("UF1 was not measured: the tables below show what was.")]
    best = max(measured, key=lambda run: run.summary.base.uf1 or 0.0)
    sentences = [_first(best, len(measured)), *_hidden(best.summary), *_reference(best.summary), _how(best.summary)]
    return [*sentences, *_alike(best, measured), *_seen_before(measured), *_gained(measured)]


def comparability(runs: Sequence[Run]) -> list[str]:
    """Return why the runs may not be compared with each other, if so."""
    asked: dict[str, set[Any]] = {
        "protocol": {run.summary.protocol for run in runs},
        "number of clips": {run.summary.clips for run in runs},
        "data (hash)": {run.summary.provenance.data_sha256 for run in runs},
        "classes": {run.summary.classes for run in runs},
        "use of unlabelled test clips": {bool(run.summary.transductive) for run in runs},
    }
    return [f"the runs differ in their {name}" for name, values in asked.items() if len(values) > 1]


def _first(run: Run, measured: int) -> Markup:
    summary, base = run.summary, run.summary.base
    where = "With nothing before the face" if base.occlusion == CLEAN else f"Behind {base.occlusion}"
    what = "reaches" if measured == 1 else f"is the highest of {measured} runs:"
    return Markup("{}, {} {} <strong>UF1 {}</strong> (95 % interval {}) on {} clips of {} people.").format(
        where, run.label, what, score(base.uf1), span(base.uf1_ci95), count(summary.clips), count(summary.subjects)
    )


def _hidden(summary: Summary) -> list[Markup]:
    """Say under what it loses most, and whether the loss is more than chance."""
    rows = [
        condition for condition in summary.conditions if condition.diff is not None and condition is not summary.base
    ]
    if not rows:
        return []
    worst = min(rows, key=lambda condition: condition.diff or 0.0)
    base = "clean" if summary.base.occlusion == CLEAN else f"behind {summary.base.occlusion}"
    where = "It loses most behind" if (worst.diff or 0) < 0 and len(rows) > 1 else "Behind"
    sentence = Markup("{} {}{}: UF1 {} there, a difference of {} to the same clips {} (interval {}){}.")
    figures = (score(worst.uf1), change(worst.diff), base, span(worst.diff_ci95, signs=True))
    return [sentence.format(where, worst.occlusion, _covers(worst), *figures, _sure(worst))]


def _covers(condition: Condition) -> Markup:
    if condition.covered is None:
        return Markup("")
    return Markup(", which covers {} of the face on average").format(percent(condition.covered))


def _sure(condition: Condition) -> str:
    if condition.diff_ci95 is None:
        return ""
    low, high = condition.diff_ci95
    return ", which may as well be none" if low <= 0 <= high else ""


def _reference(summary: Summary) -> list[Markup]:
    reference = majority_uf1(summary)
    if reference is None:
        return []
    return [Markup("Always naming the most frequent class would score {}.").format(score(reference))]


def _how(summary: Summary) -> Markup:
    return Markup.escape(PROTOCOLS.get(summary.protocol or "", f"Protocol: {summary.protocol or 'not measured'}."))


def _alike(best: Run, measured: Sequence[Run]) -> list[Markup]:
    ends = best.summary.base.uf1_ci95
    if ends is None:
        return []
    close = [run.label for run in measured if run is not best and (run.summary.base.uf1_ci95 or (0, 0))[1] >= ends[0]]
    if not close:
        return []
    return [Markup("The intervals of {} overlap with it: these runs may be equally good.").format(", ".join(close))]


def _seen_before(measured: Sequence[Run]) -> list[Markup]:
    """Say of which runs the test clips were no news."""
    sentence = Markup(
        "{} saw the test clips, without their labels, while it learned (transductive): compare it with such systems "
        "alone."
    )
    return [sentence.format(run.label) for run in measured if run.summary.transductive]


def _gained(measured: Sequence[Run]) -> list[Markup]:
    """Say what score fusions gain, as accuracy, over the best of their parts."""
    sentence = Markup("{} has accuracy {}, the best of what it fuses {}: a relative rate increase of {}.")
    sentences = []
    for run in measured:
        found = gain_of(run.summary, [other.summary for other in measured if not comparability([run, other])])
        if found is not None:
            sentences.append(sentence.format(run.label, score(found.fused), score(found.best), change(found.increase)))
    return sentences
