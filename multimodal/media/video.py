"""Annotated video: H.264 in a fragmented MP4, which stays readable when the process is killed."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from jaxtyping import UInt8

_TICKS = 90_000
_FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}


class VideoSink:
    """Writes pictures with their times; about once a second a fragment is finished, so a killed process loses the last.

    The first picture sets the size; odd sizes are padded by a row or column, later pictures of another size are fitted
    in.

    Args:
        path: The file (``.mp4``); its folder is made if need be. It comes to be with the first picture.
        fps: The source's frames a second, for the time of a single frame; the pictures' own times win.
        crf: Quality of H.264, 0 (lossless) to 51.
    """

    def __init__(self, path: Path, fps: float, crf: int = 23) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.frames = 0
        self._fps = fps if math.isfinite(fps) and 0 < fps <= 240 else 25.0
        self._crf = crf
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._pts = -1

    def write(self, image: UInt8[np.ndarray, "height width 3"], t_ms: float) -> None:
        """Write one RGB picture, shown from ``t_ms`` on; times must not go back."""
        if self._container is None or self._stream is None:
            self._open(image.shape[1] + image.shape[1] % 2, image.shape[0] + image.shape[0] % 2)
        assert self._container is not None
        assert self._stream is not None
        picture = av.VideoFrame.from_ndarray(fitted(image, self._stream.width, self._stream.height), "rgb24")
        self._pts = max(self._pts + 1, round(t_ms * _TICKS / 1000.0))
        picture.pts = self._pts
        picture.time_base = Fraction(1, _TICKS)
        self._container.mux(self._stream.encode(picture))
        self.frames += 1

    def _open(self, width: int, height: int) -> None:
        self._container = av.open(str(self.path), "w", format="mp4", options=_FRAGMENTED)
        rate = Fraction(self._fps).limit_denominator(1001)
        options = {"preset": "superfast", "tune": "zerolatency", "crf": str(self._crf)}
        stream = self._container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        stream.codec_context.gop_size = max(1, round(self._fps))
        stream.codec_context.thread_count = 1
        self._stream = stream

    def close(self) -> None:
        """Finish the last fragment; may be called twice."""
        container, self._container = self._container, None
        if container is None or self._stream is None:
            return
        with container:
            container.mux(self._stream.encode())

    def __enter__(self) -> VideoSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def fitted(image: UInt8[np.ndarray, "h w 3"], width: int, height: int) -> UInt8[np.ndarray, "height width 3"]:
    """Bring a picture to a size: one pixel missing is repeated from the edge, else it is scaled and framed in black."""
    rows, columns = image.shape[:2]
    if 0 <= height - rows <= 1 and 0 <= width - columns <= 1:
        return np.pad(image, ((0, height - rows), (0, width - columns), (0, 0)), mode="edge")
    scale = min(width / columns, height / rows)
    size = (max(1, min(width, round(columns * scale))), max(1, min(height, round(rows * scale))))
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return canvas
