"""What page and server say to each other over the socket.

Text messages are JSON with a ``type``. Binary messages from the page are frames: the capture time, 8 bytes, a
little-endian float64 in ms, then a JPEG. Binary messages to the page are an envelope: the header's length, 4 bytes,
little-endian, the header as JSON, then a WAV (``speech``) or a JPEG (``step`` of a clip).
"""

from __future__ import annotations

import io
import math
import struct
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import UInt8
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from multimodal.errors import DecodeError

LARGEST_FRAME = 2_000_000
"""Bytes; a JPEG of 1280 x 720 has some 300,000."""

LARGEST_TEXT = 1_000
"""Characters of a message from the page."""

SIDES = (48, 1920)
"""The least and the most pixels of each side of a frame."""


class ProtocolError(ValueError):
    """A message that is none of those that the page may send; the text says what is wrong with it."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Start(_Message):
    """From the page: begin a stream of frames, or read the clip that was uploaded; another tab's stream ends.

    ``number`` is that of the page's last ``Quiet``, 0 before the first.
    """

    type: Literal["start"]
    source: Literal["camera", "clip"]
    clip: str | None = Field(default=None, max_length=64)
    number: int = Field(default=0, ge=0, le=2**31)


class Quiet(_Message):
    """From the page: stop speaking at once. Sentences that are decided later carry ``number``."""

    type: Literal["quiet"]
    number: int = Field(ge=0, le=2**31)


class End(_Message):
    """From the page: the camera is off, or the clip is not wanted any more."""

    type: Literal["end"]


Request = Start | Quiet | End
_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])


class Started(_Message):
    """To the page: frames are read now."""

    type: Literal["started"] = "started"
    source: str


class HandSeen(_Message):
    """A hand: x0, y0, x1, y1 in pixels of the frame, one of ``GESTURES``, 0 to 1."""

    box: tuple[float, float, float, float]
    gesture: str
    confidence: float


class Seen(_Message):
    """To the page: what is drawn over a frame.

    Attributes:
        index, t_ms: The frame's number and time since the stream's start.
        width, height: Its size in pixels.
        face: Whether there is one.
        regions: Outline of each region in the order of ``REGIONS``, pixels of the frame; empty without a face.
        visibility: Of each region, 0 hidden to 1 free; empty without a face.
        attention: Of each region, 0 to 1, in the frame in which an expression was named; empty otherwise.
        hands: The hands, the surest first.
        latency_ms: From having the frame to knowing all this.
        dropped: How many frames gave way to newer ones so far.
    """

    type: Literal["step"] = "step"
    index: int
    t_ms: float
    width: int
    height: int
    face: bool
    regions: list[list[tuple[float, float]]]
    visibility: list[float]
    attention: list[float]
    hands: list[HandSeen]
    latency_ms: float
    dropped: int


class Event(_Message):
    """To the page: a row of the story, the same as in ``events.jsonl``."""

    type: Literal["event"] = "event"
    row: dict[str, Any]


class Caption(_Message):
    """To the page: what a decision says; ``spoken`` tells whether the voice says it too."""

    type: Literal["caption"] = "caption"
    t_ms: float
    text: str
    spoken: bool
    gesture: str | None
    affect: str
    confidence: float


class Speech(_Message):
    """To the page, before a WAV: a sentence's sound; ``number`` is that of the last ``Quiet``."""

    type: Literal["speech"] = "speech"
    text: str
    number: int
    seconds: float


class Notice(_Message):
    """To the page: something that the user should know, in one line.

    Attributes:
        kind: ``refused`` (a message or frame is wrong), ``voice``, ``failed`` (the stream has ended by an error).
        message: The line, with the remedy.
    """

    type: Literal["notice"] = "notice"
    kind: Literal["refused", "voice", "failed"]
    message: str


class Taken(_Message):
    """To the page: another tab reads frames now; another ``Start`` takes it back."""

    type: Literal["taken"] = "taken"


class Ended(_Message):
    """To the page: the stream is over."""

    type: Literal["ended"] = "ended"
    frames: int
    dropped: int
    truncated: bool


Answer = Started | Seen | Event | Caption | Speech | Notice | Taken | Ended


def parse(text: str) -> Request:
    """Return the page's message.

    Raises:
        ProtocolError: It is none.
    """
    if len(text) > LARGEST_TEXT:
        raise ProtocolError(f"a message has at most {LARGEST_TEXT} characters")
    try:
        return _REQUEST.validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise ProtocolError(f"not a message of this page: {where} {problem['msg'].lower()}".strip()) from error


def pack(answer: Answer, payload: bytes) -> bytes:
    """Return a binary message: header and payload in one."""
    header = answer.model_dump_json().encode()
    return struct.pack("<I", len(header)) + header + payload


def frame_time(content: bytes) -> float:
    """Return the capture time of a frame's message, ms.

    Raises:
        ProtocolError: It has no time, or one that is not finite.
    """
    if len(content) <= 8:
        raise ProtocolError("a frame is its time, 8 bytes, and a JPEG")
    t_ms = float(struct.unpack_from("<d", content)[0])
    if not math.isfinite(t_ms):
        raise ProtocolError("the time of a frame must be finite")
    return t_ms


def frame_image(content: bytes) -> UInt8[np.ndarray, "height width 3"]:
    """Return the picture of a frame's message, RGB, 0 to 255.

    Its size is read before anything is unpacked, so that a small message cannot fill the memory.

    Raises:
        DecodeError: It is no whole JPEG, or its sides are not within ``SIDES``.
    """
    from PIL import Image, UnidentifiedImageError

    unreadable = (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, ImportError)
    try:  # ImportError: where Ultralytics is loaded, its own opener asks for more packages
        with Image.open(io.BytesIO(content[8:]), formats=["JPEG"]) as picture:
            if not all(SIDES[0] <= side <= SIDES[1] for side in picture.size):
                raise DecodeError(f"a frame's sides have {SIDES[0]} to {SIDES[1]} pixels: choose another camera size")
            return np.array(picture.convert("RGB"), np.uint8)
    except unreadable as error:
        raise DecodeError("a frame is no whole JPEG: reload the page") from error
