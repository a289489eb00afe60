"""What ``veilspeak models`` prints for people."""

from __future__ import annotations

import shutil
import textwrap
from typing import Any

from multimodal.training.classifiers.base import FAMILIES

UNKNOWN_WIDTH = 120
"""Columns where the output is no terminal and ``COLUMNS`` is not set."""

LEAST = 45
"""Columns that words take beside the figures; where there are fewer they stand below."""

LEGEND = (
    "FLOPs: multiply-adds of one clip, picture or hand. (w): shipped weights; what else reads expressions is trained "
    "anew: veilspeak evaluate expression --data DIR --protocol loso --model NAME."
)


def list_text(content: dict[str, Any], width: int | None = None) -> str:
    """Return the models as a table: name and figures, and beside or below them what is to be said in words.

    Args:
        content: What ``models.list_models`` returned.
        width: Columns; by default those of the terminal.
    """
    columns = width or shutil.get_terminal_size((UNKNOWN_WIDTH, 24)).columns
    cells = [("name", "parameters", "FLOPs"), *map(_cells, content["models"])]
    name, *figures = (max(map(len, column)) for column in zip(*cells, strict=True))
    starts = ["  ".join((a.ljust(name), b.rjust(figures[0]), c.rjust(figures[1]))) for a, b, c in cells]
    words = [["takes; source; what is reconstructed"], *map(_words, content["models"])]
    lines = [line for start, told in zip(starts, words, strict=True) for line in _entry(start, told, columns)]
    families = f"Families of models, which have no end: {', '.join(f'{family}:NAME' for family in FAMILIES)}."
    return "\n".join([*lines, "", *_wrapped(f"{LEGEND} {families}", columns)])


def verify_text(content: dict[str, Any]) -> str:
    """Return what ``models.verify`` found, a line a file."""
    return "\n".join(f"{'ok' if row['ok'] else 'NO'}  {row['name']:<22} {row['detail']}" for row in content["weights"])


def _cells(row: dict[str, Any]) -> tuple[str, str, str]:
    name = f"{row['name']} (w)" if row["weights"] else row["name"]
    return name, _number(row["params"]), _number(row["flops"])


def _words(row: dict[str, Any]) -> list[str]:
    reconstructed = f"reconstructed: {row['reconstructed']}" if row["reconstructed"] else ""
    return [line for line in (row["input"], row["source"], reconstructed) if line]


def _entry(start: str, told: list[str], columns: int) -> list[str]:
    """Return the lines of one model."""
    beside = columns - len(start) - 2 >= LEAST
    indent = " " * (len(start) + 2 if beside else 4)
    lines = [line for text in told for line in _wrapped(text, columns, indent)]
    return [start + lines[0][len(start) :], *lines[1:]] if beside else [start, *lines]


def _wrapped(text: str, columns: int, indent: str = "") -> list[str]:
    return textwrap.wrap(text, columns, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
