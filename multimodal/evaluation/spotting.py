"""``veilspeak evaluate spotting``: where clips culminate, and which stretches of long videos are expressions."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from multimodal.config import Config
from multimodal.errors import UsageError
from multimodal.evaluation.files import provenance_of
from multimodal.evaluation.protocols import subject_folds
from multimodal.evaluation.spotting_data import SpottingData, described, hash_of, load_spotting, owners
from multimodal.evaluation.spotting_files import write_files
from multimodal.evaluation.spotting_runs import Spotted, run_apex, run_intervals
from multimodal.evaluation.spotting_tables import apex_row, interval_row
from multimodal.training.spotters.base import (
    ApexSpotter,
    IntervalSpotter,
    Spotter,
    apex_spotters,
    interval_spotters,
)

READY = "none"
"""The protocol that trains nothing: methods that learn are left out, thresholds are those set beforehand."""

AnySpotter = TypeVar("AnySpotter", bound=Spotter)


class SpottingEvaluation(Config):
    """What is measured, and how.

    Attributes:
        model: One method alone; None takes all that the protocol allows.
        protocol: ``none``, ``loso``, ``cde``, ``kfold`` or ``cross``; see ``protocols.subject_folds``.
        folds: Of ``kfold``.
        seeds: How many for methods with chance in them; None takes three where something is trained, else one.
        layout: What the data sets are; ``auto`` finds out.
    """

    model: str | None = None
    protocol: str = READY
    folds: int = Field(default=10, ge=2)
    seeds: int | None = Field(default=None, ge=1)
    layout: str = "auto"


def evaluate_spotting(
    data: Path | Sequence[Path],
    config: SpottingEvaluation | None = None,
    out: Path | None = None,
    *,
    workers: int | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Measure spotters; whatever is trained or chosen comes from the training side of folds of whole subjects.

    Args:
        data: Data sets in official layouts, or the CSV of an index: clips with a coded apex, long videos, or both.
        config: What is measured.
        out: Folder for ``spotting.json``, ``apex.csv``, ``intervals.csv`` and the cache of what was measured; None
            writes nothing.
        workers: Clips and videos measured at a time.
        progress: Show a bar on standard error.

    Returns:
        ``data`` (what there is), ``protocol``, ``seeds``, ``wall_s``, ``apex`` and ``intervals`` (a row a method, see
        ``spotting_tables``), ``problems``, ``provenance``.

    Raises:
        UsageError: Method, protocol and data do not go together, or there is nothing to be spotted.
        MissingError: Data or frames are missing.
        DecodeError: A sheet or a video cannot be read.
    """
    began = time.perf_counter()
    config = config or SpottingEvaluation()
    apex, intervals = _methods(config)
    paths = [data] if isinstance(data, Path) else list(data)
    given = load_spotting(paths, config.layout, bool(apex), bool(intervals), out, workers or 1)
    spotted = spot_all(given, config, apex, intervals, progress)
    summary = {
        "data": described(given),
        "protocol": config.protocol,
        "seeds": _seeds(config),
        "wall_s": 0.0,
        "apex": [apex_row(name, found, given.clips) for name, found in spotted.apex.items()],
        "intervals": [interval_row(name, found, given.films) for name, found in spotted.intervals.items()],
        "problems": dict(Counter(problem.kind for problem in given.problems)),
    }
    summary["wall_s"] = round(time.perf_counter() - began, 2)
    summary["provenance"] = provenance_of(config, hash_of(given))
    if out is not None:
        write_files(out, summary, given.clips, given.films, spotted, config)
    return summary


def spot_all(
    data: SpottingData,
    config: SpottingEvaluation,
    apex: Mapping[str, ApexSpotter],
    intervals: Mapping[str, IntervalSpotter],
    progress: bool = False,
) -> Spotted:
    """Ask every method about everything; see ``spotting_runs``."""
    seeds = _seeds(config)
    found = Spotted({}, {})
    if data.clips:
        subjects, datasets = owners(data.clips)
        folds = subject_folds(config.protocol, subjects, datasets, config.folds)
        found.apex.update(run_apex(apex, data.clips, folds, seeds, progress))
    if data.films:
        subjects, datasets = owners(data.films)
        folds = subject_folds(config.protocol, subjects, datasets, config.folds)
        found.intervals.update(run_intervals(intervals, data.films, data.kinds, folds, seeds, progress))
    return found


def _methods(config: SpottingEvaluation) -> tuple[dict[str, ApexSpotter], dict[str, IntervalSpotter]]:
    apex, intervals = apex_spotters(), interval_spotters()
    known = {**apex, **intervals}
    if config.model is not None and config.model not in known:
        raise UsageError(f"{config.model!r} spots nothing: choose one of {', '.join(sorted(known))}")
    if config.model is not None and config.protocol == READY and known[config.model].trains:
        raise UsageError(f"{config.model} has to be trained: take --protocol loso, kfold or cross")
    return _wanted(apex, config), _wanted(intervals, config)


def _wanted(methods: Mapping[str, AnySpotter], config: SpottingEvaluation) -> dict[str, AnySpotter]:
    return {
        name: method
        for name, method in methods.items()
        if config.model in (None, name) and not (method.trains and config.protocol == READY)
    }


def _seeds(config: SpottingEvaluation) -> int:
    return config.seeds or (1 if config.protocol == READY else 3)
