"""Video files through PyAV: every frame that can be decoded, and the truth about those that cannot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from jaxtyping import UInt8

from multimodal.errors import DecodeError
from multimodal.media.base import Source
from multimodal.media.container import nominal, open_container
from multimodal.results import Frame

_FIRST_FRAME_S = 1.5
_LARGE = 1920 * 1088


class FileSource(Source):
    """A video file, upright and in RGB, with the time stamps of its container.

    Decode errors are caught and counted, and the number of decoded frames is compared with the nominal one, since a
    decoder alone may hand out less than half of a damaged file without a word. Frames that the decoder flags as
    corrupt are left out: their motion would be an invention.

    Args:
        path: A local file.
        name: What to call it; the path by default.

    Raises:
        DecodeError: It is there but not one frame of it can be decoded.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        self._container, self._stream = open_container(path)
        # One thread is quick enough and decodes damage the same way each time; some FFmpeg builds deadlock with slices.
        large = self._stream.codec_context.width * self._stream.codec_context.height > _LARGE
        self._stream.thread_type = "FRAME" if large else "NONE"
        self._nominal = nominal(path, self._stream)
        self._path = str(path)
        self._skipped = self._present = 0
        super().__init__(name=name or str(path), kind="video", fps=self._nominal.fps, width=0, height=0)
        self.frames_expected = self._nominal.frames
        self.codec = self._stream.codec_context.name
        self.bit_rate = self._stream.bit_rate or 0
        self._frames = self._read()
        self._first = next(self._frames, None)
        if self._first is None:
            self.close()
            raise DecodeError(f"{path}: not one frame can be decoded; the file is damaged: export or copy it again")
        self.height, self.width = self._first.image.shape[:2]

    def __iter__(self) -> Iterator[Frame]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._frames

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _read(self) -> Iterator[Frame]:
        count, origin, previous = 0, None, 0.0
        for picture in self._decoded():
            stamp = _stamp(picture)
            origin = stamp if origin is None else origin
            t_ms = 0.0 if count == 0 else _time(stamp, origin, previous, 1000.0 / self.fps)
            yield Frame(_upright(picture), count, t_ms, self._path)
            count, previous = count + 1, t_ms
        self._conclude(count, previous / 1000.0)

    def _decoded(self) -> Iterator[VideoFrame]:
        packets = self._container.demux(self._stream)
        deadline: float | None = time.monotonic() + _FIRST_FRAME_S
        while deadline is None or time.monotonic() < deadline:
            try:
                packet = next(packets)
                self._skipped += bool(packet.size and packet.is_discard)
                self._present += bool(packet.size and not packet.is_discard)
                pictures = packet.decode()
            except StopIteration:
                return
            except (av.FFmpegError, OSError):
                self.decode_errors += 1
                continue
            for picture in pictures:
                if picture.is_corrupt:
                    self.decode_errors += 1
                else:
                    deadline = None
                    yield picture

    def _conclude(self, count: int, last_s: float) -> None:
        expected, counted = self._nominal.frames, self._nominal.counted
        reaches_end = last_s >= (self._nominal.end_s or 0.0) - max(0.25, 3 / self.fps)
        if expected is None or not counted:
            self.truncated = self.decode_errors > 0 or not reaches_end
        elif self._trimmed(count, last_s):
            self.frames_expected = count
        else:
            # Packets that an edit list hides are decoded for reference only; they were never meant to be shown.
            self.frames_expected = max(expected - self._skipped, count)
            self.truncated = count < self.frames_expected

    def _trimmed(self, count: int, last_s: float) -> bool:
        """Tell a trimmed MP4, whose edit list hides samples that it still counts, from one that is cut short."""
        whole = self.decode_errors == 0 and self._present == count
        reaches_end = last_s + 1.5 / self.fps >= (self._nominal.end_s or float("inf"))
        return "mov" in self._container.format.name and whole and reaches_end


def _stamp(picture: VideoFrame) -> float | None:
    if picture.pts is None or not picture.time_base:
        return None
    return float(picture.pts * picture.time_base) * 1000.0


def _time(stamp: float | None, origin: float | None, previous: float, step: float) -> float:
    """Return the time of a frame in ms: by its stamp, or one step on where the stamp is missing or does not advance."""
    if stamp is not None and origin is not None and stamp - origin > previous:
        return stamp - origin
    return previous + step


def _upright(picture: VideoFrame) -> UInt8[np.ndarray, "height width 3"]:
    image = picture.to_ndarray(format="rgb24")
    # The display matrix turns counter-clockwise, and so does rot90.
    turns = round(picture.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image
