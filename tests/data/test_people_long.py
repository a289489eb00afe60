from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.data.open_index import open_index
from multimodal.data.people.clip import pose_at
from multimodal.data.people.long import LongScript, sample_long_script
from multimodal.data.people.long_set import LONG_COLUMNS, synth_long
from multimodal.data.spotting.videos import find_videos, frames_of_video
from multimodal.errors import UsageError


def script(seed: int, seconds: float = 20.0) -> LongScript:
    return sample_long_script(np.random.default_rng(seed), seconds=seconds)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([5.0, 20.0, 60.0]))
def test_expressions_are_coded_in_order_and_apart(seed: int, seconds: float) -> None:
    long = script(seed, seconds)
    ends = [(start, start + act.length_ms) for start, act in long.coded]
    assert all(one[1] + 400 < other[0] for one, other in pairwise(ends))
    assert ends[0][0] > 400
    assert ends[-1][1] + 400 < 1000 * long.script.frames / long.script.fps
    assert long.script.frames >= seconds * long.script.fps - 1
    for _, act in long.coded:
        assert act.kind in ("micro", "macro")
        assert (act.length_ms > 600) if act.kind == "macro" else (act.length_ms < 550)
    assert {act.kind for _, act in long.coded} == {"micro", "macro"}


def test_speech_is_filmed_and_not_coded() -> None:
    for seed in range(5):
        long = script(seed)
        filmed = {event.emotion for _, event in long.script.events}
        assert "speech" in filmed
        assert len(long.script.events) > len(long.coded)
        assert all(event.emotion != "speech" for _, act in long.coded for _, event in act.events)


def test_each_coded_expression_is_in_the_pose_at_its_apex_and_over_at_its_end() -> None:
    long = script(3)
    for start, act in long.coded:
        event = act.events[0][1]
        for key, peak in event.units.items():
            if key[0] != 45:
                at = [
                    pose_at(long.script, t_ms).units.get(key, 0.0)
                    for t_ms in (start, start + event.onset_apex_ms, start + event.total_ms)
                ]
                assert at == pytest.approx([0, peak, 0], abs=1e-6)


def test_the_head_turns_smoothly_and_stays_near() -> None:
    sway = script(4, 60.0).script.sway
    places = np.array([sway.at(t_ms) for t_ms in np.arange(0, 60_000, 1000 / 30)])
    assert np.ptp(places[:, 0]) > 6
    assert np.abs(places[:, 0]).max() < 45
    assert np.abs(np.diff(places[:, :3], axis=0)).max() < 2.5


def test_scripts_depend_on_the_seed_alone() -> None:
    one, same, other = script(5), script(5), script(6)
    assert one.coded == same.coded
    assert one.script.events == same.script.events
    assert one.coded != other.coded


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("long")
    synth_long(out, 1, seed=5, workers=1, size=64, fps=10, seconds=5)
    return out


def test_the_index_says_what_is_in_the_videos(made: Path) -> None:
    with (made / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == LONG_COLUMNS
    index = open_index([made / "index.csv"])
    assert index.counts() == {}
    (video,), problems = find_videos(index)
    assert problems == ()
    assert video.frames == len(list(frames_of_video(video)))
    coded = sorted((int(row["onset"]), int(row["offset"])) for row in rows)
    assert sorted(one for kind in video.truth.values() for one in kind) == coded
    assert len(video.truth["macro"]) == sum(row["macro"] == "1" for row in rows) >= 1
    assert all(int(row["onset"]) <= int(row["apex"]) <= int(row["offset"]) for row in rows)


def test_an_interrupted_set_goes_on(made: Path) -> None:
    before = (made / "videos/0000.avi").stat().st_mtime_ns
    index = (made / "index.csv").read_text()
    (made / "index.csv").unlink()
    synth_long(made, 1, seed=5, workers=1, size=64, fps=10, seconds=5)
    assert (made / "videos/0000.avi").stat().st_mtime_ns == before
    assert (made / "index.csv").read_text() == index


def test_other_settings_and_senseless_numbers_are_refused(made: Path) -> None:
    with pytest.raises(UsageError, match="another seed"):
        synth_long(made, 1, seed=6, workers=1, size=64, fps=10, seconds=5)
    with pytest.raises(UsageError, match="--long"):
        synth_long(made, 1, seconds=1)
