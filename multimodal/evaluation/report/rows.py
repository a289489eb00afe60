"""``report.csv``: a row a run and condition, with what is needed to get it again, as in the ledger."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from typing import Any

from multimodal.evaluation.report.runs import Run
from multimodal.evaluation.report.summary import Condition, Provenance

COLUMNS = (
    *("date", "run", "model", "protocol", "transductive", "occlusion", "covered", "clips", "subjects", "seeds"),
    *("folds", "uf1", "uf1_low", "uf1_high", "uf1_sd", "uar", "accuracy", "wf1", "diff", "diff_low", "diff_high"),
    *("wall_s", "command", "revision", "config", "data", "seed", "threads", "versions"),
)
"""The last seven and the date are those of the ledger; intervals are 95 %."""


def csv_of(runs: Sequence[Run]) -> str:
    """Return the CSV; what was not measured is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(run, condition) for run in runs for condition in run.summary.conditions)
    return text.getvalue()


def _row(run: Run, condition: Condition) -> dict[str, Any]:
    summary = run.summary
    row: dict[str, Any] = {
        "run": run.label,
        **{
            name: getattr(summary, name)
            for name in ("model", "protocol", "transductive", "clips", "subjects", "seeds", "folds", "wall_s")
        },
        **{
            name: getattr(condition, name)
            for name in ("occlusion", "covered", "uf1", "uf1_sd", "uar", "accuracy", "wf1", "diff")
        },
        **dict(zip(("uf1_low", "uf1_high"), condition.uf1_ci95 or (None, None), strict=True)),
        **dict(zip(("diff_low", "diff_high"), condition.diff_ci95 or (None, None), strict=True)),
    }
    return row | _origin(summary.provenance)


def _origin(known: Provenance) -> dict[str, Any]:
    versions = " ".join(f"{name}={version}" for name, version in (known.versions or {}).items() if version)
    return {
        **{name: getattr(known, name) for name in ("date", "command", "revision", "seed", "threads")},
        "config": _short(known.config),
        "data": (known.data_sha256 or "")[:16],
        "versions": versions,
    }


def _short(config: Any) -> str:
    """Return a config's hash, as the ledger makes it; a hash is kept as it is."""
    if config is None or isinstance(config, str):
        return config or ""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()[:16]
