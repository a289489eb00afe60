"""The report of evaluations: one HTML file that opens offline, and its rows as CSV.

``write_report`` is the front door of ``veilspeak report``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from multimodal.errors import UsageError


def write_report(folder: Path) -> dict[str, Any]:
    """Write ``report.html`` and ``report.csv`` into a folder that ``veilspeak evaluate expression --out`` left.

    Args:
        folder: Of one run (``expression.json``, ``predictions.csv``), or of several in its sub-folders.

    Returns:
        ``runs`` and ``conditions``, how many there are, and ``outputs: {report, rows}``, the files.

    Raises:
        MissingError: There is no such folder, or no run in it.
        DecodeError: A file is damaged.
        UsageError: The folder cannot be written to.
    """
    from multimodal.evaluation.report.page import render
    from multimodal.evaluation.report.rows import csv_of
    from multimodal.evaluation.report.runs import read_runs

    runs = read_runs(folder)
    page, rows = folder / "report.html", folder / "report.csv"
    for path, content in ((page, render(runs, folder.resolve().name)), (rows, csv_of(runs))):
        _write(path, content)
    return {
        "runs": len(runs),
        "conditions": sum(len(run.summary.conditions) for run in runs),
        "outputs": {"report": str(page), "rows": str(rows)},
    }


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path} ({error.strerror}): make its folder writable") from error
