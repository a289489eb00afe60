"""The live path with rooms that take no time: what they see is written into the frames. All between them is real."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from multimodal.expression.spotting import MicroExpressionSpotter
from multimodal.fusion.decide import Meaning
from multimodal.live import Live, LiveConfig, load_live_config
from multimodal.media.base import Source
from multimodal.results import (
    EXPRESSIONS,
    GESTURES,
    REGIONS,
    ExpressionResult,
    FaceObservation,
    FlowClip,
    Frame,
    GestureResult,
    Hand,
    Motion,
)

STEP_MS = 1000 / 30
SMILE_MS = (233.0, 200.0)
"""How long the light face takes to smile, and to stop."""

_ONES = np.ones(len(REGIONS), np.float32)


def picture(sign: int = -1, smile: float = 0.0, number: int = 0) -> np.ndarray:
    """Return a small picture in which stand a sign (its place in ``GESTURES``; -1 none), a smile 0 to 1, a number."""
    image = np.zeros((16, 24, 3), np.uint8)
    image[0, 0] = (sign + 1, round(255 * smile), number % 256)
    return image


class ScriptedSource(Source):
    """Hands out pictures with the times that it is given."""

    def __init__(self, frames: Iterable[tuple[float, np.ndarray]], kind: str = "video") -> None:
        super().__init__(name="script", kind=kind, fps=30.0, width=24, height=16)  # type: ignore[arg-type]
        self._frames = frames
        self.closed = False

    def __iter__(self) -> Iterator[Frame]:
        for index, (t_ms, image) in enumerate(self._frames):
            yield Frame(image, index, t_ms, "script")

    def close(self) -> None:
        self.closed = True


class LightHands:
    """Reads the sign off the first grey value of the picture; 0 is none."""

    def __init__(self) -> None:
        self.resets = 0

    def read(self, frame: Frame, speaker: FaceObservation | None) -> GestureResult:
        sign = self.sign(frame.image)
        if sign < 0:
            return GestureResult(frame.index, frame.t_ms)
        probabilities = np.full(len(GESTURES), 0.1 / 18, np.float32)
        probabilities[sign] = 0.9
        return GestureResult(frame.index, frame.t_ms, (Hand((2.0, 2.0, 9.0, 9.0), GESTURES[sign], 0.9, probabilities),))

    def sign(self, image: np.ndarray) -> int:
        return int(image[0, 0, 0]) - 1

    def reset(self) -> None:
        self.resets += 1


class LightFaces:
    """Sees a face in every frame."""

    def __init__(self) -> None:
        self.resets = 0

    def track(self, frame: Frame, covers: list[np.ndarray]) -> FaceObservation:
        return FaceObservation(frame.index, frame.t_ms, True, 1.0, None, (0.0, 0.0, 0.0), 5.0, _ONES)

    def reset(self) -> None:
        self.resets += 1


class LightWindow:
    """Reads the smile as motion of the mouth."""

    def __init__(self) -> None:
        self.resets = 0

    def push(self, frame: Frame, face: FaceObservation) -> Motion:
        energy = np.array([name.startswith(("mouth", "upper")) for name in REGIONS], np.float32)
        grain = 0.02 * (1 + np.sin(frame.index))
        return Motion(frame.index, frame.t_ms, grain + 2 * energy * frame.image[0, 0, 1] / 255, _ONES, 0.0)

    def clip(self, onset_ms: float, end_ms: float) -> FlowClip:
        return FlowClip(np.zeros((1, 3, 28, 28), np.float32), np.array([end_ms]), onset_ms, _ONES)

    def reset(self) -> None:
        self.resets += 1


class LightExpressions:
    """Takes every movement for a positive one."""

    def read(self, clip: FlowClip, onset_ms: float, apex_ms: float, offset_ms: float) -> ExpressionResult:
        probabilities = np.array([0.05, 0.9, 0.05], np.float32)
        rest = (np.full(5, 0.2), _ONES / 2, _ONES, clip.visibility, np.zeros(64))
        return ExpressionResult(onset_ms, apex_ms, offset_ms, EXPRESSIONS[1], 0.9, probabilities, *rest)


def product(shown: Hand, felt: ExpressionResult | None) -> Meaning:
    """The product of both posteriors."""
    affect = (felt.affect, felt.confidence) if felt else ("none", 1.0)
    return Meaning(shown.gesture, shown.confidence, *affect, {"gesture": 0.5, "expression": 0.5})


class LightLive(Live):
    """``Live`` with light rooms; spotter, threads, decisions and timing are its own."""

    def _check_weights(self) -> None:
        """There are none."""

    def _build(self, stack: ExitStack) -> None:
        self._gestures, self._faces = LightHands(), LightFaces()  # type: ignore[assignment]
        self._window, self._expressions = LightWindow(), LightExpressions()  # type: ignore[assignment]
        self._spotter = MicroExpressionSpotter(self.config.expression.spotting)
        self._fuse = product  # type: ignore[assignment]
        self._face_thread = stack.enter_context(ThreadPoolExecutor(1, "face"))
        self._hand_thread = stack.enter_context(ThreadPoolExecutor(1, "hand"))


def light_config(*overrides: str) -> LiveConfig:
    """Return the shipped live config with an engine that says silence."""
    return load_live_config(None, ['speech.engine="null"', *overrides])


def talk(frames: int, hold: int = 30, rest: int = 15, start_ms: float = 0.0) -> Iterator[tuple[float, np.ndarray]]:
    """Yield frames of somebody who shows one sign after the other, smiling at every other one."""
    round_ = hold + rest
    for number in range(frames):
        turn, place = divmod(number, round_)
        sign = turn % (len(GESTURES) - 1) if place < hold else -1
        smile = _bump((place - rest) * STEP_MS) if turn % 2 else 0.0
        yield start_ms + number * STEP_MS, picture(sign, smile, number)


def _bump(t_ms: float) -> float:
    rise, fall = SMILE_MS
    return float(np.clip(min(t_ms / rise, (rise + fall - t_ms) / fall), 0, 1))


def readable(folder: Path) -> dict[str, object]:
    """Read all that a run has left and return its ``run.json``, its events under ``rows`` and its pictures' number."""
    import json
    import wave

    import av

    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    with wave.open(str(folder / "speech.wav")) as sound:
        sound.readframes(sound.getnframes())
    pictures = 0
    if (folder / "annotated.mp4").exists():
        with av.open(str(folder / "annotated.mp4")) as video:
            pictures = sum(1 for _ in video.decode(video=0))
    lines = (folder / "frames.csv").read_text(encoding="utf-8").splitlines()
    return {**run, "rows": rows, "pictures": pictures, "lines": len(lines) - 1}
