"""Frame -> hands with the names of their signs: the detector finds and names, the skeleton confirms or corrects.

In photos both look at every picture. In live video the skeleton follows the hand, in every second frame: in between,
the last reading stands. The detector looks anew every few frames, when the skeleton has just lost the hand, and while
it sees one that the skeleton does not. While no hand is about, the skeleton searches only every few frames.

Live, of several hands the speaker's counts (``gesture.speaker``). Where the skeleton follows another one, it lets go
and searches a picture in which the others are painted over.
"""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType

import numpy as np
from jaxtyping import UInt8
from pydantic import Field

from multimodal import weights
from multimodal.config import Config
from multimodal.gesture.detector import WEIGHTS as DETECTOR_WEIGHTS
from multimodal.gesture.detector import Detection, HandDetector
from multimodal.gesture.hands import HandTracker, Skeleton
from multimodal.gesture.merge import Merge, Opinion, combine, match
from multimodal.gesture.sharpness import sharpness
from multimodal.gesture.skeleton import WEIGHTS as SKELETON_WEIGHTS
from multimodal.gesture.skeleton import load_skeleton, normalise
from multimodal.gesture.speaker import Box, choose, painted_over
from multimodal.results import FaceObservation, Frame, GestureResult, Hand
from multimodal.timings import Timings

_GAP_MS = 1000.0


class GestureConfig(Config):
    """How hands are read.

    Attributes:
        detector, skeleton: Weights: shipped names, or paths with their cards beside them.
        threshold: Least score of a hand that the detector alone sees, 0 to 1.
        suppression: IoU above which the worse of two detections is dropped.
        pairing: Least IoU of a detection and a skeleton of the same hand.
        min_confidence: MediaPipe's least confidence, 0 to 1.
        photo_hands, live_hands: At most so many skeletons in a photo, or in a frame of live video. Searching for a
            second hand in every live frame costs twice the time.
        detect_every: Live: the detector looks at every so many frames at least.
        track_every: Live: the skeleton follows a hand in every so many frames; a reading stands for at most so long.
        search_every: Live: while no hand is about, the skeleton searches at every so many frames.
    """

    detector: str = DETECTOR_WEIGHTS
    skeleton: str = SKELETON_WEIGHTS
    threshold: float = Field(default=0.25, ge=0, le=1)
    suppression: float = Field(default=0.5, ge=0, le=1)
    pairing: float = Field(default=0.3, gt=0, le=1)
    min_confidence: float = Field(default=0.3, ge=0, le=1)
    photo_hands: int = Field(default=2, ge=1)
    live_hands: int = Field(default=1, ge=1)
    detect_every: int = Field(default=6, ge=1)
    track_every: int = Field(default=2, ge=1)
    search_every: int = Field(default=3, ge=1)


class GestureReader:
    """Reads the hands of one stream; a context manager.

    Args:
        config: How.
        live: Whether the frames follow each other in time; otherwise every one is a photo of its own.
        timings: Where the times of the detector and of the skeleton are counted; None: nowhere.

    Raises:
        MissingError: Weights are missing or damaged; told before anything heavy is imported.
    """

    def __init__(self, config: GestureConfig | None = None, live: bool = True, timings: Timings | None = None) -> None:
        self.config = config or GestureConfig()
        self.live = live
        self._timings = timings or Timings()
        weights.find(self.config.detector)
        self._classifier = load_skeleton(self.config.skeleton)
        self._detector = HandDetector(self.config.detector, self.config.threshold, self.config.suppression)
        self.merge = Merge.from_card(self._detector.card.meta)
        hands = self.config.live_hands if live else self.config.photo_hands
        self._tracker = HandTracker(live, hands, self.config.min_confidence)
        self._last_ms: float | None = None
        self._hands: tuple[Hand, ...] = ()
        self._forget()

    def read(self, frame: Frame, speaker: FaceObservation | None = None) -> GestureResult:
        """Return the frame's hands: of a photo the surest first; of live video the speaker's, what counts first.

        A live stream that jumps back, or by more than a second, starts anew.

        Args:
            frame: RGB.
            speaker: Live: the face of the one who speaks, of this frame or one shortly before; None: not known.
        """
        if self.live and self._last_ms is not None and not 0 <= frame.t_ms - self._last_ms <= _GAP_MS:
            self.reset()
        self._last_ms = frame.t_ms
        if self.live and self._tracked and self._count % self.config.track_every:
            self._count += 1
            return GestureResult(frame.index, frame.t_ms, self._hands)
        detections, opinions = self._look_live(frame.image) if self.live else self.look(frame.image)
        hands = combine(detections, opinions, self.merge, self.config.pairing)
        if self.live:
            hands = self._speakers(hands, speaker)
        self._hands = tuple(replace(hand, sharpness=sharpness(frame.image, hand.box)) for hand in hands)
        return GestureResult(frame.index, frame.t_ms, self._hands)

    def look(self, image: UInt8[np.ndarray, "height width 3"]) -> tuple[list[Detection], list[Opinion]]:
        """Return what each part alone sees in a picture, unmerged."""
        return self.detections(image), self.opinions(image)

    def detections(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Detection]:
        """Return what the detector alone sees, the surest first."""
        with self._timings.measure("hands: detector"):
            return self._detector.find(image)

    def opinions(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Opinion]:
        """Return what the skeleton alone sees; live, in the frame after the last one given."""
        with self._timings.measure("hands: skeleton"):
            return [self._opinion(hand, image.shape) for hand in self._tracker.find(image)]

    def _opinion(self, hand: Skeleton, shape: tuple[int, ...]) -> Opinion:
        embedding = self._classifier.embed(normalise(hand)[None])
        logs = self._classifier.classify(embedding)[0].astype(np.float64)
        return Opinion(hand, logs, embedding[0], hand.box(shape[1], shape[0]))

    def reset(self) -> None:
        """Forget what was seen, as after a gap in the signal."""
        self._tracker.reset()
        self._forget()

    def close(self) -> None:
        """Free the tracker; closing twice is harmless."""
        self._tracker.close()

    def __enter__(self) -> GestureReader:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _forget(self) -> None:
        self._last_ms = None
        self._count = 0
        self._next_look = 0
        self._tracked = False
        self._unconfirmed = False
        self._seen: list[Detection] = []
        self._followed: Box | None = None
        self._painted: list[Box] = []
        self._hands = ()

    def _speakers(self, hands: tuple[Hand, ...], speaker: FaceObservation | None) -> tuple[Hand, ...]:
        """Choose the hands that count, and turn the skeleton to the first where it follows another one."""
        chosen = choose(hands, speaker, self._followed)
        self._followed = chosen[0].box if chosen else None
        bare = bool(chosen) and chosen[0].landmarks is None
        if bare and self._tracked:
            self._tracker.reset()
            self._tracked, self._unconfirmed = False, True
        self._painted = [hand.box for hand in hands if hand is not chosen[0]] if bare else []
        return chosen

    def _look_live(self, image: UInt8[np.ndarray, "height width 3"]) -> tuple[list[Detection], list[Opinion]]:
        """Spend as little as will do: see the module's description.

        What the detector saw a few frames ago still counts as its opinion of a hand that the skeleton follows, but
        never as a hand of its own.
        """
        search = self._tracked or self._unconfirmed or self._count % self.config.search_every == 0
        opinions = self.opinions(painted_over(image, self._painted)) if search else []
        lost = self._tracked and not opinions
        look = lost or self._unconfirmed or self._count >= self._next_look
        if look:
            self._seen = self.detections(image)
            self._next_look = self._count + self.config.detect_every
        self._count += 1
        self._tracked = bool(opinions)
        self._unconfirmed = look and bool(self._seen) and not opinions
        return (self._seen if look else self._remembered(opinions)), opinions

    def _remembered(self, opinions: list[Opinion]) -> list[Detection]:
        """Return the detections of the last look that a skeleton still confirms."""
        pairs = match(self._seen, opinions, self.config.pairing)
        return [detection for detection, opinion in pairs if detection is not None and opinion is not None]
