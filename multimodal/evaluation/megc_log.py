"""The log format of MEGC 2019: ``DATASET SUBJECT`` begins a fold, then ``CLIP TRUTH PREDICTED`` a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from multimodal.errors import DecodeError, MissingError


@dataclass(frozen=True)
class LogRow:
    """One prediction.

    Attributes:
        dataset, subject: Of the fold.
        clip: Its name.
        truth, predicted: Numbers of classes.
    """

    dataset: str
    subject: str
    clip: str
    truth: int
    predicted: int


def read_log(path: Path) -> list[LogRow]:
    """Read such a log.

    Raises:
        MissingError: There is no such file.
        DecodeError: A line is neither a fold's head nor a prediction; the message names it.
    """
    if not path.is_file():
        raise MissingError(f"no log {path}: name an existing one")
    rows: list[LogRow] = []
    fold: tuple[str, str] | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split()
        if len(words) == 2:
            fold = (words[0], words[1])
        elif len(words) == 3 and fold is not None and words[1].isdecimal() and words[2].isdecimal():
            rows.append(LogRow(*fold, words[0], int(words[1]), int(words[2])))
        elif words:
            raise DecodeError(
                f"{path}, line {number}: expected 'DATASET SUBJECT' or 'CLIP TRUTH PREDICTED', given {line!r}"
            )
    return rows


def write_log(path: Path, rows: Iterable[LogRow]) -> None:
    """Write predictions as such a log, folds in the order in which they first come; blanks in names become ``_``."""
    folds: dict[tuple[str, str], list[LogRow]] = {}
    for row in rows:
        folds.setdefault((row.dataset, row.subject), []).append(row)
    lines = []
    for (dataset, subject), inside in folds.items():
        lines.append(f"{_word(dataset)} {_word(subject)}")
        lines += [f"{_word(row.clip)} {row.truth} {row.predicted}" for row in inside]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _word(name: str) -> str:
    return "_".join(name.split()) or "_"
