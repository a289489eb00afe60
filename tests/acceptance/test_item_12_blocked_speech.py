"""Item 12: speech that is blocked holds nobody up, says what is new, and says nothing twice within the cool-down."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import fake_moods  # noqa: F401 - registers an engine
import numpy as np
import pytest
from light_rooms import STEP_MS, LightLive, ScriptedSource, light_config, picture, talk

from multimodal.fusion.decide import DecisionConfig
from multimodal.results import GESTURES, Decision, Utterance
from multimodal.speech.config import SpeechConfig
from multimodal.speech.process import Speaker

BLOCKED_FRAMES = 150
"""Five seconds at 30 frames a second."""

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file whose presence frees the engine; it is freed in the end, whatever happened."""
    path = tmp_path / "free"
    monkeypatch.setenv("FAKE_FREE", str(path))
    yield path
    path.touch()


def blocked() -> Speaker:
    """Return a speaker whose engine loads, and then hangs until it is freed; eight sentences may wait."""
    return Speaker(SpeechConfig(engine="test-blocked", patience_s=50.0), play=False, wav=None)


def run(speaker: Speaker, frames: int) -> tuple[list[Decision], list[float]]:
    """Show a sign after the other; return what was decided, and the milliseconds of each frame."""
    decided, times = [], []
    with LightLive(light_config()) as live:
        begin = time.perf_counter()
        for step in live.steps(ScriptedSource(talk(frames, hold=30, rest=5), kind="camera")):
            if step.decision is not None and step.decision.sure:
                speaker.say(step.decision)
                decided.append(step.decision)
            speaker.poll()
            times.append(1e3 * (time.perf_counter() - begin))
            begin = time.perf_counter()
    return decided, times


def test_item_12_the_frames_keep_their_rate(free: Path) -> None:
    with blocked() as speaker:
        assert speaker.wait_ready(30)
        decided, stuck = run(speaker, BLOCKED_FRAMES)
        assert len(decided) >= 4
        assert speaker._current is not None  # the first sentence is still in work
        free.touch()
        _, freed = run(speaker, BLOCKED_FRAMES)
    assert len(stuck) == BLOCKED_FRAMES
    assert np.median(stuck) < 5 * np.median(freed)
    assert max(stuck) < 2000  # and no frame waited for the sentence


def test_item_12_stale_sentences_are_replaced_not_piled_up(free: Path) -> None:
    with blocked() as speaker:
        assert speaker.wait_ready(30)
        decided, _ = run(speaker, 35 * 16)
        assert len(decided) >= 14
        waiting = [job.decision.sentence for job in speaker._waiting]
        assert waiting == [decision.sentence for decision in decided[-8:]]
        free.touch()
    said = [utterance.text for utterance in speaker.poll()]
    assert said == [decided[0].sentence, *waiting]
    replaced = [event for event in speaker.events() if event.kind == "replaced"]
    assert len(replaced) == len(decided) - len(said)


def test_item_12_while_one_is_heard_only_the_newest_waits(free: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with blocked() as speaker:
        assert speaker.wait_ready(30)
        monkeypatch.setattr(speaker, "_play", True)  # as with a sound card, whose sound takes its time
        decided, _ = run(speaker, 35 * 6)
        assert [job.decision.sentence for job in speaker._waiting] == [decided[-1].sentence]
        free.touch()
    assert [utterance.text for utterance in speaker.poll()] == [decided[0].sentence, decided[-1].sentence]


def test_item_12_nothing_is_said_twice_within_the_cooldown() -> None:
    """The same sign, shown over and over for five minutes: as often as the cool-down allows, and no more."""
    frames, like = 9000, GESTURES.index("like")
    shown = ((n * STEP_MS, picture(like if n % 40 < 28 else -1)) for n in range(frames))
    cooldown = DecisionConfig().cooldown_ms
    said: list[Utterance] = []
    with Speaker(SpeechConfig(engine="null"), play=False, wav=None) as speaker, LightLive(light_config()) as live:
        assert speaker.wait_ready(30)
        for step in live.steps(ScriptedSource(shown)):
            if step.decision is not None and step.decision.sure:
                speaker.say(step.decision)
                while not (new := speaker.poll()):
                    time.sleep(0.001)
                said += new
    assert {utterance.text for utterance in said} == {"Yes."}
    apart = np.diff([utterance.t_ms for utterance in said])
    assert apart.min() >= cooldown
    assert len(said) > frames * STEP_MS / (2 * cooldown)
