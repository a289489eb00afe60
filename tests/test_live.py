"""The live path's own doing, with rooms that only note what they are given."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from light_rooms import STEP_MS, LightLive, ScriptedSource, light_config, picture

from multimodal.fusion.lexicon import Lexicon
from multimodal.live import LAG, Live, Step, load_live_config
from multimodal.results import GESTURES, FaceObservation, Frame, GestureResult, Hand


class FakeSource:
    def __init__(self, kind: str, frames: int) -> None:
        self.kind, self.frames = kind, frames

    def __iter__(self) -> Iterator[Frame]:
        return (Frame(np.zeros((9, 9, 3), np.uint8), index, 33.0 * index, "fake") for index in range(self.frames))


class HandAtFrame:
    """Sees a hand in every frame, its size the frame's number plus one."""

    def read(self, frame: Frame, speaker: FaceObservation | None) -> GestureResult:
        points = np.random.default_rng(0).random((21, 2)) * (frame.index + 1)
        flat = np.full(len(GESTURES), 1 / len(GESTURES))
        return GestureResult(frame.index, frame.t_ms, (Hand((0, 0, 9, 9), "ok", 0.1, flat, landmarks=points),))

    def reset(self) -> None:
        """Nothing is kept."""


class NotesCovers:
    """Sees no face, and notes how far the covers that it was given reach."""

    def __init__(self) -> None:
        self.reach: list[float] = []

    def track(self, frame: Frame, covers: list[np.ndarray]) -> FaceObservation:
        self.reach.append(float(max((np.ptp(cover) for cover in covers), default=0.0)))
        return FaceObservation(frame.index, frame.t_ms, False)

    def reset(self) -> None:
        """Nothing is kept."""


def reading(live: Live, source: Any) -> Iterable[Step]:
    return (live.read(frame) for frame in source)


def stepping(live: Live, source: Any) -> Iterable[Step]:
    return live.steps(source)


def reach(kind: str, way: Callable[[Live, Any], Iterable[Step]], independent: bool = False) -> list[float]:
    with Live(load_live_config(), independent=independent) as live:
        live._gestures, live._faces = HandAtFrame(), NotesCovers()
        assert [step.frame.index for step in way(live, FakeSource(kind, 7))] == list(range(7))
        return live._faces.reach


@pytest.fixture(scope="module")
def of_a_file() -> list[float]:
    return reach("video", stepping)


def test_a_face_is_judged_with_the_hands_of_two_frames_before(of_a_file: list[float]) -> None:
    grown = np.array(of_a_file[LAG:])
    assert of_a_file[:LAG] == [0, 0]
    np.testing.assert_allclose(grown, grown[0] * np.arange(1, 6), rtol=1e-4)


@pytest.mark.parametrize(("kind", "way"), [("camera", stepping), ("video", reading)])
def test_the_same_hands_whether_or_not_frames_are_begun_ahead(
    of_a_file: list[float], kind: str, way: Callable[[Live, Any], Iterable[Step]]
) -> None:
    assert reach(kind, way) == of_a_file


def test_pictures_lend_each_other_no_hands() -> None:
    assert not any(reach("images", stepping, independent=True))


def test_after_a_reset_the_hands_are_forgotten() -> None:
    with Live(load_live_config()) as live:
        live._gestures, live._faces = HandAtFrame(), NotesCovers()
        for number, frame in enumerate(FakeSource("video", 7)):
            if number == 4:
                live.reset()
            live.read(frame)
        assert [covered > 0 for covered in live._faces.reach] == [False, False, True, True, False, False, True]


def test_other_sentences_are_said_from_the_next_decision_on() -> None:
    ok = GESTURES.index("ok")
    with LightLive(light_config()) as live:
        assert live.lexicon.sentence("ok", "none") == "All right."
        live.speak_from(Lexicon(sentences={"ok": {"none": "Tea, please."}}))
        steps = live.steps(ScriptedSource((STEP_MS * number, picture(ok)) for number in range(45)))
        assert [step.decision.sentence for step in steps if step.decision] == ["Tea, please."]


class SlowHands(HandAtFrame):
    """Takes a tenth of a second, and notes what happens."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def read(self, frame: Frame, speaker: FaceObservation | None) -> GestureResult:
        time.sleep(0.1)
        self.notes.append("read")
        return super().read(frame, speaker)

    def reset(self) -> None:
        self.notes.append("reset")


def test_a_reset_waits_for_frames_that_are_still_read() -> None:
    with LightLive(light_config()) as live:
        live._gestures = hands = SlowHands()  # type: ignore[assignment]
        steps = live.steps(FakeSource("camera", 9))  # type: ignore[arg-type]
        next(steps)
        steps.close()
        live.reset()
        count = len(hands.notes)
        time.sleep(0.25)
        assert hands.notes[-1] == "reset"
        assert len(hands.notes) == count
