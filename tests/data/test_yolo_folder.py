from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from multimodal.data.fake_gestures import fake_hand, write_fake_gestures
from multimodal.data.yolo_folder import Label, boxes_of, label_path, read_labels, read_rgb, read_yolo_folder
from multimodal.errors import DecodeError, MissingError, UsageError
from multimodal.results import GESTURES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_fake_gestures(tmp_path / "set", per_class=1, size=48, gestures=("like", "ok", "palm")).parent


def test_a_sound_folder(folder: Path) -> None:
    found = read_yolo_folder(folder / "data.yaml", "train")
    assert found.names == GESTURES
    assert len(found.samples) == 3
    assert {name: count for name, count in found.counts().items() if count} == {"like": 1, "ok": 1, "palm": 1}
    assert found.report() == []
    found.require_sound()


def test_the_folder_stands_for_its_yaml(folder: Path) -> None:
    assert len(read_yolo_folder(folder, "val").samples) == 3


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("99 .5 .5 .2 .2", "unknown class"),
        ("-1 .5 .5 .2 .2", "unknown class"),
        ("1.5 .5 .5 .2 .2", "unknown class"),
        ("0 .95 .5 .2 .2", "label outside the picture"),
        ("0 .5 .5 0 .2", "label outside the picture"),
        ("0 .5 .5 -.1 .2", "label outside the picture"),
        ("0 .5 .5 .2", "unreadable line"),
        ("like .5 .5 .2 .2", "unreadable line"),
        ("0 nan .5 .2 .2", "unreadable line"),
        ("nan .5 .5 .2 .2", "unreadable line"),
        ("inf .5 .5 .2 .2", "unreadable line"),
    ],
)
def test_unsound_lines_are_named_and_counted(folder: Path, line: str, kind: str) -> None:
    label = folder / "labels/train/like_000.txt"
    label.write_text(label.read_text() + line + "\n")
    found = read_yolo_folder(folder, "train")
    assert found.problems == {kind: ["like_000.txt line 2"]}
    assert len(found.samples) == 2
    with pytest.raises(UsageError, match=f"{kind}: 1 \\(first: like_000.txt line 2\\)"):
        found.require_sound()


def test_missing_pictures_and_labels_are_counted(folder: Path) -> None:
    (folder / "images/train/like_000.png").unlink()
    (folder / "labels/train/ok_000.txt").unlink()
    found = read_yolo_folder(folder, "train")
    assert found.problems == {"missing label file": ["ok_000.txt"], "missing image": ["like_000.txt"]}
    assert [sample.image.stem for sample in found.samples] == ["palm_000"]


def test_a_label_file_that_is_no_text(folder: Path) -> None:
    (folder / "labels/train/ok_000.txt").write_bytes(b"\xff\xfe\x00\x80")
    found = read_yolo_folder(folder, "train")
    assert found.problems == {"unreadable label file": ["ok_000.txt"]}
    assert len(found.samples) == 2


def test_what_labelling_tools_leave_is_no_label_file(folder: Path) -> None:
    (folder / "labels/train/classes.txt").write_text("like\nok\n")
    assert read_yolo_folder(folder, "train").problems == {}
    (folder / "labels/train/notes.txt").write_text("like\nok\n")
    assert read_yolo_folder(folder, "train").problems == {"missing image": ["notes.txt"]}


def test_a_list_of_pictures_may_name_some_in_vain_and_some_twice(folder: Path) -> None:
    """As ``train gesture`` writes it: a picture that an epoch shows four times is listed four times."""
    listed = ["images/train/like_000.png", str(folder / "images/train/ok_000.png"), "images/train/gone.png"]
    (folder / "train.txt").write_text("\n".join([*listed, *listed, ""]))
    data = folder / "data.yaml"
    data.write_text(data.read_text().replace("train: images/train", "train: train.txt"))
    found = read_yolo_folder(folder, "train")
    assert [sample.image.name for sample in found.samples] == ["like_000.png", "ok_000.png"]
    assert found.problems == {"missing image": ["gone.png"]}


def test_several_folders_may_make_a_split(folder: Path) -> None:
    data = folder / "data.yaml"
    data.write_text(data.read_text().replace("train: images/train", "train: [images/train, images/val]"))
    assert len(read_yolo_folder(folder, "train").samples) == 6


def test_labels_may_lie_beside_the_pictures(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "beside").mkdir()
    for name in ("images/train/ok_000.png", "labels/train/ok_000.txt"):
        (folder / name).rename(tmp_path / "beside" / Path(name).name)
    (tmp_path / "beside/data.yaml").write_text("train: .\nnames: [" + ", ".join(GESTURES) + "]\n")
    (sample,) = read_yolo_folder(tmp_path / "beside", "train").samples
    assert sample.labels[0].name == "ok"


def test_an_empty_label_file_is_a_picture_without_hands(folder: Path) -> None:
    (folder / "labels/train/ok_000.txt").write_text("\n")
    found = read_yolo_folder(folder, "train")
    assert found.report() == []
    assert [len(sample.labels) for sample in found.samples] == [1, 0, 1]


def test_boxes_that_touch_the_edge_are_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("0 .5 .5 1 1\n1 .0500004 .5 .1 .1\n")
    labels, wrong = read_labels(path, ("a", "b"))
    assert len(labels) == 2
    assert wrong == []


def test_pixels() -> None:
    assert Label("a", (0.5, 0.25, 0.5, 0.5)).pixels(200, 100) == pytest.approx((50, 0, 150, 50))
    sample = write_sample_boxes()
    assert boxes_of(sample, 200, 100).tolist() == [[50, 0, 150, 50]]


def write_sample_boxes():
    from multimodal.data.yolo_folder import Sample

    return Sample(Path("x.png"), (Label("a", (0.5, 0.25, 0.5, 0.5)),))


def test_label_path_changes_only_the_last_images_folder() -> None:
    assert label_path(Path("images/set/images/train/a.b.jpg")) == Path("images/set/labels/train/a.b.txt")
    assert label_path(Path("set/train/images.jpg")) == Path("set/train/images.txt")


def test_a_missing_split_or_yaml(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="names no split 'test'"):
        read_yolo_folder(folder, "test")
    with pytest.raises(MissingError, match="no config file"):
        read_yolo_folder(tmp_path / "nowhere.yaml", "train")
    empty = tmp_path / "empty.yaml"
    empty.write_text("train: images\nnames: [a]\n")
    with pytest.raises(MissingError, match="no pictures"):
        read_yolo_folder(empty, "train")


@pytest.mark.parametrize("names", ["12", "{1: a, 2: b}", "null"])
def test_names_must_be_usable(folder: Path, names: str) -> None:
    (folder / "data.yaml").write_text(f"train: images/train\nnames: {names}\n")
    with pytest.raises(UsageError, match="names"):
        read_yolo_folder(folder, "train")


@pytest.mark.parametrize("kind", ["grey", "rgba", "deep", "deep grey", "pixel"])
def test_pictures_become_rgb(tmp_path: Path, kind: str) -> None:
    pictures = {
        "grey": np.full((5, 7), 200, np.uint8),
        "rgba": np.dstack([np.full((5, 7), value, np.uint8) for value in (10, 20, 200, 255)]),
        "deep": np.full((5, 7, 3), 200 * 257, np.uint16),
        "deep grey": np.full((5, 7), 200 * 257, np.uint16),
        "pixel": np.full((1, 1, 3), 200, np.uint8),
    }
    cv2.imwrite(str(tmp_path / "a.png"), pictures[kind])
    image = read_rgb(tmp_path / "a.png")
    assert image.shape == ((1, 1, 3) if kind == "pixel" else (5, 7, 3))
    assert image.dtype == np.uint8
    assert image[0, 0, 0] == 200
    assert image[0, 0, 2] == (10 if kind == "rgba" else 200)


def test_broken_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(DecodeError, match=r"a.jpg cannot be decoded .*or remove it"):
        read_rgb(tmp_path / "a.jpg")


def test_a_picture_too_huge_to_unpack_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's own limit, lowered for the test: a small file may unpack to gigabytes."""
    from PIL import Image

    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((80, 80, 3), np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(DecodeError, match=r"a.png: .*6400 pixels.*or remove it"):
        read_rgb(tmp_path / "a.png")


def test_fake_signs_differ_and_repeat(tmp_path: Path) -> None:
    shapes = [fake_hand(name, np.random.default_rng(0)) for name in GESTURES]
    for i in range(len(shapes)):
        for j in range(i):
            assert np.abs(shapes[i] - shapes[j]).max() > 0.1, (GESTURES[i], GESTURES[j])
    first, again = (write_fake_gestures(tmp_path / name, gestures=("ok",), seed=4).parent for name in "ab")
    assert np.array_equal(read_rgb(first / "images/train/ok_000.png"), read_rgb(again / "images/train/ok_000.png"))


@pytest.mark.shared_data
def test_the_development_sets_are_sound(shared_data: Path) -> None:
    for name in ("hagrid_mini", "finger_signs", "finger_counts", "green_screen"):
        found = read_yolo_folder(shared_data / "gestures" / name, "train")
        assert found.report() == []
        assert found.names == GESTURES
