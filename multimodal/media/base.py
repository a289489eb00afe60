"""What every source of frames has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Literal

from multimodal.results import Frame

Kind = Literal["camera", "video", "images"]


class Source(ABC):
    """An iterator of frames that also is a context manager; leaving it frees the camera or file.

    Attributes:
        name: What the user gave: a path, a pattern, ``camera:0`` or ``sample``.
        kind: ``camera``, ``video`` or ``images``.
        fps: Nominal frames a second; for pictures, how many are shown a second.
        width, height: Size of the first frame in pixels, after rotation; later pictures may differ.
        frames_expected: How many frames there should be, or None where nobody knows.
        independent: Whether each frame is a scene of its own (photos), so that nothing may be tracked across frames.
        truncated: Known after the iteration: fewer frames came than there should have been.
        decode_errors: How many packets or pictures could not be decoded so far.
        codec: FFmpeg's name of a video's coding, such as ``h264``; empty otherwise.
        bit_rate: Of a video's picture, bits a second; 0 where nobody knows.
        dropped: How many frames were passed over because the consumer was slower than the camera.
    """

    def __init__(
        self,
        *,
        name: str,
        kind: Kind,
        fps: float,
        width: int,
        height: int,
        frames_expected: int | None = None,
        independent: bool = False,
    ) -> None:
        self.name = name
        self.kind: Kind = kind
        self.fps = fps
        self.width = width
        self.height = height
        self.frames_expected = frames_expected
        self.independent = independent
        self.truncated = False
        self.decode_errors = 0
        self.codec = ""
        self.bit_rate = 0

    @property
    def dropped(self) -> int:
        """Frames passed over so far; only a camera drops any."""
        return 0

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames in their order; a second iteration goes on where the first one stopped."""

    @abstractmethod
    def close(self) -> None:
        """Free what is held; may be called twice."""

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def to_dict(self) -> dict[str, Any]:
        """Return what is known about the source as plain JSON types, for ``run.json``."""
        names = ("name", "kind", "fps", "width", "height", "frames_expected", "independent", "truncated")
        return {name: getattr(self, name) for name in (*names, "decode_errors", "dropped", "codec", "bit_rate")}
