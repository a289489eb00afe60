from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.data.people.clip import Clip, film, intensity, lids, pose_at, sample_scene, sample_script
from multimodal.data.people.person import LANDMARKS, Person
from multimodal.data.people.priors import sample_event


def make(seed: int) -> Clip:
    rng = np.random.default_rng(seed)
    person = Person.sample(rng)
    script = sample_script(rng, expression="positive", fps=15)
    return film(person, script, sample_scene(rng, person, size=128), rng)


@pytest.fixture(scope="module")
def clip() -> Clip:
    return make(2)


@given(st.integers(0, 10_000))
def test_a_micro_expression_rises_and_falls_once(seed: int) -> None:
    event = sample_event(np.random.default_rng(seed))
    levels = [intensity(event, t) for t in np.linspace(-50, event.total_ms + 50, 80)]
    apex = int(np.argmax(levels))
    assert levels[0] == levels[-1] == 0
    assert intensity(event, event.onset_apex_ms) == pytest.approx(1.0)
    assert (np.diff(levels[: apex + 1]) >= -1e-9).all()
    assert (np.diff(levels[apex:]) <= 1e-9).all()


def test_truth_names_the_frames(clip: Clip) -> None:
    assert 0 <= clip.onset < clip.apex < clip.offset < len(clip.frames)
    assert clip.landmarks.shape == (len(clip.frames), len(LANDMARKS), 2)
    assert clip.event.expression == "positive"


def test_the_face_is_in_the_picture(clip: Clip) -> None:
    assert clip.landmarks.min() > 0
    assert clip.landmarks.max() < 127


def test_clips_depend_on_the_seed_alone(clip: Clip) -> None:
    again = make(2)
    np.testing.assert_array_equal(clip.frames, again.frames)
    np.testing.assert_array_equal(clip.tracks, again.tracks)


def test_blinks_close_and_open() -> None:
    assert lids((100.0,), 90) == 0
    assert lids((100.0,), 190) == pytest.approx(1.0)
    assert lids((100.0,), 400) == 0


def test_poses_hold_the_event_at_its_apex() -> None:
    script = sample_script(np.random.default_rng(4))
    onset, event = script.events[0]
    pose = pose_at(script, onset + event.onset_apex_ms)
    for key, peak in event.units.items():
        assert pose.units[key] == pytest.approx(peak, rel=1e-6)
    assert not {k for k in pose_at(script, onset - 1).units if k[0] != 45}
