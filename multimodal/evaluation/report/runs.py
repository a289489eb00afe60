"""The runs of a folder: the one in it, or one in each sub-folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from multimodal.errors import DecodeError, MissingError
from multimodal.evaluation.report import predictions, summary
from multimodal.evaluation.report.predictions import Predictions, read_predictions
from multimodal.evaluation.report.summary import Summary, read_summary

_REMEDY = "run veilspeak evaluate expression --data PATH --out DIR first"


@dataclass(frozen=True)
class Run:
    """One evaluation.

    Attributes:
        label: What it is called in the report; no two runs are called the same.
        summary: Its figures.
        predictions: Every answer that was given, or None where they were not kept.
    """

    label: str
    summary: Summary
    predictions: Predictions | None


def read_runs(folder: Path) -> list[Run]:
    """Read the run in a folder, and those in its sub-folders, by name.

    Raises:
        MissingError: There is no such folder, or no run in it.
        DecodeError: A file is damaged, or answers and figures are not of the same run.
    """
    if not folder.is_dir():
        raise MissingError(f"no folder {folder}: {_REMEDY}")
    places = [
        path.parent for path in (folder / summary.FILE, *sorted(folder.glob(f"*/{summary.FILE}"))) if path.is_file()
    ]
    if not places:
        raise MissingError(f"no {summary.FILE} in {folder} or its sub-folders: {_REMEDY}")
    found = [(place, read_summary(place / summary.FILE)) for place in places]
    labels = _labels([(summary.model or place.name, place.name) for place, summary in found])
    return [
        Run(label, figures, _answers(place, figures)) for label, (place, figures) in zip(labels, found, strict=True)
    ]


def _labels(names: list[tuple[str, str]]) -> list[str]:
    """Call a run by its model, and by its folder too where two have the same model."""
    times = Counter(model for model, _ in names)
    return [model if times[model] == 1 else f"{model} ({folder})" for model, folder in names]


def _answers(place: Path, figures: Summary) -> Predictions | None:
    path = place / predictions.FILE
    if figures.classes is None or not path.is_file():
        return None
    answers = read_predictions(path, figures.classes)
    strangers = set(answers.conditions) - {condition.occlusion for condition in figures.conditions}
    if strangers:
        raise DecodeError(
            f"{path}: condition {min(strangers)!r} is not in {summary.FILE}: the two are of different runs, "
            "run veilspeak evaluate expression again"
        )
    return answers
