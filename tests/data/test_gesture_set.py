from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from cli import app
from multimodal.data.people.gestures.gesture_set import COLUMNS, synth_gestures
from multimodal.data.people.gestures.rooms import photo_room, sample_room
from multimodal.data.yolo_folder import read_rgb, read_yolo_folder
from multimodal.errors import DecodeError, MissingError, UsageError
from multimodal.results import GESTURES

N, SIZE = 3, 64


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("signs")
    synth_gestures(out, N, seed=5, workers=1, size=SIZE)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "index.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_layout_is_sound(made: Path) -> None:
    folder = read_yolo_folder(made / "data.yaml", "train")
    folder.require_sound()
    assert folder.names == GESTURES
    assert len(folder.samples) == N
    for sample in folder.samples:
        assert read_rgb(sample.image).shape == (SIZE, SIZE, 3)
    assert [sample.labels[0].name for sample in folder.samples] == list(GESTURES[:N])


def test_the_index_tells_what_the_labels_tell(made: Path) -> None:
    rows = rows_of(made)
    assert tuple(rows[0]) == COLUMNS
    samples = {sample.image.stem: sample for sample in read_yolo_folder(made, "train").samples}
    for name, sample in samples.items():
        mine = [row for row in rows if row["picture"] == name and row["sign"]]
        assert [row["sign"] for row in mine] == [label.name for label in sample.labels]
        for row, label in zip(mine, sample.labels, strict=True):
            assert tuple(float(row[key]) for key in ("x", "y", "width", "height")) == label.box
            assert row["side"] in ("left", "right")
            assert 0 <= float(row["melanin"]) <= 1
            assert 0 <= float(row["level"]) <= 1


def test_an_interrupted_run_goes_on(made: Path) -> None:
    before = contents(made)
    note = made / "people" / "00000.json"
    rows = json.loads(note.read_text())["rows"]
    note.write_text(json.dumps({"rows": [row for row in rows if row["picture"] == "000000"]}))
    (made / "images/train/000002.jpg").unlink()
    kept = (made / "images/train/000000.jpg").stat().st_mtime_ns
    synth_gestures(made, N, seed=5, workers=1, size=SIZE)
    assert (made / "images/train/000000.jpg").stat().st_mtime_ns == kept
    assert contents(made) == before


def test_a_shorter_set_is_the_beginning_of_a_longer_one(made: Path, tmp_path: Path) -> None:
    synth_gestures(tmp_path, 1, seed=5, workers=1, size=SIZE)
    whole, part = contents(made), contents(tmp_path)
    for name in ("images/train/000000.jpg", "labels/train/000000.txt"):
        assert part[name] == whole[name]


@pytest.mark.slow
def test_how_many_workers_does_not_matter(made: Path, tmp_path: Path) -> None:
    n = 21
    for workers in (1, 2):
        synth_gestures(tmp_path / str(workers), n, seed=5, workers=workers, size=SIZE)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_other_settings_and_senseless_numbers_are_refused(made: Path) -> None:
    with pytest.raises(UsageError, match="another seed"):
        synth_gestures(made, N, seed=6, workers=1, size=SIZE)
    with pytest.raises(UsageError, match="size"):
        synth_gestures(made, N, size=20)


def test_photos_can_be_the_background(tmp_path: Path) -> None:
    green = np.zeros((90, 70, 3), np.uint8)
    green[..., 1] = 200
    (tmp_path / "rooms").mkdir()
    cv2.imwrite(str(tmp_path / "rooms" / "a.png"), green)
    synth_gestures(tmp_path / "out", N, seed=5, workers=1, size=SIZE, backgrounds=tmp_path / "rooms")
    shares = []
    for path in sorted((tmp_path / "out/images/train").iterdir()):
        red, green_, blue = np.moveaxis(read_rgb(path).astype(float), 2, 0)
        shares.append(float(((green_ > 1.3 * red) & (green_ > 1.3 * blue)).mean()))
    assert max(shares) > 0.3


def test_a_folder_without_photos_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="backgrounds"):
        synth_gestures(tmp_path / "out", 1, workers=1, size=SIZE, backgrounds=tmp_path)


def test_a_broken_background_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(DecodeError, match=r"a\.jpg"):
        photo_room(tmp_path / "a.jpg", np.random.default_rng(0), SIZE)


def test_rooms_differ_and_are_light() -> None:
    rooms = [sample_room(np.random.default_rng(seed), SIZE) for seed in range(12)]
    assert all(room.shape == (SIZE, SIZE, 3) and np.isfinite(room).all() and room.min() >= 0 for room in rooms)
    assert len({room.tobytes() for room in rooms}) == len(rooms)
    np.testing.assert_array_equal(rooms[4], sample_room(np.random.default_rng(4), SIZE))


def test_the_command_names_the_remedy(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["synth", "gestures", "--size", "10", "--out", str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "size 64 to 1024" in str(result.exception)
    assert "hand signs" in CliRunner().invoke(app, ["synth", "--help"]).stdout
