"""One clip, in a worker: frame by frame, so that a clip of any length takes the same memory."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.data.occlude.cover import ClipCover, Truth
from multimodal.data.occlude.faces import OpenFinder
from multimodal.data.occlude.flow import FlowFill, cover_map
from multimodal.data.occlude.layouts import Job
from multimodal.data.occlude.settings import SCHEMA, OccludeConfig, clip_seed
from multimodal.data.occlude.writer import ClipWriter, PicturesWriter, VideoWriter, digest, truth_file
from multimodal.errors import DecodeError
from multimodal.media.base import Source
from multimodal.media.file import FileSource
from multimodal.media.images import read_image
from multimodal.results import Frame

Row = dict[str, Any]
"""One line of ``manifest.jsonl``; docs/masked-data.md lists its keys."""


@dataclass(frozen=True)
class Task:
    """What a worker is given.

    Attributes:
        job: The clip.
        out: The copy's folder.
        config: How to cover it.
        strict: Refuse a clip without a face.
        finder: Opens what finds landmarks.
        before: The clip's row of an earlier run, or None.
        fill: For a flow map what shows where it is covered.
    """

    job: Job
    out: Path
    config: OccludeConfig
    strict: bool
    finder: OpenFinder
    before: Row | None = None
    fill: FlowFill | None = None


@dataclass(frozen=True)
class Outcome:
    """What a worker gives back.

    Attributes:
        path: The clip's.
        row: Its row, or None where there is no copy.
        resumed: It was there already.
        refused: It shows no face, and ``strict`` was asked for.
        error: Why it cannot be read.
    """

    path: str
    row: Row | None = None
    resumed: bool = False
    refused: bool = False
    error: str | None = None


def run_task(task: Task) -> Outcome:
    """Make the copy of one clip, unless it is there already.

    Raises:
        OSError: It cannot be written: the disk is full, or writing is not allowed.
    """
    with _one_thread():
        try:
            source_sum = _source_sum(task.job)
            if task.before is not None and _still_valid(task, source_sum):
                return Outcome(task.job.path, task.before, resumed=True)
            row = _flow_copy(task) if task.job.shape == "flow" else _copy(task)
        except DecodeError as error:
            return Outcome(task.job.path, error=str(error))
        except av.FFmpegError as error:
            raise OSError(error.errno or errno.EIO, f"{task.job.path}: {error.strerror}") from error
    if row is None:
        return Outcome(task.job.path, refused=True)
    return Outcome(task.job.path, {**row, "source_sha256": source_sum})


def first_face(
    job: Job, finder: OpenFinder
) -> tuple[UInt8[np.ndarray, "height width 3"], Float[np.ndarray, "468 3"]] | None:
    """Return the first frame of a clip that shows a face, RGB, and its landmarks; None where no frame does.

    Raises:
        DecodeError: The clip cannot be read.
    """
    with _Frames(job) as frames, finder(job.shape == "picture") as find:
        for frame in frames:
            landmarks = find(frame.image)
            if landmarks is not None:
                return frame.image, landmarks
    return None


def _copy(task: Task) -> Row | None:
    """Write the covered clip; None where it shows no face and ``strict`` refuses."""
    job = task.job
    with ExitStack() as stack:
        frames = stack.enter_context(_Frames(job))
        find = stack.enter_context(task.finder(job.shape == "picture"))
        writer = stack.enter_context(_writer(task, frames.fps))
        cover = ClipCover(task.config, clip_seed(task.config.seed, job.path), frames.expected, frames.fps)
        truth = Truth([], None)
        for frame in frames:
            image, truth = cover.frame(frame.image, find(frame.image))
            writer.write(image, frame.index, frame.t_ms, truth.to_dict())
        if cover.onset is None and task.strict:
            return None
        total = writer.commit()
    return {
        **_head(task, cover.style),
        "domain": "picture",
        "masked": cover.style is not None,
        "onset": cover.onset,
        "frames_in": frames.count,
        "frames_out": writer.frames,
        "faces_missed": cover.missed,
        "unreadable": frames.unreadable,
        "truncated": frames.truncated,
        "size": list(frames.size),
        "fps": round(frames.fps, 6),
        "encoding": writer.encoding,
        "files": list(writer.written),
        "sha256": total,
        **_truth(writer, truth, cover.mean),
    }


def _flow_copy(task: Task) -> Row:
    """Write the covered flow map: a clip of one frame."""
    assert task.fill is not None
    seed = clip_seed(task.config.seed, task.job.path)
    image, style, truth = cover_map(task.job.sources[0], task.config, seed, task.fill)
    with PicturesWriter(task.out, task.job.targets) as writer:
        writer.write(image, 0, 0.0, truth.to_dict())
        total = writer.commit()
    return {
        **_head(task, style),
        "domain": "flow",
        "fill": None if style is None else task.fill.name,
        "masked": style is not None,
        "onset": 0,
        "frames_in": 1,
        "frames_out": writer.frames,
        "faces_missed": 0,
        "unreadable": [],
        "truncated": False,
        "size": [image.shape[1], image.shape[0]],
        "fps": None,
        "encoding": writer.encoding,
        "files": list(writer.written),
        "sha256": total,
        **_truth(writer, truth, truth.coverage),
    }


def _truth(writer: ClipWriter, last: Truth, mean: list[float] | None) -> Row:
    """Return the keys that tell what is covered; the frames of a clip are told of in a file of their own."""
    if writer.truth is None:
        return {"coverage": mean, "polygon": last.polygon}
    return {"coverage": mean, "frames": writer.truth}


def _head(task: Task, style: str | None) -> Row:
    config = task.config
    named = {"kind": config.kind, "style": style, "mode": config.mode}
    seed = clip_seed(config.seed, task.job.path)
    return {"schema": SCHEMA, "path": task.job.path, **named, "seed": seed, "settings": config.mark()}


class _Frames:
    """A clip's frames, numbered as its files are; a frame that cannot be read is named and left out.

    Attributes:
        unreadable: Names of the files that cannot be read, so far.
        fps: Of a video.
        count: How many frames there have been so far.
        size: Width and height of the first one.
        expected: How many there should be, or None where nobody knows.

    Raises:
        DecodeError: Not one can be read.
    """

    def __init__(self, job: Job) -> None:
        self.unreadable: list[str] = []
        self.fps = 0.0
        self.count = 0
        self.size = (0, 0)
        self.expected: int | None = len(job.sources)
        self._job = job
        self._video: Source | None = None

    @property
    def truncated(self) -> bool:
        """Whether frames are missing that should be there; known after the iteration."""
        return bool(self.unreadable) or (self._video is not None and self._video.truncated)

    def __enter__(self) -> _Frames:
        if self._job.shape == "video":
            self._video = FileSource(self._job.sources[0])
            self.fps, self.expected = self._video.fps, self._video.frames_expected
        return self

    def __exit__(self, *_: object) -> None:
        if self._video is not None:
            self._video.close()

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._pictures() if self._video is None else self._video:
            height, width = frame.image.shape[:2]
            self.size = self.size if self.count else (width, height)
            self.count += 1
            yield frame

    def _pictures(self) -> Iterator[Frame]:
        for number, path in enumerate(self._job.sources):
            try:
                image = read_image(path)
            except DecodeError:
                self.unreadable.append(path.name)
                continue
            yield Frame(image, number, 0.0, str(path))
        if len(self.unreadable) == len(self._job.sources):
            raise DecodeError(f"{self._job.path} cannot be decoded: export it again as PNG or JPEG")


def _writer(task: Task, fps: float) -> ClipWriter:
    if task.job.shape == "video":
        return VideoWriter(task.out, task.job.targets, fps, truth=truth_file(task.job.path))
    truth = truth_file(task.job.path) if task.job.shape == "frames" else None
    return PicturesWriter(task.out, task.job.targets, truth=truth)


def _still_valid(task: Task, source_sum: str) -> bool:
    """Tell whether an earlier run's copy is whole, of the same source, and made with the same settings."""
    row: Mapping[str, Any] = task.before or {}
    if row.get("settings") != task.config.mark() or row.get("source_sha256") != source_sum:
        return False
    if task.strict and row.get("onset") is None:
        return False
    try:
        return digest(task.out, row.get("files") or ["?"]) == row.get("sha256")
    except OSError:
        return False


def _source_sum(job: Job) -> str:
    """Return the digest of a clip's source files.

    Raises:
        DecodeError: One cannot be read at all.
    """
    try:
        folder = job.sources[0].parent
        return digest(folder, [path.name for path in job.sources])
    except OSError as error:
        raise DecodeError(
            f"{job.path} cannot be read ({error.strerror}): check the file and its permissions"
        ) from error


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep OpenCV to one thread: clips are done side by side."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
