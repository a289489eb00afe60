"""The result types in which the rooms talk to each other: one frozen dataclass a room.

Conventions that hold for all of them:

* images are ``uint8 [height, width, 3]``, RGB; pixel coordinates are ``(x, y)``, x to the right, y down, origin at
  the centre of the top left pixel;
* left and right are those of the *picture*, not of the person in it;
* optical flow: u to the right is positive, v down is positive; lengths in percent of the distance between the eyes;
* time: milliseconds since the start of the source; angles: degrees;
* ``to_dict()`` gives plain JSON types, with the type's schema version under ``schema``; it leaves out pixels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, UInt8

REGIONS: tuple[str, ...] = (
    "brow_outer_left",
    "brow_inner_left",
    "brow_inner_right",
    "brow_outer_right",
    "eye_left",
    "eye_right",
    "nose_left",
    "nose_right",
    "mouth_corner_left",
    "mouth_corner_right",
    "upper_lip",
    "chin",
)
"""The twelve face regions, in the order of every per-region array."""

EXPRESSIONS: tuple[str, ...] = ("negative", "positive", "surprise")
"""The three MEGC 2019 classes, in the order of their labels 0, 1, 2."""

OBJECTIVE_CLASSES: tuple[str, ...] = ("I", "II", "III", "IV", "V")
"""The five objective classes of MEGC 2018 (Davison et al. 2018)."""

ACTION_UNITS: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17)
"""The twelve FACS action units of the action-unit head."""

AFFECTS: tuple[str, ...] = ("none", *EXPRESSIONS)
"""What the expression channel can say to a listener: nothing seen, or one of the three classes."""

GESTURES: tuple[str, ...] = (
    "call",
    "dislike",
    "fist",
    "four",
    "like",
    "mute",
    "ok",
    "one",
    "palm",
    "peace",
    "peace_inverted",
    "rock",
    "stop",
    "stop_inverted",
    "three",
    "three2",
    "two_up",
    "two_up_inverted",
    "no_gesture",
)
"""HaGRID v1's names, in its order."""


class Result:
    """What all result types share: a schema version and ``to_dict``."""

    schema: ClassVar[int] = 1
    _hidden: ClassVar[tuple[str, ...]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types (numbers, strings, lists, dicts, None), without images."""
        assert dataclasses.is_dataclass(self)
        row: dict[str, Any] = {"schema": self.schema}
        for item in dataclasses.fields(self):
            if item.name not in self._hidden:
                row[item.name] = _plain(getattr(self, item.name))
        return row


def _plain(value: object) -> Any:
    if isinstance(value, Result):
        return value.to_dict()
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value


@dataclass(frozen=True)
class Frame(Result):
    """One picture of a source.

    Attributes:
        image: RGB, 0 to 255.
        index: Number of the frame in its source, from 0; frames that were dropped leave a gap in the numbers.
        t_ms: Time since the start of the source.
        source: What it came from: a file's path, or ``camera:0``.
    """

    _hidden: ClassVar[tuple[str, ...]] = ("image",)
    image: UInt8[np.ndarray, "height width 3"]
    index: int
    t_ms: float
    source: str


@dataclass(frozen=True)
class FaceObservation(Result):
    """What was seen of a face in one frame.

    Attributes:
        index: The frame's number.
        t_ms: The frame's time.
        success: Whether a face was found. If not, the arrays are None: nothing is invented.
        confidence: How sure the landmarks are, 0 to 1; 0 without a face.
        landmarks: MediaPipe's 468 points, pixels of the frame: x, y and depth z (same scale, towards the camera
            negative).
        pose: yaw, pitch, roll of the head in degrees. Positive: turned to the picture's right, looking down,
            turned clockwise in the picture.
        eye_distance: Distance between the centres of the eyes, pixels.
        visibility: How much of each region can be seen, 0 hidden to 1 free, in the order of ``REGIONS``.
        person: Number of the person, from 0; another number means that another face is followed now. Whoever comes
            back after a second or more counts as another.
        others: Boxes of the other faces, x0, y0, x1, y1 in pixels, as of when the picture was last searched for them.
    """

    index: int
    t_ms: float
    success: bool
    confidence: float = 0.0
    landmarks: Float[np.ndarray, "468 3"] | None = field(default=None, repr=False)
    pose: tuple[float, float, float] | None = None
    eye_distance: float | None = None
    visibility: Float[np.ndarray, "12"] | None = None
    person: int = 0
    others: tuple[tuple[float, float, float, float], ...] = ()

    _hidden: ClassVar[tuple[str, ...]] = ("landmarks", "others")


@dataclass(frozen=True)
class FlowClip(Result):
    """Facial motion over a short window, on the canonical face, relative to the window's onset frame.

    Attributes:
        flow: ``[time, 3, height, width]``: u, v in percent of the distance between the eyes, and strain. The remaining
            rigid motion is already removed. The onset frame itself (all zero) is not part of it.
        t_ms: ``[time]``, time of each flow map's frame.
        onset_ms: Time of the onset frame.
        visibility: ``[12]``, the least visibility of each region over the window, 0 to 1.
    """

    flow: Float[np.ndarray, "time 3 height width"] = field(repr=False)
    t_ms: Float[np.ndarray, "time"]
    onset_ms: float
    visibility: Float[np.ndarray, "12"]

    _hidden: ClassVar[tuple[str, ...]] = ("flow",)


@dataclass(frozen=True)
class Motion(Result):
    """How strongly each region of the face moves, one frame against the window's anchor frame.

    Attributes:
        index, t_ms: The frame's number and time.
        energy: ``[12]``, mean length of each region's residual flow, percent of the distance between the eyes.
        visibility: ``[12]``, 0 to 1.
        anchor_ms: Time of the frame that it was measured against.
    """

    index: int
    t_ms: float
    energy: Float[np.ndarray, "12"]
    visibility: Float[np.ndarray, "12"]
    anchor_ms: float


@dataclass(frozen=True)
class ExpressionResult(Result):
    """A micro-expression that was spotted and named.

    Attributes:
        onset_ms, apex_ms, offset_ms: When it began, was strongest, and was over.
        affect: One of ``EXPRESSIONS``, or ``none`` where too little of the face can be seen.
        confidence: Calibrated probability of ``affect``, 0 to 1.
        probabilities: ``[3]`` over ``EXPRESSIONS``, sums to 1.
        objective: ``[5]`` over ``OBJECTIVE_CLASSES``, sums to 1.
        action_units: ``[12]`` over ``ACTION_UNITS``, each 0 to 1 on its own.
        attention: ``[12]`` over ``REGIONS``, 0 to 1: how far each region was listened to.
        visibility: ``[12]`` over ``REGIONS``, 0 to 1.
        embedding: ``[64]``, the vector of the face from which all that was named.
    """

    onset_ms: float
    apex_ms: float
    offset_ms: float
    affect: str
    confidence: float
    probabilities: Float[np.ndarray, "3"]
    objective: Float[np.ndarray, "5"]
    action_units: Float[np.ndarray, "12"]
    attention: Float[np.ndarray, "12"]
    visibility: Float[np.ndarray, "12"]
    embedding: Float[np.ndarray, "64"] = field(repr=False)

    _hidden: ClassVar[tuple[str, ...]] = ("embedding",)


@dataclass(frozen=True)
class Hand(Result):
    """One hand in one frame.

    Attributes:
        box: x0, y0, x1, y1 in pixels of the frame.
        gesture: One of ``GESTURES``.
        confidence: Probability of ``gesture`` after both opinions, 0 to 1.
        probabilities: ``[19]`` over ``GESTURES``, sums to 1.
        origin: ``detector``, ``skeleton`` or ``both``: whose opinion it is.
        landmarks: MediaPipe's 21 hand points, pixels of the frame (x, y), or None.
        embedding: ``[64]``, the vector of the hand from which its skeleton was named; zero where none was found.
        sharpness: How sharp the picture of the hand is, 0 to 1, see ``gesture.sharpness``.
    """

    box: tuple[float, float, float, float]
    gesture: str
    confidence: float
    probabilities: Float[np.ndarray, "19"] = field(repr=False)
    origin: str = "both"
    landmarks: Float[np.ndarray, "21 2"] | None = field(default=None, repr=False)
    embedding: Float[np.ndarray, "64"] = field(default_factory=lambda: np.zeros(64, np.float32), repr=False)
    sharpness: float = field(default=1.0, repr=False)

    _hidden: ClassVar[tuple[str, ...]] = ("embedding", "landmarks", "probabilities", "sharpness")


@dataclass(frozen=True)
class GestureResult(Result):
    """The hands of one frame, the surest first; none is an empty tuple."""

    index: int
    t_ms: float
    hands: tuple[Hand, ...] = ()


@dataclass(frozen=True)
class Decision(Result):
    """What both channels together mean.

    Attributes:
        t_ms: When it was decided.
        gesture: One of ``GESTURES``, or None where no sign was seen.
        affect: One of ``AFFECTS``.
        confidence: Calibrated probability that gesture and affect are both right, 0 to 1.
        sure: Whether it is sure enough to be spoken.
        sentence: What it means, from the lexicon; None where there is nothing to say.
        weights: How far each channel was listened to, ``{"gesture": .., "expression": ..}``, sums to 1.
        asks: Whether it waits for the confirming sign; then it is not sure, however probable.
    """

    t_ms: float
    gesture: str | None
    affect: str
    confidence: float
    sure: bool
    sentence: str | None
    weights: Mapping[str, float]
    asks: bool = False


@dataclass(frozen=True)
class Utterance(Result):
    """A sentence that was spoken.

    Attributes:
        t_ms: When it was decided, in the source's time.
        text: The sentence.
        gesture, affect, confidence: The decision behind it.
        engine: The speech engine's name.
        seconds: Length of the sound.
        latency_ms: From the decision to the first sound being ready, wall time; None where nothing sounded.
    """

    t_ms: float
    text: str
    gesture: str | None
    affect: str
    confidence: float
    engine: str
    seconds: float
    latency_ms: float | None
