"""Long videos of an index: the clips that are stretches of one recording, put back together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from multimodal.data.frames import numbers
from multimodal.data.index import Clip, ClipIndex, Problem
from multimodal.data.layouts.folders import list_frames
from multimodal.errors import DecodeError, UsageError
from multimodal.media.sources import open_source
from multimodal.results import Frame

Kind = Literal["micro", "macro"]
"""Micro-expressions last at most half a second, macro-expressions longer."""

KINDS: tuple[Kind, ...] = ("micro", "macro")

Interval = tuple[int, int]
"""First and last frame, both included; frames of a video count from 0."""

LEAST_S = 4.0
"""Shorter recordings are clips, not long videos: there is nothing to be found in them."""


@dataclass(frozen=True)
class Video:
    """One recording.

    Attributes:
        dataset, subject, name: ``subject`` is unique over all data sets; the name is that of the folder or file.
        whole: A clip that reaches over all of its frames.
        root: Folder that the clip's path is relative to.
        frames: Their number, as far as it is told without reading.
        truth: What is coded in it, by kind, in the order of time.
    """

    dataset: str
    subject: str
    name: str
    whole: Clip
    root: Path
    frames: int
    truth: Mapping[Kind, tuple[Interval, ...]]


def find_videos(index: ClipIndex, least_s: float = LEAST_S) -> tuple[tuple[Video, ...], tuple[Problem, ...]]:
    """Find the long videos of an index; a video without any coded expression is not in it.

    Args:
        index: Checked clips; those with one path are of one video.
        least_s: What counts as long, seconds.

    Returns:
        The videos, in the order of the index, and problems: expressions without an offset, which nothing can be
        compared with, and videos that cannot be read or of which nobody knows the frame rate.
    """
    groups: dict[tuple[str, str, str], list[Clip]] = {}
    for clip in index:
        if clip.path and clip.onset is not None:
            groups.setdefault((clip.dataset, clip.subject, clip.path), []).append(clip)
    videos, problems = list[Video](), list[Problem]()
    for clips in groups.values():
        where, rate = "/".join((clips[0].dataset, clips[0].path)), clips[0].fps
        try:
            video = _video(clips, index.roots[clips[0].dataset])
        except (DecodeError, UsageError, OSError) as error:
            problems.append(Problem("unreadable video", where, str(error), dropped=True))
            continue
        if rate <= 0:
            problems.append(Problem("unknown frame rate", where, "a long video takes one: add fps", dropped=True))
        elif video.frames >= least_s * rate:
            videos.append(video)
            problems += [
                Problem(
                    "unknown offset", "/".join(clip.key), "it cannot be compared with what is spotted", dropped=True
                )
                for clip in clips
                if clip.offset is None
            ]
    return tuple(videos), tuple(problems)


def frames_of_video(video: Video) -> Iterator[Frame]:
    """Read a video frame by frame; times follow from the frame rate.

    Raises:
        MissingError: A file is gone.
        DecodeError: A picture, or the video, cannot be read.
    """
    from multimodal.media.images import read_image

    clip, place = video.whole, video.root / video.whole.path
    if clip.frames:
        for number, name in enumerate(clip.frames):
            yield Frame(read_image(place / name), number, 1000.0 * number / clip.fps, name)
        return
    with open_source(str(place)) as source:
        for number, frame in enumerate(source):
            yield replace(frame, index=number, t_ms=1000.0 * number / clip.fps)


def _video(clips: list[Clip], root: Path) -> Video:
    one, place = clips[0], root / clips[0].path
    count = 0
    if one.frames:
        listed = list_frames(place, one.path)
        one = replace(one, frames=listed.names, first=listed.numbers[0])
        count = len(listed.names)
    else:
        with open_source(str(place)) as source:
            count = source.frames_expected or 0
    whole = replace(one, onset=one.first, apex=None, offset=None)
    truth = {kind: tuple(sorted(_coded(clips, kind, whole))) for kind in KINDS}
    return Video(one.dataset, f"{one.dataset}/{one.subject}", one.path, whole, root, count, truth)


def _coded(clips: list[Clip], kind: Kind, whole: Clip) -> Iterator[Interval]:
    """Yield the intervals of one kind as places among the frames that are there."""
    there = numbers(whole)
    for clip in clips:
        if clip.macro == (kind == "macro") and clip.onset is not None and clip.offset is not None:
            yield _place(clip.onset, there, whole.first), _place(clip.offset, there, whole.first)


def _place(number: int, there: tuple[int, ...], first: int) -> int:
    return min(bisect_left(there, number), len(there) - 1) if there else number - first
