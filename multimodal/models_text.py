"""What ``veilspeak models`` prints for people."""

from __future__ import annotations

import io
import shutil
from typing import Any

from multimodal.training.classifiers.base import FAMILIES

UNKNOWN_WIDTH = 120
"""Columns where the output is no terminal and ``COLUMNS`` is not set."""

LEGEND = (
    "FLOPs: multiply-adds of one clip, picture or hand. (w): shipped weights; what else reads expressions is trained",
    "anew: veilspeak evaluate expression --data DIR --protocol loso --model NAME. More than this list has:",
)


def list_text(content: dict[str, Any], width: int | None = None) -> str:
    """Return the models as a table.

    Args:
        content: What ``models.list_models`` returned.
        width: Columns; by default those of the terminal.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("name", no_wrap=True)
    for head in ("parameters", "FLOPs"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("takes; source; what is reconstructed", overflow="fold")
    for row in content["models"]:
        table.add_row(*map(Text, _cells(row)))
    written = io.StringIO()
    columns = width or shutil.get_terminal_size((UNKNOWN_WIDTH, 24)).columns
    Console(file=written, width=columns, color_system=None).print(table)
    lines = [line.rstrip() for line in written.getvalue().splitlines()]
    return "\n".join([*lines, "", *LEGEND, ", ".join(f"{name}:..." for name in FAMILIES)])


def verify_text(content: dict[str, Any]) -> str:
    """Return what ``models.verify`` found, a line a file."""
    return "\n".join(f"{'ok' if row['ok'] else 'NO'}  {row['name']:<22} {row['detail']}" for row in content["weights"])


def _cells(row: dict[str, Any]) -> tuple[str, str, str, str]:
    name = f"{row['name']} (w)" if row["weights"] else row["name"]
    reconstructed = f"reconstructed: {row['reconstructed']}" if row["reconstructed"] else ""
    told = "\n".join(line for line in (row["input"], row["source"], reconstructed) if line)
    return name, _number(row["params"]), _number(row["flops"]), told


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
