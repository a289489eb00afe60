"""The live path: frames in, one ``Step`` a frame out, with bounded latency.

The face and the hands of a frame are read side by side, each room in a thread of its own. For files, the next frame is
under way while this one is used; for a camera, nothing runs ahead, so that what is shown is what is there now.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from multimodal import weights
from multimodal.config import Config, load_config, shipped
from multimodal.expression.spotting import MicroExpressionSpotter, SpottingConfig
from multimodal.face.covers import hand_outlines
from multimodal.face.mesh import TrackerConfig
from multimodal.face.window import WindowConfig
from multimodal.fusion.decide import Decider, DecisionConfig
from multimodal.fusion.lexicon import Lexicon, choose_lexicon
from multimodal.fusion.prior import load_prior
from multimodal.gesture.reader import GestureConfig
from multimodal.media.gaps import GapWatch
from multimodal.media.prefetch import prefetch
from multimodal.results import Decision, ExpressionResult, FaceObservation, Frame, GestureResult, Motion
from multimodal.speech.config import SpeechConfig
from multimodal.timings import Timings

if TYPE_CHECKING:
    from multimodal.media.base import Source

LAG = 2
"""A face is judged with the hands of so many frames before, and hands with the face: the newest known when files are
decoded ahead. Callers that wait for each frame know newer ones, but the same frames must give the same rows whoever
pushes them."""


class ExpressionConfig(Config):
    """The expression room's share of the live config.

    Attributes:
        weights: Name or path of the expression weights.
        spotting: What counts as a micro-expression.
    """

    weights: str = "regional-synthetic"
    spotting: SpottingConfig = SpottingConfig()


class FusionConfig(Config):
    """The fusion room's share of the live config.

    Attributes:
        weights: Name or path of the fusion head's weights.
        language: Of the sentences.
        lexicon: A lexicon of the user's own, which lies over the shipped one.
        coupling: How far signs and affects are taken to go together, 0 to 1; None: as in ``configs/fusion/prior.yaml``.
        risk: The largest share of wrong answers; what is less sure is not said. None: ``decision`` alone says.
        decision: Timing and thresholds.
    """

    weights: str = "fusion-head"
    language: str = Field(default="en", min_length=1)
    lexicon: Path | None = None
    coupling: float | None = Field(default=None, ge=0, le=1)
    risk: float | None = Field(default=None, gt=0, lt=1)
    decision: DecisionConfig = DecisionConfig()


class LiveConfig(Config):
    """All that the live path can be told; ``configs/live.yaml`` is the shipped one."""

    face: TrackerConfig = TrackerConfig()
    window: WindowConfig = WindowConfig()
    expression: ExpressionConfig = ExpressionConfig()
    gesture: GestureConfig = GestureConfig()
    fusion: FusionConfig = FusionConfig()
    speech: SpeechConfig = SpeechConfig()

    def voice(self) -> SpeechConfig:
        """Return the speech room's share, with the lexicon's language where it names none."""
        return self.speech.model_copy(update={"language": self.speech.language or self.fusion.language})


def load_live_config(path: Path | None = None, overrides: list[str] | None = None) -> LiveConfig:
    """Read a live config, by default the shipped one.

    Raises:
        MissingError: There is no such file.
        UsageError: A key is unknown or a value is wrong.
    """
    return load_config(LiveConfig, path or shipped("live.yaml"), overrides or [])


@dataclass(frozen=True)
class Step:
    """All that is known after one frame.

    Attributes:
        frame: The frame.
        face: The face in it, or that there is none.
        motion: How the face moves; None without a face or before there is an anchor.
        expression: The expression that was spotted in this very frame.
        gesture: The hands.
        decision: What was decided in this very frame.
        gap_ms: How long the gap in the signal before this frame was (negative: a step back in time); None: there was
            none. After a gap everything begins anew.
        latency_ms: From having the frame to knowing all this, wall time.
    """

    frame: Frame
    face: FaceObservation
    motion: Motion | None
    expression: ExpressionResult | None
    gesture: GestureResult
    decision: Decision | None
    latency_ms: float
    gap_ms: float | None = None


FaceReading = tuple[FaceObservation, Motion | None, ExpressionResult | None]


@dataclass
class _Underway:
    frame: Frame
    begin: float
    gap_ms: float | None
    face: Future[FaceReading]
    gesture: Future[GestureResult]


class Live:
    """The rooms wired into one stream; a context manager.

    Args:
        config: See ``LiveConfig``.
        independent: The frames are pictures that have nothing to do with each other: no tracking, no motion, and each
            is decided on by itself.

    Raises:
        MissingError: Weights are missing or damaged. This is checked before anything heavy is loaded.
    """

    def __init__(self, config: LiveConfig, independent: bool = False) -> None:
        self.config, self.independent = config, independent
        self.timings = Timings()
        self._check_weights()
        lexicon = choose_lexicon(config.fusion.language, config.fusion.lexicon)
        self._stack = ExitStack()
        with ExitStack() as building:
            self._build(building)
            self._stack = building.pop_all()
        self._decider = Decider(self._decision(), self._fuse, lexicon)
        self._gaps = GapWatch()
        self._person: int | None = None
        self._before: deque[_Underway] = deque(maxlen=LAG)

    def _check_weights(self) -> None:
        gesture = self.config.gesture
        for name in (self.config.expression.weights, gesture.detector, gesture.skeleton, self.config.fusion.weights):
            weights.find(name)

    def _build(self, stack: ExitStack) -> None:
        from multimodal.expression.reader import ExpressionReader
        from multimodal.face.mesh import FaceTracker
        from multimodal.face.window import MotionWindow
        from multimodal.fusion.reader import FusionReader
        from multimodal.gesture.reader import GestureReader

        live = not self.independent
        self._gestures = stack.enter_context(GestureReader(self.config.gesture, live, self.timings))
        self._faces = stack.enter_context(FaceTracker(static=self.independent, config=self.config.face))
        self._window = MotionWindow(self.config.window)
        self._spotter = MicroExpressionSpotter(self.config.expression.spotting)
        self._expressions = ExpressionReader(self.config.expression.weights)
        fusion = self.config.fusion
        self._fuse = FusionReader(fusion.weights, load_prior(fusion.coupling))
        self._face_thread = stack.enter_context(ThreadPoolExecutor(1, "face"))
        self._hand_thread = stack.enter_context(ThreadPoolExecutor(1, "hand"))

    def _decision(self) -> DecisionConfig:
        """Return when something is decided, the stated risk turned into a confidence."""
        decision, risk = self.config.fusion.decision, self.config.fusion.risk
        if risk is None:
            return decision
        least = max(decision.min_confidence, self._fuse.least_confidence(risk))
        return decision.model_copy(update={"min_confidence": least})

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads and free the models."""
        self._stack.close()

    def steps(self, source: Source) -> Generator[Step, None, None]:
        """Read a source to its end, one ``Step`` a frame.

        Args:
            source: An opened source. A camera does not wait; files are decoded ahead.
        """
        ahead = 0 if source.kind == "camera" else 1
        queue: deque[_Underway] = deque()
        for frame in source if source.kind == "camera" else prefetch(source):
            queue.append(self._begin(frame))
            if len(queue) > ahead:
                yield self._finish(queue.popleft())
        while queue:
            yield self._finish(queue.popleft())

    def read(self, frame: Frame) -> Step:
        """Read one frame and wait for it; for callers that push frames themselves."""
        return self._finish(self._begin(frame))

    @property
    def lexicon(self) -> Lexicon:
        """The sentences that are said."""
        return self._decider.lexicon

    def speak_from(self, lexicon: Lexicon) -> None:
        """Take other sentences from the next decision on; what is held goes on."""
        self._decider.lexicon = lexicon

    def reset(self) -> None:
        """Forget the person: after a gap, or before another source. Frames that are still read are waited for."""
        for underway in self._before:
            wait((underway.face,))
            wait((underway.gesture,))
        self._gestures.reset()
        self._faces.reset()
        self._forget_motion()
        self._decider.reset()
        self._gaps.reset()
        self._before.clear()

    def _begin(self, frame: Frame) -> _Underway:
        begin = time.perf_counter()
        gap_ms = None if self.independent else self._gaps.push(frame.t_ms)
        if gap_ms is not None:
            self._before.clear()
        covers, speaker = self._known()
        face = self._face_thread.submit(self._read_face, frame, covers, gap_ms is not None)
        hands = self._hand_thread.submit(self._read_hands, frame, speaker, gap_ms is not None)
        underway = _Underway(frame, begin, gap_ms, face, hands)
        self._before.append(underway)
        return underway

    def _known(self) -> tuple[list[np.ndarray], FaceObservation | None]:
        """Return what an earlier frame tells of the next one: outlines of hands before the face, and whose hands count.

        Pictures tell nothing of each other.
        """
        if self.independent or len(self._before) < LAG:
            return [], None
        earlier = self._before[0]
        found = [hand.landmarks for hand in earlier.gesture.result().hands]
        covers = [outline for points in found if points is not None for outline in hand_outlines(points)]
        return covers, earlier.face.result()[0]

    def _finish(self, underway: _Underway) -> Step:
        face, motion, expression = underway.face.result()
        gesture = underway.gesture.result()
        if underway.gap_ms is not None:
            self._decider.reset()
        with self.timings.measure("decide"):
            decision = self._decide(underway.frame, gesture, expression)
        latency = 1e3 * (time.perf_counter() - underway.begin)
        return Step(underway.frame, face, motion, expression, gesture, decision, latency, underway.gap_ms)

    def _decide(self, frame: Frame, gesture: GestureResult, expression: ExpressionResult | None) -> Decision | None:
        if self.independent:
            return self._decider.single(frame.t_ms, gesture)
        return self._decider.push(frame.t_ms, gesture, expression)

    def _read_hands(self, frame: Frame, speaker: FaceObservation | None, anew: bool) -> GestureResult:
        if self.independent or anew:
            self._gestures.reset()
        with self.timings.measure("hands"):
            return self._gestures.read(frame, speaker)

    def _read_face(self, frame: Frame, covers: list[np.ndarray], anew: bool) -> FaceReading:
        if self.independent or anew:
            self._faces.reset()
        with self.timings.measure("face"):
            face = self._faces.track(frame, covers)
        if anew or not face.success or face.person != self._person:
            self._forget_motion()
        self._person = face.person
        if self.independent or not face.success:
            return face, None, None
        with self.timings.measure("motion"):
            motion = self._window.push(frame, face)
        return face, motion, self._spot(motion)

    def _spot(self, motion: Motion | None) -> ExpressionResult | None:
        if motion is None:
            self._spotter.reset()
            return None
        spotted = self._spotter.push(motion)
        if spotted is None:
            return None
        with self.timings.measure("expression"):
            clip = self._window.clip(spotted.onset_ms, spotted.apex_ms)
            return self._expressions.read(clip, spotted.onset_ms, spotted.apex_ms, spotted.offset_ms)

    def _forget_motion(self) -> None:
        self._window.reset()
        self._spotter.reset()
