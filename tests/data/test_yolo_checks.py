from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from multimodal.data.fake_gestures import write_fake_gestures
from multimodal.data.yolo_checks import BROKEN, check_pictures, require_all_sound, require_classes, require_samples
from multimodal.data.yolo_folder import YoloFolder, read_yolo_folder
from multimodal.errors import UsageError
from multimodal.results import GESTURES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_fake_gestures(tmp_path / "set", gestures=("like", "ok", "palm"), size=48).parent


def test_whole_pictures_stay(folder: Path) -> None:
    found = read_yolo_folder(folder, "train")
    assert check_pictures(found) is found


@pytest.mark.parametrize("how", ["text", "empty", "half"])
def test_broken_pictures_are_left_out_and_counted(folder: Path, how: str) -> None:
    path = folder / "images/train/ok_000.png"
    content = path.read_bytes()
    path.write_bytes({"text": b"no picture", "empty": b"", "half": content[: len(content) // 2]}[how])
    found = check_pictures(read_yolo_folder(folder, "train"))
    assert [sample.image.name for sample in found.samples] == ["like_000.png", "palm_000.png"]
    assert found.problems == {BROKEN: ["ok_000.png"]}
    with pytest.raises(UsageError, match=r"cannot be decoded: 1 \(first: ok_000.png\)"):
        found.require_sound()


def test_half_a_jpeg_is_broken_too(folder: Path) -> None:
    """OpenCV would hand out a picture whose lower part is grey."""
    path = folder / "images/train/ok_000.jpg"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:2000])
    (folder / "images/train/ok_000.png").unlink()
    assert check_pictures(read_yolo_folder(folder, "train")).problems == {BROKEN: ["ok_000.jpg"]}


def test_unknown_classes_are_named_with_their_boxes(folder: Path) -> None:
    text = (folder / "data.yaml").read_text()
    (folder / "data.yaml").write_text(text.replace("like", "hello").replace("rock", "there"))
    found = read_yolo_folder(folder, "train")
    with pytest.raises(UsageError) as told:
        require_classes(found, GESTURES)
    assert "'dishello' (0 boxes), 'hello' (1 boxes), 'there' (0 boxes)" in str(told.value)
    (folder / "data.yaml").write_text(text)
    require_classes(read_yolo_folder(folder, "train"), GESTURES)


def test_all_sets_are_told_at_once(folder: Path, tmp_path: Path) -> None:
    other = write_fake_gestures(tmp_path / "other", gestures=("ok", "palm"), size=48).parent
    require_all_sound([read_yolo_folder(folder, "train"), read_yolo_folder(other, "val")])
    (folder / "labels/train/ok_000.txt").unlink()
    (other / "labels/val/ok_000.txt").write_text("0 .95 .5 .2 .2\n77 .5 .5 .2 .2\n")
    with pytest.raises(UsageError) as told:
        require_all_sound([read_yolo_folder(folder, "train"), read_yolo_folder(other, "val")])
    message = str(told.value)
    assert "\n" not in message
    for part in (f"{folder} [train]", "missing label file: 1", f"{other} [val]", "outside the picture: 1", "class: 1"):
        assert part in message


def test_nothing_left_is_an_error(folder: Path) -> None:
    require_samples(read_yolo_folder(folder, "train"))
    empty = YoloFolder(Path("set"), "val", GESTURES, (), {"missing label file": ["a.txt", "b.txt"]})
    with pytest.raises(UsageError, match=r"missing label file: 2 .*no picture is left"):
        require_samples(empty)
