"""Opening what spotters are asked about: clips with a coded apex, and long videos with coded expressions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.data.index import Problem
from multimodal.data.open_index import open_index
from multimodal.data.spotting.clips import ApexClip, load_apex_clips
from multimodal.data.spotting.film_cache import film_of
from multimodal.data.spotting.videos import KINDS, Kind, Video, find_videos
from multimodal.errors import DecodeError, MissingError, UsageError
from multimodal.executors import run_all
from multimodal.training.spotters.base import CodedFilm


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
    kinds = tuple(kind for kind in KINDS if kind == "micro" or any(video.truth[kind] for video in videos))
    films, film_problems = _films(videos, kinds, cache, workers)
    if not clips and not films:
        wanted = " or ".join(["clips with a coded apex"] * want_clips + ["long videos"] * want_films)
        raise UsageError(
            f"no {wanted} in {paths[0]}: veilspeak index tells what is there, veilspeak synth expressions makes some"
        )
    return SpottingData(clips, films, kinds, (*index.problems, *clip_problems, *video_problems, *film_problems))


def described(data: SpottingData) -> dict[str, Any]:
    """Return how much there is of what."""
    return {
        "clips": len(data.clips),
        "videos": len(data.films),
        "frames": sum(len(one.film) for one in data.films),
        "minutes": round(sum(len(one.film) / one.film.fps for one in data.films) / 60, 2),
        "subjects": len({*owners(data.clips)[0], *owners(data.films)[0]}),
        "expressions": {kind: sum(len(one.truth[kind]) for one in data.films) for kind in data.kinds},
    }


def owners(ones: Sequence[ApexClip] | Sequence[CodedFilm]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return whose each is, and which data set each is from."""
    return tuple(one.subject for one in ones), tuple(one.dataset for one in ones)


def hash_of(data: SpottingData) -> str:
    """Return the SHA-256 of all that was measured and coded."""
    total = hashlib.sha256()
    for clip in data.clips:
        total.update(f"{clip.subject}/{clip.name} {clip.apex}\n".encode())
        total.update(np.ascontiguousarray(clip.motion.flow).tobytes())
    for one in data.films:
        total.update(f"{one.subject}/{one.name} {sorted(one.truth.items())}\n".encode())
        for scale in one.film.scales.values():
            total.update(scale.strips.tobytes() + scale.places.tobytes())
    return total.hexdigest()


def _films(
    videos: Sequence[Video], kinds: tuple[Kind, ...], cache: Path | None, workers: int
) -> tuple[tuple[CodedFilm, ...], tuple[Problem, ...]]:
    pieces = [(number, video, kinds, cache) for number, video in enumerate(videos)]
    found = [one for _, one in sorted(run_all(_film, pieces, workers=workers), key=lambda one: one[0])]
    return (
        tuple(one for one in found if isinstance(one, CodedFilm)),
        tuple(one for one in found if isinstance(one, Problem)),
    )


def _film(piece: tuple[int, Video, tuple[Kind, ...], Path | None]) -> tuple[int, CodedFilm | Problem]:
    """Measure one video, in whatever process."""
    number, video, kinds, cache = piece
    try:
        film = film_of(video, kinds, cache)
    except (DecodeError, MissingError) as error:
        where = f"{video.dataset}/{video.name}"
        return number, Problem("unreadable video", where, str(error), dropped=True)
    return number, CodedFilm(video.dataset, video.subject, video.name, film, video.truth)
