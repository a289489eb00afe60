"""Opening a video container, and how many frames it should hold."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from jaxtyping import Float

from multimodal.errors import DecodeError

_LISTS = {"concat", "concatf", "hls", "dash"}
_SCAN_S = 1.0
_GAP_S = 0.1
_FALLBACK_FPS = 25.0


@dataclass(frozen=True)
class Nominal:
    """What a container promises.

    Attributes:
        frames: How many frames it should hold, or None where nobody can say.
        fps: Frames a second, above 0.
        counted: Whether ``frames`` is a count (of the container, or of its packets) and not duration times rate.
        end_s: When the picture should end, in seconds from its start, or None.
    """

    frames: int | None
    fps: float
    counted: bool
    end_s: float | None


def open_container(path: Path) -> tuple[InputContainer, VideoStream]:
    """Open a local video file; nothing else (network addresses, lists of further files) is followed.

    Returns:
        The container and its first stream of moving pictures.

    Raises:
        DecodeError: It is empty, no video, damaged beyond use, or holds sound only.
    """
    if path.stat().st_size == 0:
        raise DecodeError(f"{path} is empty: record or copy the file again")
    try:
        container = _open(path)
    except (av.FFmpegError, OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise DecodeError(
            f"{path} cannot be read as a video ({reason}): damaged, incomplete or no video; export it again as MP4"
        ) from error
    stream = _pictures(container)
    if stream is None:
        container.close()
        raise DecodeError(f"{path} holds no moving pictures: choose a file with a video track")
    return container, stream


def _open(path: Path, **options: str) -> InputContainer:
    try:
        return av.open(f"file:{path.absolute()}", options={"protocol_whitelist": "file"}, timeout=(2.0, 5.0), **options)
    except UnicodeDecodeError:
        # A title or tag is not UTF-8, which says nothing about the pictures.
        if options:
            raise
        return _open(path, metadata_errors="replace")


def _pictures(container: InputContainer) -> VideoStream | None:
    if container.format.name in _LISTS:
        return None
    moving = (stream for stream in container.streams.video if Disposition.attached_pic not in stream.disposition)
    return next(moving, None)


def nominal(path: Path, stream: VideoStream) -> Nominal:
    """Tell how many frames the file should hold.

    The container's own count comes first (MP4, AVI). Otherwise the packets are counted without decoding (Matroska,
    MPEG-TS, fragmented MP4), and what a declared length or a hole in an even stream says is missing is added.

    Args:
        path: The file; it is opened a second time for counting.
        stream: Its video stream.
    """
    fps = _rate(stream)
    end = _declared_end(stream)
    if stream.frames > 0:
        return Nominal(stream.frames, fps, True, end)
    times, reached = _scan(path)
    if times is None:
        return Nominal(round(end * fps) if end else None, fps, False, end)
    return Nominal(_promised(times, reached, fps), fps, True, end)


def _rate(stream: VideoStream) -> float:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        value = float(rate) if rate else 0.0
        if math.isfinite(value) and 0.0 < value <= 1000.0:
            return value
    return _FALLBACK_FPS


def _declared_end(stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    try:
        hours, minutes, seconds = (float(part) for part in stream.metadata.get("DURATION", "").split(":"))
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds


def _scan(path: Path) -> tuple[Float[np.ndarray, "packets"] | None, float | None]:
    """Return the sorted times of all picture packets, and how long before its declared end the file stops, in seconds.

    The times are None where the scan took too long. The second value is None where no length is declared, else it
    looks at all streams, since sound may go on longer than the picture.
    """
    container, stream = open_container(path)
    times: list[float] = []
    last = 0.0
    deadline = time.monotonic() + _SCAN_S
    with container:
        try:
            for packet in container.demux():
                if packet.pts is None or not packet.size:
                    continue
                start = float(packet.pts * packet.time_base)
                last = max(last, start + float((packet.duration or 0) * packet.time_base))
                if packet.stream.index == stream.index:
                    times.append(start)
                if time.monotonic() > deadline:
                    return None, None
        except (av.FFmpegError, OSError):
            pass  # What could be read is counted; the decoder meets the same error and reports it.
        declared = container.duration
    return np.sort(np.array(times, np.float64)), declared / av.time_base - last if declared else None


def _promised(times: Float[np.ndarray, "packets"], missing_s: float | None, fps: float) -> int | None:
    """Count packets, plus the frames that long holes in an even stream, or an early end, tell are missing."""
    if len(times) < 2:
        return len(times) or None
    steps = np.diff(times)
    step = float(np.median(steps))
    even = step > 0 and np.mean(np.abs(steps - step) < 0.25 * step) > 0.9
    if not even:
        step = float(np.mean(steps)) or 1.0 / fps
    holes = steps[steps > max(_GAP_S, 2.5 * step)] if even else np.zeros(0)
    missing = sum(round(hole / step) - 1 for hole in holes)
    if missing_s is not None and missing_s > max(_GAP_S, 2 * step):
        missing += max(1, round(missing_s / step))
    return len(times) + missing
