"""What ``veilspeak evaluate expression --out DIR`` leaves as ``DIR/predictions.csv``: every answer that was given."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from multimodal.errors import DecodeError
from multimodal.results import REGIONS

FILE = "predictions.csv"
PLAIN = ("condition", "seed", "dataset", "subject", "clip", "truth", "predicted")
"""Columns that the report needs, beside ``score_CLASS`` and, where the model has it, ``attention_REGION``."""

Row = Mapping[str, str]


@dataclass(frozen=True)
class Predictions:
    """A row a (condition, seed, clip).

    Attributes:
        conditions, seeds, datasets, subjects, clips: As the file says.
        truth, predicted: ``[n]``, indices into ``classes``.
        scores: ``[n, classes]``; the larger, the surer.
        attention: ``[n, 12]``, 0 to 1, over ``REGIONS``; None where the model has none.
        classes: Names of the classes.
    """

    conditions: tuple[str, ...]
    seeds: tuple[str, ...]
    datasets: tuple[str, ...]
    subjects: tuple[str, ...]
    clips: tuple[str, ...]
    truth: Int[np.ndarray, "n"]
    predicted: Int[np.ndarray, "n"]
    scores: Float[np.ndarray, "n classes"]
    attention: Float[np.ndarray, "n 12"] | None
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.clips)

    def under(self, condition: str) -> Bool[np.ndarray, "n"]:
        """Return which rows are of a condition."""
        return np.array([name == condition for name in self.conditions], bool)


def read_predictions(path: Path, classes: Sequence[str]) -> Predictions:
    """Read the answers.

    Args:
        path: The CSV.
        classes: Names of the classes, as the summary gives them.

    Raises:
        DecodeError: A column is missing, or a row does not hold what it should; the message names column and line.
    """
    remedy = "run veilspeak evaluate expression again, or remove the file"
    try:
        return _parse(path, tuple(classes))
    except (ValueError, csv.Error, OSError) as error:
        raise DecodeError(f"{path}: {error}: {remedy}") from error


def _parse(path: Path, classes: tuple[str, ...]) -> Predictions:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, strict=True)
        with_attention = _check_columns(reader.fieldnames or (), classes)
        rows = [_whole(row, reader.line_num) for row in reader]
    plain = {name: tuple(row[name] for row in rows) for name in PLAIN}
    number = {name: place for place, name in enumerate(classes)}
    return Predictions(
        plain["condition"],
        plain["seed"],
        plain["dataset"],
        plain["subject"],
        plain["clip"],
        np.array([_class_of(row, "truth", number) for row in rows], np.int64),
        np.array([_class_of(row, "predicted", number) for row in rows], np.int64),
        _numbers(rows, [f"score_{name}" for name in classes]),
        _numbers(rows, [f"attention_{name}" for name in REGIONS]) if with_attention else None,
        classes,
    )


def _check_columns(found: Sequence[str], classes: Sequence[str]) -> bool:
    """Return whether there is attention."""
    attention = [f"attention_{name}" for name in REGIONS]
    wanted = [*PLAIN, *(f"score_{name}" for name in classes)]
    some = any(name.startswith("attention_") for name in found)
    missing = [name for name in (wanted + attention if some else wanted) if name not in found]
    if missing:
        raise ValueError(f"column {missing[0]} is missing ({len(missing)} in all)")
    return some


def _whole(row: dict[str, str], line: int) -> dict[str, str]:
    if None in row or None in row.values():
        raise ValueError(f"line {line} does not have as many fields as the header")
    return {**row, "": str(line)}  # no column has an empty name: the line is kept under it for messages


def _class_of(row: Row, column: str, number: Mapping[str, int]) -> int:
    if row[column] not in number:
        raise ValueError(f"line {row['']}: {column} {row[column]!r} is not one of {', '.join(number)}")
    return number[row[column]]


def _numbers(rows: Sequence[Row], columns: Sequence[str]) -> Float[np.ndarray, "n columns"]:
    return np.array([[_number(row, column) for column in columns] for row in rows], np.float64).reshape(
        -1, len(columns)
    )


def _number(row: Row, column: str) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(f"line {row['']}: {column} {row[column]!r} is not a number")
    return value
