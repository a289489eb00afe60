from __future__ import annotations

from pathlib import Path

import numpy as np

from multimodal.data.layouts.folders import FrameFolder, frame_folders, frame_number, match, simple
from multimodal.testing.fabricate import write_picture


def folder(path: str) -> FrameFolder:
    return FrameFolder(path, ("1.jpg",), (1,))


def test_numbers_stand_at_the_end_of_names() -> None:
    names = ["img46.jpg", "006_05562.jpg", "EP01_5-42.jpg", "reg_image000123.bmp", "7.png", "s1 .png", "cover.jpg"]
    assert [frame_number(name) for name in names] == [46, 5562, 42, 123, 7, 1, None]


def test_folders_list_numbered_pictures_in_the_order_of_time(tmp_path: Path) -> None:
    for name in ("img10.jpg", "img9.jpg", "cover.jpg", ".img1.jpg"):
        write_picture(tmp_path / "a" / "b" / name, np.zeros((2, 2, 3), np.uint8))
    (tmp_path / "a" / "notes11.txt").write_text("x")
    write_picture(tmp_path / ".hidden" / "1.png", np.zeros((2, 2, 3), np.uint8))
    (found,) = frame_folders(tmp_path)
    assert found == FrameFolder("a/b", ("img9.jpg", "img10.jpg"), (9, 10))
    assert found.between(10, 12).names == ("img10.jpg",)


def test_zeros_and_case_do_not_tell_names_apart() -> None:
    assert simple("S01_Ne_02") == simple("s1_ne_2")
    assert simple("s10") != simple("s1")


def test_rows_find_their_folders_by_the_last_names_of_the_path() -> None:
    folders = [folder("x/sub01/EP1"), folder("x/sub02/EP1"), folder("x/sub02/EP2")]
    found = match(folders, [[("sub2", "ep01")], [("sub3", "EP1")], [("nobody",), ("sub01", "EP1")]])
    assert [one.path if one else None for one in found.folders] == ["x/sub02/EP1", None, "x/sub01/EP1"]
    assert [one.path for one in found.spare] == ["x/sub02/EP2"]
    assert found.copies == ()


def test_a_star_stands_for_the_rest_of_a_name() -> None:
    found = match([folder("raw/s15/15_0101teeth"), folder("raw/s16/16_0101teeth")], [[("s16", "16_0101*")]])
    assert found.folders[0] is not None
    assert found.folders[0].path == "raw/s16/16_0101teeth"


def test_parts_of_a_data_set_side_by_side_are_no_copies() -> None:
    found = match([folder("A/sub01/x"), folder("B/sub02/y")], [[("sub01", "x")], [("sub02", "y")]])
    assert all(found.folders)
    assert found.copies == ()


def test_of_copies_the_fuller_one_is_read_whole() -> None:
    folders = [folder("crop/s1/a"), folder("raw/s1/a"), folder("raw/s1/b"), folder("crop/s1/c")]
    found = match(folders, [[("s1", "a")], [("s1", "b")], [("s1", "c")]])
    assert [one.path if one else None for one in found.folders] == ["crop/s1/a", None, "crop/s1/c"]
    assert found.copies == ("crop", "raw")
    found = match(folders[:3], [[("s1", "a")], [("s1", "b")]])
    assert [one.path if one else None for one in found.folders] == ["raw/s1/a", "raw/s1/b"]
    assert found.spare == ()
