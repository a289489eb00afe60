"""Predictions -> metrics: pooled scores, detection scores, tables.

``run`` is the front door of ``veilspeak evaluate``; what measures a part loads when that part is measured.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def run(
    part: str,
    data: Path,
    out: Path,
    model: str = "regional-synthetic",
    protocol: str = "none",
    occlude: Sequence[str] = ("none",),
    seeds: int = 1,
) -> dict[str, Any]:
    """Measure ready weights and write the result as ``OUT/PART.json``.

    Args:
        part: ``expression`` or ``gesture``.
        data: A flow-map folder, or a YOLO ``data.yaml``.
        out: Folder for the results.
        model: Weights of the expression branch.
        protocol: Of the expression branch: ``none``.
        occlude: Conditions of the expression branch.
        seeds: How often each occluder is drawn.

    Returns:
        The keys of the command line's contract for that part.

    Raises:
        UsageError, MissingError, DecodeError: What was asked for, or the data, does not work.
    """
    out.mkdir(parents=True, exist_ok=True)
    if part == "gesture":
        from multimodal.evaluation.gesture import evaluate_gesture

        return evaluate_gesture(data, out)
    from multimodal.evaluation.expression import evaluate_expression

    result = evaluate_expression(data, model, protocol, occlude, seeds)
    (out / "expression.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result
