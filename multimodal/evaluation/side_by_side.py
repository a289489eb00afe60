"""Every system of the literature on the same clips, one after the other, and one report of them all.

    python -m multimodal.evaluation.side_by_side --data MAPS --out out/zoo
    python -m multimodal.evaluation.side_by_side --data CLIPS --masked mask=COPY --protocol kfold --out out/zoo-clips

A run that was stopped goes on where it was. ``out/zoo/report.csv`` is the table, a row a system and condition.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from multimodal.evaluation.clips import is_flow_folder
from multimodal.evaluation.expression import ExpressionEvaluation, evaluate_expression
from multimodal.evaluation.report import write_report
from multimodal.expression.zoo.systems import FROM_FRAMES, SystemConfig, systems, systems_for

BASELINES = ("majority", "flow-logreg")
"""What every system has to beat."""

MAPS = "none,mask,block:0.3,block:0.5"
"""Conditions of flow maps."""

SEEDS = 3
"""Of a system; one of those of more than a million parameters."""


def fitting(maps: bool) -> list[str]:
    """Return the classifiers to set side by side, baselines first, then small networks before large ones.

    Args:
        maps: Whether there are flow maps alone; then the systems that look at them, else those that look at frames.
    """
    fit = [one for one in systems_for("classify").values() if maps != any(kind in FROM_FRAMES for kind in one.inputs)]
    return [*BASELINES, *(one.name for one in sorted(fit, key=lambda one: one.few_seeds))]


def seeds_of(name: str) -> int:
    """Return how many seeds a classifier is run with."""
    one: SystemConfig | None = systems().get(name)
    return 1 if name == "majority" or (one is not None and one.few_seeds) else SEEDS


def set_side_by_side(
    data: Path, out: Path, names: Sequence[str], shared: dict[str, Any], workers: int | None = None
) -> dict[str, Any]:
    """Evaluate every classifier in a folder of its own, and write the report of them all.

    Args:
        data: What all of them are measured on.
        out: Folder for the runs and the report.
        names: Of the classifiers.
        shared: Further keys of ``ExpressionEvaluation``, the same for all.
        workers: Folds at a time.

    Returns:
        What ``write_report`` returns.

    Raises:
        UsageError, MissingError, DecodeError: See ``evaluate_expression``.
    """
    for name in names:
        config = ExpressionEvaluation(model=name, seeds=seeds_of(name), **shared)
        summary = evaluate_expression(data, config, out / name, workers=workers)
        scores = [f"{row['occlusion']} {row['uf1']:.3f} / {row['uar']:.3f}" for row in summary["conditions"]]
        print(f"{name}: {', '.join(scores)}  ({summary['wall_s']:.0f} s)", file=sys.stderr, flush=True)
    return write_report(out)


def main(arguments: Sequence[str] | None = None) -> None:
    """Evaluate and print where the report is."""
    parser = argparse.ArgumentParser(description="Set the systems of the literature side by side.")
    parser.add_argument("--data", type=Path, required=True, help="a flow-map folder, or a data set with frames")
    parser.add_argument("--out", type=Path, default=Path("out/zoo"))
    parser.add_argument("--systems", help="only these, with commas between them")
    parser.add_argument("--protocol", default="loso")
    parser.add_argument("--folds", type=int, default=10, help="of kfold")
    parser.add_argument("--occlude", help=f"conditions; by default {MAPS} of flow maps, none of frames")
    parser.add_argument("--masked", action="append", default=[], help="NAME=DIR: a masked copy; may be repeated")
    parser.add_argument("--workers", type=int)
    given = parser.parse_args(arguments)
    maps = is_flow_folder(given.data)
    names = given.systems.split(",") if given.systems else fitting(maps)
    shared = {
        "protocol": given.protocol,
        "folds": given.folds,
        "occlude": tuple((given.occlude or (MAPS if maps else "none")).split(",")),
        "masked": dict(pair.split("=", 1) for pair in given.masked),
    }
    print(json.dumps(set_side_by_side(given.data, given.out, names, shared, given.workers), indent=2))


if __name__ == "__main__":
    main()
