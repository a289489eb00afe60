"""Which sources a batch has, and where the results of each go."""

from __future__ import annotations

from pathlib import Path

import pytest

from multimodal.errors import DecodeError, UsageError
from multimodal.media.batch import find_items


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def places(root: Path, *specs: str, out: str = "out") -> list[str]:
    return [item.place.as_posix() for item in find_items([str(root / spec) for spec in specs], root / out)]


def test_a_folder_is_searched_to_the_bottom(tmp_path: Path) -> None:
    touch(
        tmp_path, "in/b.mp4", "in/deep er/ä.MOV", "in/deep er/2.png", "in/deep er/10.jpg", "in/notes.txt", "in/.x.mp4"
    )
    touch(tmp_path, "in/.hidden/c.mp4")
    items = find_items([str(tmp_path / "in")], tmp_path / "out")
    assert [item.place.as_posix() for item in items] == ["b.mp4", "deep er/ä.MOV", "deep er/pictures"]
    assert [path.name for path in items[2].paths] == ["2.png", "10.jpg"]
    assert (items[2].name, items[2].pictures) == (str(tmp_path / "in/deep er"), True)


def test_files_of_one_name_have_places_of_their_own(tmp_path: Path) -> None:
    touch(tmp_path, "one/x.mp4", "two/x.mp4", "two/x.avi")
    assert places(tmp_path, "one", "two") == ["one/x.mp4", "two/x.avi", "two/x.mp4"]
    assert places(tmp_path, "one/x.mp4", "two/x.mp4") == ["one/x.mp4", "two/x.mp4"]


def test_what_is_named_twice_is_one_source(tmp_path: Path) -> None:
    touch(tmp_path, "in/x.mp4", "in/y.mp4")
    assert places(tmp_path, "in/y.mp4", "in", "in/../in/*.mp4") == ["y.mp4", "x.mp4"]


def test_named_pictures_are_alone_and_those_of_a_pattern_are_together(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.png", "in/b.png", "in/c.txt", "in/[1].png")
    assert places(tmp_path, "in/a.png", "in/b.png") == ["a.png", "b.png"]
    assert places(tmp_path, "in/?.*") == ["pictures"]
    assert places(tmp_path, "in/[1].png") == ["[1].png"]


def test_two_sets_of_pictures_of_one_folder_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.png", "in/b.jpg")
    with pytest.raises(UsageError, match="two runs"):
        places(tmp_path, "in/*.png", "in/*.jpg")


def test_results_are_no_sources(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "out/a.mp4.annotated.mp4")
    assert places(tmp_path, ".") == ["a.mp4"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [("none.mp4", "no file"), ("*.mp4", "no file"), ("empty", "no video and no picture"), ("*.txt", "no video and no")],
)
def test_what_is_not_there_is_refused(tmp_path: Path, spec: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    touch(tmp_path, "a.txt")
    with pytest.raises(UsageError, match=said):
        places(tmp_path, spec)


def test_network_addresses_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="network address"):
        find_items(["http://127.0.0.1/a.mp4"], tmp_path)


def test_a_file_that_has_gone_since_is_a_broken_one(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4")
    (item,) = find_items([str(tmp_path / "a.mp4")], tmp_path / "out")
    (tmp_path / "a.mp4").unlink()
    with pytest.raises(DecodeError, match=r"a\.mp4"):
        item.open(lambda path, error: None)
