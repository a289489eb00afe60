from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from multimodal.data.labels import label_rule, megc2018
from multimodal.data.layouts.base import Layout, wanted
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.codes import parse_emotion
from multimodal.data.layouts.sheets import Table
from multimodal.data.open_index import open_index
from multimodal.errors import UsageError
from multimodal.testing import fabricate
from multimodal.testing.fabricate import write_picture, write_sheet


def test_classes_of_the_separate_file_go_to_rows_without_a_class_of_their_own(tmp_path: Path) -> None:
    fabricate("casme2", tmp_path)
    rows = [(f"{person:02d}", f"EP{number:02d}_{person:02d}f", 5) for person in (1, 2) for number in range(1, 6)]
    write_sheet(tmp_path / "CASME2-ObjectiveClasses.xlsx", [[("Subject", "Filename", "Objective Class"), *rows]])
    index = open_index([tmp_path])
    assert [clip.objective for clip in index] == [5] * 10 + [None] * 5
    assert [megc2018(clip) for clip in index][:10] == [4] * 10


def test_classes_of_the_coding_sheet_win_over_those_of_the_separate_file(tmp_path: Path) -> None:
    fabricate("casme2-2019", tmp_path)
    write_sheet(tmp_path / "CASME2-ObjectiveClasses.xlsx", [[("Subject", "Filename", "Class"), ("01", "EP01_01f", 5)]])
    assert {clip.objective for clip in open_index([tmp_path])} == {1, 2, 3}


def test_cameras_of_smic_are_one_data_set_so_that_nobody_stands_on_both_sides(tmp_path: Path) -> None:
    for name in ("smic-hs", "smic-vis", "smic-nir"):
        fabricate(name, tmp_path)
    index = open_index([tmp_path])
    assert len(index) == 45
    assert {clip.dataset for clip in index} == {"smic"}
    assert {clip.subject for clip in index} == {"s01", "s02", "s03"}
    assert {(clip.clip.rpartition("_")[2] if clip.fps == 25 else "hs", clip.fps) for clip in index} == {
        ("hs", 100.0),
        ("vis", 25.0),
        ("nir", 25.0),
    }
    assert sum(label_rule("megc2019").label(clip) is not None for clip in index) == 15


def test_an_apex_sheet_goes_with_the_high_speed_camera_alone(tmp_path: Path) -> None:
    fabricate("smic-long", tmp_path)
    fabricate("smic-vis", tmp_path)
    index = open_index([tmp_path])
    assert {clip.clip.endswith("_vis") for clip in index if clip.apex is None} == {True}
    assert sum(clip.apex is not None for clip in index) == 15


def test_a_folder_of_smic_that_contradicts_its_name_is_left_out(tmp_path: Path) -> None:
    fabricate("smic-hs", tmp_path)
    folder = tmp_path / "SMIC_all_cropped/HS/s1/micro"
    wrong = len(list((folder / "positive").iterdir()))
    shutil.rmtree(folder / "negative")
    (folder / "positive").rename(folder / "negative")
    index = open_index([tmp_path])
    assert index.counts()["contradicting emotion"] == wrong > 0
    assert not any(clip.subject == "s01" and clip.emotion != "surprise" for clip in index)


def test_without_a_camera_in_the_path_the_frame_rate_stays_unknown(tmp_path: Path) -> None:
    fabricate("smic-hs", tmp_path)
    (tmp_path / "SMIC_all_cropped/HS").rename(tmp_path / "SMIC_all_cropped/clips")
    index = open_index([tmp_path])
    assert index.counts()["unknown camera"] == 1
    assert {clip.fps for clip in index} == {0.0}


def test_long_videos_give_stretches_and_macro_expressions_are_marked(tmp_path: Path) -> None:
    fabricate("casme_sq", tmp_path)
    index = open_index([tmp_path])
    assert sum(clip.macro for clip in index) == 3
    first = index.clips[0]
    assert first.path.startswith("rawpic/s15/15_0")
    assert len(list((tmp_path / first.path).iterdir())) == 16
    assert len(first.frames) == 8


def test_in_casme_sq_zero_means_not_told(tmp_path: Path) -> None:
    rows = [(1, "disgust1_1", 3, 5, 0, "4", "negative", "micro-expression", "disgust")]
    rows += [(1, "disgust1_2", 8, 0, 0, "4", "negative", "macro-expression", "disgust")]
    sheet = write_sheet(tmp_path / "code_final.xlsx", [rows, [(1, "s15", 1)], [("0101", "disgust1")]])
    index = open_index([sheet])
    assert [(clip.onset, clip.apex, clip.offset, clip.macro) for clip in index] == [
        (3, 5, None, False),
        (8, None, None, True),
    ]
    assert index.counts() == {"unknown offset": 2, "unknown apex": 1, "no frames": 1}


def test_several_emotions_of_one_class_have_a_label_and_of_two_have_none(tmp_path: Path) -> None:
    header = ("sub_ID", "video_number", "ME_number", "Onset", "Apex", "Offset", "AUs", "Emotion")
    texts = ["Negative+Repression", "Surprise+Positive", "Negative/Others", "repression"]
    rows = [("S01", f"{n:03d}", 1, 1, 2, 3, "AUR2+12(k)+45", text) for n, text in enumerate(texts)]
    index = open_index([write_sheet(tmp_path / "4dme.xlsx", [[header, *rows]])])
    assert [clip.emotion for clip in index][:2] == ["negative+repression", "positive+surprise"]
    assert [label_rule("three").label(clip) for clip in index] == [0, None, None, 0]
    assert index.clips[0].action_units == ("R2", "45")


def test_several_expressions_in_one_recording_of_casme3_are_stretches_of_it(tmp_path: Path) -> None:
    header = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
    rows = [("spNO.1", "a", on, on + 1, on + 2, "4", "III", "sad") for on in (3, 7)]
    write_sheet(tmp_path / "labels.xlsx", [[header, *rows]])
    for frame in range(1, 12):
        write_picture(tmp_path / f"part_A/spNO.1/a/color/{frame}.jpg", np.zeros((4, 4, 3), np.uint8))
    index = open_index([tmp_path])
    assert [(clip.clip, clip.frames, clip.first) for clip in index] == [
        ("a_3", ("3.jpg", "4.jpg", "5.jpg"), 3),
        ("a_7", ("7.jpg", "8.jpg", "9.jpg"), 7),
    ]


def test_a_frame_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    fabricate("samm", tmp_path)
    clip = open_index([tmp_path]).clips[0]
    shutil.copy(tmp_path / clip.path / clip.frames[0], tmp_path / clip.path / f"again_{clip.frames[0]}")
    index = open_index([tmp_path])
    assert index.counts() == {"frame twice": 1}
    assert len(index) == 14


def test_gaps_that_spare_onset_and_apex_are_told_and_cost_nothing(tmp_path: Path) -> None:
    fabricate("samm", tmp_path)
    clip = open_index([tmp_path]).clips[0]
    assert clip.onset is not None
    for number in (clip.onset + 1, clip.onset + 2, clip.onset + 7):
        (tmp_path / clip.path / f"006_{number:05d}.jpg").unlink()
    index = open_index([tmp_path])
    assert len(index) == 15
    (told,) = index.problems
    assert told.kind == "missing frame"
    assert not told.dropped
    assert f"{clip.onset + 1}-{clip.onset + 2}, {clip.onset + 7} are missing" in told.what


def test_one_sheet_cannot_be_of_two_data_sets(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one at a time"):
        open_index([tmp_path, tmp_path], sheet=tmp_path / "sheet.xlsx")


class Mine(Layout):
    """The example of docs/data-sets.md."""

    name, title, fps = "mine", "My set", 100.0
    emotions = frozenset(["disgust", "happiness"])
    columns = (*wanted(subject="Subject", clip="File", onset="On", apex="Peak", offset="Off", emotion="Emotion"),)

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        for row in table.rows:
            subject, clip = row.text("subject"), row.text("clip")
            times = row.cells["onset"], row.cells["apex"], row.cells["offset"]
            emotion = parse_emotion(row.cells["emotion"])
            yield Coded(table.where(row), subject, clip, *times, emotion, fps=self.fps, tails=((subject, clip),))


def test_a_layout_takes_a_few_lines(tmp_path: Path) -> None:
    header = ("Subject", "File", "On", "Peak", "Off", "Emotion")
    write_sheet(tmp_path / "mine.xlsx", [[header, ("p1", "a", 1, 2, 3, "Disgust"), ("p1", "b", 1, 2, 3, "joy")]])
    for clip in "abc":
        for frame in (1, 2, 3):
            write_picture(tmp_path / "p1" / clip / f"f{frame}.png", np.zeros((4, 4, 3), np.uint8))
    assert Mine().looks_like(tmp_path)
    index = Mine().read(tmp_path)
    assert [(clip.key, clip.apex, clip.fps, clip.path) for clip in index] == [(("mine", "p1", "a"), 2, 100.0, "p1/a")]
    assert index.counts() == {"unknown emotion": 1, "folder without row": 1}
