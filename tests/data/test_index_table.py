from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_faces import write_video
from hypothesis import given
from hypothesis import strategies as st

from multimodal.data.index import Clip, ClipIndex
from multimodal.data.open_index import detect, open_index
from multimodal.data.table import read_index, write_index
from multimodal.errors import UsageError
from multimodal.testing import FAKES, fabricate
from multimodal.testing.fabricate import write_picture

HEADER = "subject,clip,onset,apex,emotion,path\n"

letters = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
names = st.text(letters, min_size=1, max_size=8).map(lambda text: f"n{text}n")
clips = st.fixed_dictionaries(
    {
        "dataset": names,
        "subject": names,
        "clip": names,
        "onset": st.integers(0, 1000),
        "apex": st.none() | st.integers(1001, 2000),
        "offset": st.none() | st.integers(2001, 3000),
        "fps": st.sampled_from([0.0, 25.0, 29.97, 200.0]),
        "emotion": st.sampled_from(["disgust", "happiness", "negative+repression"]),
        "objective": st.none() | st.integers(1, 7),
        "action_units": st.lists(st.sampled_from(["4", "L12", "R10", "A2"]), unique=True).map(tuple),
        "macro": st.booleans(),
    }
)


@given(st.lists(clips, unique_by=lambda clip: (clip["dataset"], clip["subject"], clip["clip"])))
def test_what_is_written_comes_back(tmp_path_factory: pytest.TempPathFactory, chosen: list[dict[str, Any]]) -> None:
    path = tmp_path_factory.mktemp("table") / "index.csv"
    index = ClipIndex(tuple(sorted((Clip(**clip) for clip in chosen), key=lambda clip: clip.key)))
    assert read_index(write_index(index, path)).clips == index.clips


@pytest.mark.parametrize("name", FAKES)
def test_every_layout_survives_the_round_trip(name: str, tmp_path: Path) -> None:
    fabricate(name, tmp_path)
    index = open_index([tmp_path])
    again = read_index(write_index(index, tmp_path / "index.csv"))
    assert again.clips == index.clips
    assert detect(tmp_path / "index.csv") == "table"


def test_paths_lead_to_the_same_frames_from_wherever_the_table_lies(tmp_path: Path) -> None:
    fabricate("samm", tmp_path / "data" / "SAMM")
    index = open_index([tmp_path / "data" / "SAMM"])
    again = read_index(write_index(index, tmp_path / "out" / "index.csv"))
    assert [replace(clip, path="") for clip in again] == [replace(clip, path="") for clip in index]
    for clip in again:
        assert (again.roots["samm"] / clip.path / clip.frames[0]).is_file()


def test_a_table_by_hand_needs_no_more_than_names_times_emotion_and_path(tmp_path: Path) -> None:
    for number in range(5, 9):
        write_picture(tmp_path / "a" / f"f{number}.png", np.zeros((2, 2, 3), np.uint8))
    (tmp_path / "mine.csv").write_text(f"{HEADER}p1,a,5,7,Disgust,a\np1,b,5,9,disgust,a\np2,c,5,7,disgust,nowhere\n")
    index = open_index([tmp_path / "mine.csv"])
    (kept,) = index
    frames = tuple(f"f{number}.png" for number in range(5, 9))
    assert kept == Clip("table", "p1", "a", 5, 7, None, 0.0, "disgust", path="a", frames=frames, first=5)
    assert index.counts() == {"unknown offset": 3 - 1, "missing frame": 1, "missing folder": 1}


def test_tables_may_hold_videos_flow_maps_and_double_lines(tmp_path: Path) -> None:
    write_video(tmp_path / "v.avi", [np.zeros((32, 32, 3), np.uint8)] * 3, "mjpeg")
    write_picture(tmp_path / "m.png", np.zeros((28, 28, 3), np.uint8))
    lines = "p1,v,0,1,disgust,v.avi\np1,m,,,surprise,m.png\np1,v,0,2,disgust,v.avi\np2,x,1,2,boredom,\n"
    (tmp_path / "mine.csv").write_text(HEADER + lines)
    index = open_index([tmp_path / "mine.csv"])
    assert [(clip.clip, clip.path, clip.onset, clip.frames) for clip in index] == [
        ("m", "m.png", None, ()),
        ("v", "v.avi", 0, ()),
        ("x", "", 1, ()),
    ]
    counts = index.counts()
    assert (counts["duplicate clip"], counts["unknown emotion"], counts["no frames"]) == (1, 1, 1)


def test_frames_without_numbers_count_on_from_the_first(tmp_path: Path) -> None:
    for name in "abc":
        write_picture(tmp_path / "clip" / f"{name}.png", np.zeros((2, 2, 3), np.uint8))
    header = HEADER.strip() + ",frames,first\n"
    (tmp_path / "mine.csv").write_text(f"{header}p1,x,10,12,disgust,clip,a.png|b.png|c.png,10\n")
    (clip,) = open_index([tmp_path / "mine.csv"])
    assert (clip.frames, clip.first) == (("a.png", "b.png", "c.png"), 10)


def test_synthetic_clips_are_read_as_a_table(tmp_path: Path) -> None:
    write_video(tmp_path / "clips" / "000000.avi", [np.zeros((32, 32, 3), np.uint8)] * 3, "mjpeg")
    columns = "subject,clip,onset,apex,offset,fps,emotion,expression,action_units,melanin,path"
    line = "synth00000,000000,0,1,2,30,negative,frown,12L:0.210 4R:0.185,0.3,clips/000000.avi"
    (tmp_path / "index.csv").write_text(f"{columns}\n{line}\n")
    (clip,) = open_index([tmp_path])
    assert (clip.action_units, clip.fps, clip.emotion) == (("L12", "R4"), 30.0, "negative")


def test_units_of_synthetic_clips_too_weak_to_be_seen_are_not_told(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", [np.zeros((32, 32, 3), np.uint8)] * 3, "mjpeg")
    line = "synth00000,a,0,1,disgust,a.avi,12L:0.210 4R:0.059 1L:.06 10:1"
    (tmp_path / "index.csv").write_text(f"{HEADER.strip()},action_units\n{line}\n")
    (clip,) = open_index([tmp_path])
    assert clip.action_units == ("L12", "L1", "10")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("subject,clip,onset,emotion,path\n")
    with pytest.raises(UsageError, match="no column apex"):
        open_index([tmp_path / "mine.csv"], "table")
    with pytest.raises(UsageError, match="most like table"):
        open_index([tmp_path / "mine.csv"])
