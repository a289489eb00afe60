"""How long folds take together against one after the other, same arithmetic, in one run.

python -m multimodal.training.stacked_benchmark --data FOLDER [--epochs N] [--folds N] [--full] [--seed N]
    [--ledger CSV]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from multimodal.data.flow_folder import read_flow_folder
from multimodal.data.samples import FlowSamples, of_folder
from multimodal.evaluation.ledger import record
from multimodal.evaluation.protocols import folds_of
from multimodal.expression.zoo.systems import system
from multimodal.training.classifiers.base import FoldTask, Scores
from multimodal.training.fold_nets import NetConfig, fit_alone, threads
from multimodal.training.fold_nets_together import fit_together

ROUNDS = 3
"""So often all folds are trained together; plain folds are done in between."""

Result = TypeVar("Result")


@dataclass
class _Runs:
    """What was timed so far: seconds and scores of plain folds by number, and of all folds together."""

    plain: dict[int, tuple[float, list[Scores]]] = field(default_factory=dict)
    together: list[tuple[float, list[list[Scores]]]] = field(default_factory=list)


def measure_folds(
    samples: FlowSamples, config: NetConfig, folds: int | None = None, full: bool = False, seed: int = 0
) -> dict[str, Any]:
    """Train under leave-one-subject-out both ways, in turns, and compare times and scores.

    Args:
        samples: The clips.
        config: Of the networks.
        folds: Only the first so many; None takes all.
        full: Do all folds the plain way too; else three of middling size stand for all.
        seed: Of the run.

    Returns:
        ``clips, folds, epochs, batch``; ``plain: {threads, folds, fold_s}`` (threads: the quicker of one and two;
        folds: how many were done); ``together: {fold_s, all_s, compile_s}`` (compiled once a process, in no other
        figure); ``speedup``; ``speedup_compiling``, as if the kernels were compiled for this run alone; ``compared``
        clips, the largest ``score_difference`` between both ways (of probabilities) and ``same_predictions`` (share of
        clips).
        Times are medians.
    """
    tasks = _tasks(samples, seed)[:folds]
    compile_s = _compile(config, tasks)
    number = min((1, 2), key=lambda number: _timed(lambda: _alone(_short(config, 4), tasks[0], number))[0])
    runs, chosen = _Runs(), list(range(len(tasks))) if full else _middling(tasks)
    for part in np.array_split(chosen, ROUNDS):
        runs.together.append(_timed(lambda: fit_together(config, tasks)))
        for fold in part.tolist():
            runs.plain[fold] = _timed(partial(_alone, config, tasks[fold], number))
    return {
        "clips": len(samples),
        "folds": len(tasks),
        "epochs": config.epochs,
        "batch": config.batch,
        **_times(runs, len(tasks), number, compile_s),
        **_agreement(runs),
    }


def _tasks(samples: FlowSamples, seed: int) -> list[FoldTask]:
    return [
        FoldTask(fold.name, samples.pick(fold.train), (samples.pick(fold.test).sealed(),), seed)
        for fold in folds_of("loso", samples)
    ]


def _short(config: NetConfig, epochs: int) -> NetConfig:
    return config.model_copy(update={"epochs": epochs})


def _compile(config: NetConfig, tasks: Sequence[FoldTask]) -> float:
    """Return how much longer the first run in a process takes than the second."""
    first, second = (_timed(lambda: fit_together(_short(config, 1), tasks[:2]))[0] for _ in range(2))
    return first - second


def _alone(config: NetConfig, task: FoldTask, number: int) -> list[Scores]:
    with threads(number):
        return fit_alone(config, task)


def _middling(tasks: Sequence[FoldTask]) -> list[int]:
    """Return the folds at the quartiles of size."""
    order = sorted(range(len(tasks)), key=lambda fold: len(tasks[fold].train))
    return sorted({order[round(share * (len(order) - 1))] for share in (0.25, 0.5, 0.75)})


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _times(runs: _Runs, folds: int, number: int, compile_s: float) -> dict[str, Any]:
    plain = float(np.median([seconds for seconds, _ in runs.plain.values()]))
    together = float(np.median([seconds for seconds, _ in runs.together]))
    return {
        "plain": {"threads": number, "folds": len(runs.plain), "fold_s": round(plain, 3)},
        "together": {
            "fold_s": round(together / folds, 3),
            "all_s": round(together, 2),
            "compile_s": round(compile_s, 2),
        },
        "speedup": round(plain * folds / together, 2),
        "speedup_compiling": round(plain * folds / (together + compile_s), 2),
    }


def _agreement(runs: _Runs) -> dict[str, Any]:
    alone = np.concatenate([scores[0] for _, scores in runs.plain.values()])
    shared = np.concatenate([runs.together[0][1][fold][0] for fold in runs.plain])
    return {
        "compared": len(alone),
        "score_difference": float(np.abs(alone - shared).max()),
        "same_predictions": float((alone.argmax(axis=1) == shared.argmax(axis=1)).mean()),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and if wanted enter the figures into a ledger."""
    parser = argparse.ArgumentParser(description="Time the folds of STSTNet together and one after the other.")
    parser.add_argument("--data", type=Path, required=True, help="flow-map folder SUBJECT/u_test/LABEL/*.png")
    parser.add_argument("--epochs", type=int, help="by default those of configs/expression/zoo/ststnet.yaml")
    parser.add_argument("--folds", type=int, help="only the first so many")
    parser.add_argument("--full", action="store_true", help="do all folds the plain way too")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ledger", type=Path)
    given = parser.parse_args(arguments)
    config = NetConfig.of(system("ststnet"))
    if given.epochs is not None:
        config = config.model_copy(update={"epochs": given.epochs})
    figures = measure_folds(of_folder(read_flow_folder(given.data)), config, given.folds, given.full, given.seed)
    print(json.dumps(figures, indent=2))
    if given.ledger:
        options = [f"--{name}={value}" for name, value in (("epochs", given.epochs), ("folds", given.folds)) if value]
        command = ["python", "-m", "multimodal.training.stacked_benchmark", "--data", given.data.as_posix(), *options]
        command += ["--full"] if given.full else []
        numbers = config.model_dump(mode="json")
        record(given.ledger, {"stacked": figures}, data=given.data, config=numbers, seed=given.seed, command=command)


if __name__ == "__main__":
    main()
