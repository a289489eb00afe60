"""Writing a clip's copy: beside its place first, moved there when it is whole, so that a partial file never counts."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from jaxtyping import UInt8

from multimodal.data.occlude.suffixes import JPEG, MJPEG

PARTS = ".parts"
"""Folder within the copy for what is not whole yet; it is gone when the run ends."""

TRUTHS = "manifest"
"""Folder within the copy with a file for each clip of more than one frame: what each frame's occluder covers."""

_TICKS = 90_000
_MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".avi": "avi"}
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 4]


class ClipWriter(ABC):
    """A context manager; what was not committed is thrown away.

    Args:
        out: The copy's folder.
        targets: Where the files go, relative to it.
        truth: Where the file goes that has a line a frame of what is covered; None: there is none.

    Attributes:
        encoding: How the frames are written, in words.
        frames: How many have been.
        truth: As given.
    """

    encoding: str

    def __init__(self, out: Path, targets: Sequence[str], truth: str | None = None) -> None:
        self.frames = 0
        self.truth = truth
        self._out, self._targets = out, targets
        names = [*targets, *([] if truth is None else [truth])]
        self._numbers = {name: number for number, name in enumerate(names)}
        self._parts = out / PARTS / uuid.uuid4().hex
        self._parts.mkdir(parents=True)
        self._written: list[str] = []

        self._lines = None if truth is None else self._part(truth).open("w", encoding="utf-8")

    def write(
        self, image: UInt8[np.ndarray, "height width 3"], number: int, t_ms: float, truth: Mapping[str, Any]
    ) -> None:
        """Write one frame.

        Args:
            image: RGB.
            number: Among the source's frames.
            t_ms: Its time.
            truth: What is covered, plain JSON types.
        """
        self._write(image, number, t_ms)
        self.frames += 1
        if self._lines is not None:
            line = {"frame": number, "t_ms": round(t_ms, 3), **truth}
            self._lines.write(json.dumps(line, allow_nan=False) + "\n")

    @abstractmethod
    def _write(self, image: UInt8[np.ndarray, "height width 3"], number: int, t_ms: float) -> None:
        """Write the picture of one frame."""

    def commit(self) -> str:
        """Move the whole clip to its place and return its digest (see ``digest``)."""
        self._finish()
        if self._lines is not None and self.truth is not None:
            self._lines.close()
            self._written.append(self.truth)
        for name in self._written:
            target = self._out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            self._part(name).replace(target)
        return digest(self._out, self._written)

    @property
    def written(self) -> tuple[str, ...]:
        """The files of the copy, relative to its folder."""
        return tuple(self._written)

    @abstractmethod
    def _finish(self) -> None:
        """Close the pictures' files."""

    def _part(self, name: str) -> Path:
        return self._parts / f"{self._numbers[name]:06d}"

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lines is not None:
            with suppress(OSError):  # a full disk is told by what made it full
                self._lines.close()
        shutil.rmtree(self._parts, ignore_errors=True)


class PicturesWriter(ClipWriter):
    """Each frame a file: JPEG at quality 95, anything else without loss."""

    def __init__(self, out: Path, targets: Sequence[str], truth: str | None = None) -> None:
        super().__init__(out, targets, truth)
        names = {_encoding(Path(name).suffix.lower()) for name in targets}
        self.encoding = ", ".join(sorted(names))

    def _write(self, image: UInt8[np.ndarray, "height width 3"], number: int, t_ms: float) -> None:
        name = self._targets[number]
        self._part(name).write_bytes(encoded(image, Path(name).suffix.lower()))
        self._written.append(name)

    def _finish(self) -> None:
        """Each file is whole already."""


class VideoWriter(ClipWriter):
    """One video: H.264 at crf 10 with the frames' own times, or in AVI JPEG frames of the best quality.

    One thread and no time stamps of the writing, so that the same frames give the same bytes; x264's macroblock tree is
    off, as it reads memory that nobody has set (so found with glibc's ``MALLOC_PERTURB_``), for more bytes a frame.
    """

    def __init__(self, out: Path, targets: Sequence[str], fps: float, truth: str | None = None) -> None:
        super().__init__(out, targets, truth)
        self._suffix = Path(targets[0]).suffix.lower()
        self._fps = Fraction(fps if math.isfinite(fps) and 0 < fps <= 1000 else 25.0).limit_denominator(1001)
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._pts = -1
        self.encoding = "MJPEG, qscale 1" if self._suffix in MJPEG else "H.264, crf 10"

    def _write(self, image: UInt8[np.ndarray, "height width 3"], number: int, t_ms: float) -> None:
        if self._stream is None:
            self._open(image.shape[1], image.shape[0])
        assert self._stream is not None
        assert self._container is not None
        picture = av.VideoFrame.from_ndarray(_sized(image, self._stream.width, self._stream.height), "rgb24")
        if self._suffix in MJPEG:  # AVI knows an even rate only
            self._pts, picture.time_base = self._pts + 1, 1 / self._fps
        else:
            self._pts, picture.time_base = max(self._pts + 1, round(t_ms * _TICKS / 1000)), Fraction(1, _TICKS)
        picture.pts = self._pts
        self._container.mux(self._stream.encode(picture))

    def _open(self, width: int, height: int) -> None:
        self._written = [self._targets[0]]
        path, muxer = self._part(self._targets[0]), _MUXERS[self._suffix]
        self._container = av.open(str(path), "w", format=muxer, options={"fflags": "+bitexact"})
        even = width % 2 == 0 and height % 2 == 0
        if self._suffix in MJPEG:
            options = {"qmin": "1", "qmax": "1", "threads": "1", "flags": "+bitexact"}
            stream = self._container.add_stream("mjpeg", rate=self._fps, options=options)
            stream.pix_fmt = "yuvj420p" if even else "yuvj444p"
        else:
            options = {"preset": "veryfast", "crf": "10", "bf": "0", "threads": "1", "flags": "+bitexact"}
            options["x264-params"] = "mbtree=0"
            stream = self._container.add_stream("libx264", rate=self._fps, options=options)
            # An odd size cannot have colours at half the resolution; padding would move the apex frame's picture.
            stream.pix_fmt = "yuv420p" if even else "yuv444p"
            stream.codec_context.time_base = Fraction(1, _TICKS)
        stream.width, stream.height = width, height
        self._stream = stream

    def _finish(self) -> None:
        container, self._container = self._container, None
        if container is None or self._stream is None:
            return
        with container:
            container.mux(self._stream.encode())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._container is not None:
                self._container.close()
        finally:
            super().__exit__(kind, error, trace)


def encoded(image: UInt8[np.ndarray, "height width 3"], suffix: str) -> bytes:
    """Encode one RGB picture: JPEG at quality 95 without thinning the colours out, other formats without loss."""
    options = _JPEG if suffix in JPEG else _PNG if suffix == ".png" else []
    done, content = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    assert done
    return content.tobytes()


def truth_file(path: str) -> str:
    """Return where a clip's file of frames goes, relative to the copy."""
    return f"{TRUTHS}/{path}.jsonl"


def digest(root: Path, names: Iterable[str]) -> str:
    """Return the SHA-256 of a file, or of the list of names and SHA-256 sums of several.

    Raises:
        OSError: One of them cannot be read.
    """
    sums = [(name, _sha256(root / name)) for name in names]
    if len(sums) == 1:
        return sums[0][1]
    return hashlib.sha256("".join(f"{name}\0{total}\n" for name, total in sums).encode()).hexdigest()


def place_copy(source: Path, target: Path, parts: Path) -> None:
    """Copy a file as it is, whole or not at all."""
    parts.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = parts / f"copy-{os.getpid()}"
    shutil.copyfile(source, part)
    part.replace(target)


def _sha256(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def _encoding(suffix: str) -> str:
    return "JPEG, quality 95, 4:4:4" if suffix in JPEG else f"{suffix[1:].upper()}, lossless"


def _sized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Bring a frame that differs from the first one to its size; a stream has one size only."""
    if image.shape[:2] == (height, width):
        return image
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
