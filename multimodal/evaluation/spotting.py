"""``veilspeak evaluate spotting``: where clips culminate, and which stretches of long videos are expressions."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import Field

from multimodal.config import Config
from multimodal.data.index import Problem
from multimodal.data.open_index import open_index
from multimodal.data.spotting.clips import ApexClip, load_apex_clips
from multimodal.data.spotting.film_cache import film_of
from multimodal.data.spotting.videos import KINDS, Kind, Video, find_videos
from multimodal.errors import UsageError
from multimodal.evaluation.files import provenance_of
from multimodal.evaluation.protocols import subject_folds
from multimodal.evaluation.spotting_files import write_files
from multimodal.evaluation.spotting_runs import Spotted, run_apex, run_intervals
from multimodal.evaluation.spotting_tables import apex_row, interval_row
from multimodal.executors import run_all
from multimodal.training.spotters.base import (
    ApexSpotter,
    CodedFilm,
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


@dataclass(frozen=True)
class SpottingData:
    """What spotters are asked about.

    Attributes:
        clips: With a coded apex.
        films: Long videos with coded expressions.
        kinds: Of the expressions in them.
        problems: Why the rest was left out.
    """

    clips: tuple[ApexClip, ...]
    films: tuple[CodedFilm, ...]
    kinds: tuple[Kind, ...]
    problems: tuple[Problem, ...] = ()


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
    summary["provenance"] = provenance_of(config, _hash(given))
    if out is not None:
        write_files(out, summary, given.clips, given.films, spotted, config)
    return summary


def load_spotting(
    paths: Sequence[Path], layout: str, want_clips: bool, want_films: bool, out: Path | None, workers: int
) -> SpottingData:
    """Open and measure data.

    Args:
        paths: Of the data sets.
        layout: What they are.
        want_clips, want_films: What is to be measured of them.
        out: Its ``cache`` keeps what was measured; None measures anew.
        workers: How many at a time.

    Raises:
        UsageError: There is nothing to be spotted in them.
        MissingError: There is nothing there.
        DecodeError: Something cannot be read.
    """
    cache = None if out is None else out / "cache"
    index = open_index(paths, layout, cache=cache)
    clips, clip_problems = load_apex_clips(index, cache, workers) if want_clips else ((), ())
    videos, video_problems = find_videos(index) if want_films else ((), ())
    if not clips and not videos:
        wanted = " or ".join(["clips with a coded apex"] * want_clips + ["long videos"] * want_films)
        raise UsageError(
            f"no {wanted} in {paths[0]}: veilspeak index tells what is there, veilspeak synth expressions makes some"
        )
    kinds = tuple(kind for kind in KINDS if kind == "micro" or any(video.truth[kind] for video in videos))
    pieces = [(number, video, kinds, cache) for number, video in enumerate(videos)]
    films = [film for _, film in sorted(run_all(_film, pieces, workers=workers), key=lambda one: one[0])]
    return SpottingData(clips, tuple(films), kinds, (*index.problems, *clip_problems, *video_problems))


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
        subjects, datasets = _owners(data.clips)
        folds = subject_folds(config.protocol, subjects, datasets, config.folds)
        found.apex.update(run_apex(apex, data.clips, folds, seeds, progress))
    if data.films:
        subjects, datasets = _owners(data.films)
        folds = subject_folds(config.protocol, subjects, datasets, config.folds)
        found.intervals.update(run_intervals(intervals, data.films, data.kinds, folds, seeds, progress))
    return found


def described(data: SpottingData) -> dict[str, Any]:
    """Return how much there is of what."""
    return {
        "clips": len(data.clips),
        "videos": len(data.films),
        "frames": sum(len(one.film) for one in data.films),
        "minutes": round(sum(len(one.film) / one.film.fps for one in data.films) / 60, 2),
        "subjects": len({*_owners(data.clips)[0], *_owners(data.films)[0]}),
        "expressions": {kind: sum(len(one.truth[kind]) for one in data.films) for kind in data.kinds},
    }


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


def _film(piece: tuple[int, Video, tuple[Kind, ...], Path | None]) -> tuple[int, CodedFilm]:
    """Measure one video, in whatever process."""
    number, video, kinds, cache = piece
    return number, CodedFilm(video.dataset, video.subject, video.name, film_of(video, kinds, cache), video.truth)


def _owners(ones: Sequence[ApexClip] | Sequence[CodedFilm]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(one.subject for one in ones), tuple(one.dataset for one in ones)


def _hash(data: SpottingData) -> str:
    total = hashlib.sha256()
    for clip in data.clips:
        total.update(f"{clip.subject}/{clip.name} {clip.apex}\n".encode())
        total.update(np.ascontiguousarray(clip.motion.flow).tobytes())
    for one in data.films:
        total.update(f"{one.subject}/{one.name} {sorted(one.truth.items())}\n".encode())
        for scale in one.film.scales.values():
            total.update(scale.strips.tobytes() + scale.places.tobytes())
    return total.hexdigest()
