from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from multimodal.data.index import ClipIndex
from multimodal.data.labels import label_rule
from multimodal.data.layouts.base import get_layout, layout_names
from multimodal.data.open_index import detect, open_index
from multimodal.errors import MissingError, UsageError
from multimodal.testing import FAKES, FAULTS, fabricate
from multimodal.testing.faults import NOBODY

WITHOUT_SHEET = ("smic-hs", "smic-vis", "smic-nir")
WITH_SHEET = tuple(name for name in FAKES if name not in WITHOUT_SHEET)
LEFT_OUT = {
    *("missing onset", "unknown emotion", "missing frame", "missing folder", "folder without row"),
}
EXPECTED = {"dfme": {"unknown frame rate": 1}, **{name: {"unknown apex": 15} for name in WITHOUT_SHEET}}


def read(root: Path) -> ClipIndex:
    return open_index([root])


def test_every_official_layout_can_be_fabricated() -> None:
    fabricated = {name.partition("-")[0] for name in FAKES}
    assert fabricated == set(layout_names()) - {"flow", "table"}


@pytest.mark.parametrize("name", FAKES)
def test_a_whole_data_set_is_told_by_itself_and_read_without_problems(name: str, tmp_path: Path) -> None:
    fabricate(name, tmp_path)
    layout = name.partition("-")[0]
    assert detect(tmp_path) == layout
    index = read(tmp_path)
    assert len(index) == 15
    assert index.counts() == EXPECTED.get(name, {})
    assert {clip.dataset for clip in index} == {layout}
    assert len({clip.subject for clip in index}) == 3
    assert list(index) == sorted(index, key=lambda clip: clip.key)


@pytest.mark.parametrize("name", FAKES)
def test_frames_are_those_from_onset_to_offset_and_lie_where_the_clip_says(name: str, tmp_path: Path) -> None:
    fabricate(name, tmp_path)
    for clip in read(tmp_path):
        assert clip.onset is not None
        assert clip.offset is not None
        assert clip.first == clip.onset
        assert len(clip.frames) == clip.offset - clip.onset + 1 == 8
        assert all((tmp_path / clip.path / frame).is_file() for frame in clip.frames)
        assert clip.apex in ((None,) if name in WITHOUT_SHEET else (clip.onset + 4,))


@pytest.mark.parametrize("name", FAKES)
def test_labels_units_and_classes_are_those_that_were_drawn(name: str, tmp_path: Path) -> None:
    fabricate(name, tmp_path)
    rule, labels = label_rule("three").label, Counter()
    for clip in read(tmp_path):
        labels[rule(clip)] += 1
        units = {"0": ("4",), "1": ("12",), "2": ("1", "2")}.get(str(rule(clip)))
        if clip.action_units and units:
            assert tuple(unit.lstrip("R") for unit in clip.action_units) == units
        if clip.objective is not None and units:
            assert clip.objective == {"0": 3, "1": 1, "2": 2}[str(rule(clip))]
    # CASME calls some negative takes tense, and in CAS(ME)2 a take of each person is a macro-expression.
    assert labels == {"casme": {0: 4, 1: 5, 2: 5, None: 1}, "casme_sq": {0: 4, 1: 4, 2: 4, None: 3}}.get(
        name, {0: 5, 1: 5, 2: 5}
    )


@pytest.mark.parametrize("name", WITH_SHEET)
@pytest.mark.parametrize("fault", [*FAULTS, NOBODY])
def test_each_fault_is_named_once_and_costs_what_it_must(name: str, fault: str, tmp_path: Path) -> None:
    if name == "casme_sq" and fault == "folder without row":
        pytest.skip("long videos without an expression are no fault")
    fabricate(name, tmp_path, [fault])
    index = read(tmp_path)
    assert index.counts()[fault] == 1
    extra = dict(EXPECTED.get(name, {}))
    if name == "casme3" and fault == "missing onset":  # its folders are named by the onset
        extra["folder without row"] = 1
    assert index.counts() == {fault: 1, **extra}
    assert len(index) == (10 if fault == NOBODY else 14 if fault in LEFT_OUT else 15)
    told = next(problem for problem in index.problems if problem.kind == fault)
    assert told.dropped == (fault == NOBODY or fault in LEFT_OUT - {"folder without row"} or fault == "duplicate clip")


@pytest.mark.parametrize("name", WITH_SHEET)
def test_what_contradicts_the_rest_becomes_unknown_and_is_never_put_right(name: str, tmp_path: Path) -> None:
    faults = ["apex before onset", "apex after offset", "unknown apex", "non-numeric frame", "offset before onset"]
    fabricate(name, tmp_path, faults)
    index = read(tmp_path)
    assert sum(clip.apex is None for clip in index) == 4
    assert sum(clip.offset is None for clip in index) == 1
    assert all(clip.apex in (None, (clip.onset or 0) + 4) for clip in index)


@pytest.mark.parametrize("name", [name for name in WITH_SHEET if name != "casme_sq"])
def test_a_missing_column_is_an_error_with_file_wanted_and_found_columns(name: str, tmp_path: Path) -> None:
    fabricate(name, tmp_path, ["missing column"])
    sheet = next(path.name for path in tmp_path.rglob("*.xlsx"))
    for layout in ("auto", name.partition("-")[0]):
        with pytest.raises(UsageError, match="Unheard of") as told:
            open_index([tmp_path], layout=layout)
        assert sheet in str(told.value)
        assert "wanted:" in str(told.value)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", WITH_SHEET)
def test_a_sheet_alone_gives_the_same_clips_without_frames(name: str, tmp_path: Path) -> None:
    fabricate(name, tmp_path)
    sheet = next(tmp_path.rglob("*.xlsx"))
    alone, whole = read(sheet), read(tmp_path)
    assert [clip.key for clip in alone] == [clip.key for clip in whole]
    assert [(c.onset, c.apex, c.offset, c.emotion) for c in alone] == [
        (c.onset, c.apex, c.offset, c.emotion) for c in whole
    ]
    assert all(clip.path == "" and clip.frames == () for clip in alone)
    assert alone.counts()["no frames"] == 1


@pytest.mark.parametrize("name", ["casme2", "samm-v2", "smic-long", "casme_sq"])
def test_a_sheet_elsewhere_can_be_named(name: str, tmp_path: Path) -> None:
    fabricate(name, tmp_path / "set")
    sheet = next((tmp_path / "set").rglob("*.xlsx"))
    moved = tmp_path / "elsewhere" / "sheet.xlsx"
    moved.parent.mkdir()
    sheet.rename(moved)
    index = open_index([tmp_path / "set"], name.partition("-")[0], moved)
    assert len(index) == 15
    assert all(clip.apex is not None for clip in index)


@pytest.mark.parametrize("name", [name for name in WITH_SHEET if not name.startswith("smic")])
def test_without_a_sheet_the_message_says_what_is_missing(name: str, tmp_path: Path) -> None:
    fabricate(name, tmp_path)
    next(tmp_path.rglob("*.xlsx")).unlink()
    with pytest.raises(MissingError, match="--sheet"):
        get_layout(name.partition("-")[0]).read(tmp_path)


def test_a_sheet_in_the_folder_above_is_found(tmp_path: Path) -> None:
    fabricate("casme2", tmp_path)
    index = read(tmp_path / "CASME2_RAW_selected")
    assert len(index) == 15
    assert index.clips[0].path == "sub01/EP01_01f"


def test_two_sheets_of_one_data_set_must_be_told_apart(tmp_path: Path) -> None:
    fabricate("casme2", tmp_path)
    fabricate("casme2-2019", tmp_path)
    with pytest.raises(UsageError, match="several coding sheets") as told:
        read(tmp_path)
    assert "20140508" in str(told.value)
    assert "20190701" in str(told.value)


def test_of_two_copies_of_the_frames_one_is_read_and_never_a_mixture(tmp_path: Path) -> None:
    fabricate("casme2", tmp_path)
    fabricate("casme2-2019", tmp_path, ["missing folder"])
    (tmp_path / "CASME2-coding-20140508.xlsx").unlink()
    index = read(tmp_path)
    assert index.counts() == {"several copies": 1}
    assert {clip.path.split("/")[0] for clip in index} == {"CASME2_RAW_selected"}
    assert len(index) == 15


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no layout"):
        read(tmp_path)
    for name in layout_names():
        with pytest.raises(MissingError):
            get_layout(name).read(tmp_path)
        with pytest.raises(MissingError):
            get_layout(name).read(tmp_path / "nowhere")
