from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.data.hagrid import NAMES, V2_SIGNS, convert, main, split_of
from multimodal.data.yolo_folder import read_yolo_folder
from multimodal.errors import DecodeError, MissingError, UsageError
from multimodal.results import GESTURES
from multimodal.testing.fabricate import write_picture


def entry(person: str, *hands: tuple[list[Any], str], **more: Any) -> dict[str, Any]:
    return {"bboxes": [box for box, _ in hands], "labels": [label for _, label in hands], "user_id": person, **more}


def hagrid(root: Path, files: dict[str, dict[str, Any]], folder: str = "{sign}") -> tuple[Path, Path]:
    for name, entries in files.items():
        path = root / "ann" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(entries))
        for image in entries:
            sign = path.stem
            write_picture(root / "img" / folder.format(sign=sign) / f"{image}.jpg", np.zeros((8, 8, 3), np.uint8))
    return root / "ann", root / "img"


def fist(person: str) -> dict[str, Any]:
    return entry(person, ([0.1, 0.2, 0.3, 0.4], "fist"), ([0.5, 0.5, 0.5, 0.5], "no_gesture"), leading_hand="right")


def test_there_are_18_and_33_signs_and_no_gesture() -> None:
    assert (len(NAMES["v1"]), len(NAMES["v2"])) == (19, 34)
    assert len(set(NAMES["v2"])) == 34
    assert NAMES["v2"][:19] == GESTURES
    assert not set(V2_SIGNS) & set(GESTURES)


def test_boxes_become_centres_and_the_folder_is_sound(tmp_path: Path) -> None:
    ann, img = hagrid(tmp_path, {"fist": {f"a{n}": fist(f"p{n}") for n in range(40)}})
    done = convert(ann, img, tmp_path / "out")
    assert done.problems == ()
    assert sum(done.photos.values()) == 40
    assert all(done.photos.values())
    for split, count in done.photos.items():
        folder = read_yolo_folder(tmp_path / "out", split)
        folder.require_sound()
        assert folder.names == GESTURES
        assert len(folder.samples) == count
        (first, second) = folder.samples[0].labels
        assert (first.name, second.name) == ("fist", "no_gesture")
        assert first.box == pytest.approx((0.25, 0.4, 0.3, 0.4))
        assert second.box == pytest.approx((0.75, 0.75, 0.5, 0.5))


def test_nobody_is_on_two_sides(tmp_path: Path) -> None:
    files = {sign: {f"{sign}{n}": fist(f"p{n % 30}") for n in range(60)} for sign in ("fist", "ok")}
    ann, img = hagrid(tmp_path, files)
    convert(ann, img, tmp_path / "out")
    people: dict[str, set[str]] = {}
    for sign, entries in files.items():
        for name, one in entries.items():
            (found,) = (tmp_path / "out" / "labels").glob(f"*/{name}.txt")
            people.setdefault(one["user_id"], set()).add(found.parent.name)
            assert sign in found.stem
    assert len(people) == 30
    assert all(len(sides) == 1 for sides in people.values())


@given(st.text(), st.floats(0, 0.45), st.floats(0, 0.45))
def test_a_person_is_dealt_out_by_the_id_alone(person: str, val: float, test: float) -> None:
    assert split_of(person, (val, test)) == split_of(person, (val, test))
    assert split_of(person, (0.0, 0.0)) == "train"


def test_shares_are_kept() -> None:
    sides = [split_of(f"person {number}", (0.2, 0.1)) for number in range(5000)]
    assert sides.count("val") / 5000 == pytest.approx(0.2, abs=0.02)
    assert sides.count("test") / 5000 == pytest.approx(0.1, abs=0.02)


def test_a_given_split_is_kept_and_its_leaks_are_told(tmp_path: Path) -> None:
    files = {
        "train/fist": {"a": fist("p1"), "b": fist("")},
        "val/fist": {"c": fist("p1")},
        "test/ok": {"d": fist("p2")},
    }
    ann, img = hagrid(tmp_path, files, "train_val_{sign}")
    done = convert(ann, img, tmp_path / "out")
    assert done.photos == {"train": 2, "val": 1, "test": 1}
    assert [(problem.kind, problem.where) for problem in done.problems] == [("person on two sides", "p1")]


def test_v2_has_its_signs_and_v1_refuses_them(tmp_path: Path) -> None:
    files = {"xsign": {f"a{n}": entry(f"p{n}", ([0.1, 0.1, 0.2, 0.2], "xsign"), united_bbox=None) for n in range(9)}}
    ann, img = hagrid(tmp_path, {**files, "fist": {"b": fist("p1")}})
    assert convert(ann, img, tmp_path / "v1").to_dict()["problems"]["unknown sign"]["count"] == 9
    assert convert(ann, img, tmp_path / "v2", "v2").problems == ()
    assert read_yolo_folder(tmp_path / "v2", "train").names == NAMES["v2"]


UNSOUND = {
    "unknown sign": entry("p", ([0.1, 0.1, 0.2, 0.2], "salute")),
    "box outside the picture": entry("p", ([0.9, 0.1, 0.2, 0.2], "fist")),
    "box outside the picture ": entry("p", ([0.5, 0.1, 0.0, 0.2], "fist")),
    "unreadable box": entry("p", ([0.1, 0.1, "x", 0.2], "fist")),
    "unreadable box ": entry("p", ([0.1, 0.1, float("nan"), 0.2], "fist")),
    "unreadable box  ": entry("p", ([0.1, 0.1, 0.2], "fist")),
    "unsound entry": {"bboxes": [[0.1, 0.1, 0.2, 0.2]], "labels": [], "user_id": "p"},
    "unsound entry ": {"user_id": "p"},
    "no user": {"bboxes": [[0.1, 0.1, 0.2, 0.2]], "labels": ["fist"]},
}


@pytest.mark.parametrize("kind", UNSOUND)
def test_a_picture_with_an_unsound_hand_is_left_out_whole_and_named(kind: str, tmp_path: Path) -> None:
    good = fist("p1")
    wrong = {**UNSOUND[kind]}
    if "bboxes" in wrong and wrong.get("labels"):
        wrong = {**wrong, "bboxes": [[0.1, 0.1, 0.1, 0.1], *wrong["bboxes"]], "labels": ["ok", *wrong["labels"]]}
    ann, img = hagrid(tmp_path, {"fist": {"good": good, "wrong": wrong}})
    done = convert(ann, img, tmp_path / "out")
    assert sum(done.photos.values()) == 1
    (problem,) = done.problems
    assert (problem.kind, problem.where, problem.dropped) == (kind.strip(), "fist.json wrong", True)
    assert not list((tmp_path / "out").rglob("wrong*"))


def test_a_name_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    ann, img = hagrid(tmp_path, {"fist": {"a": fist("p1")}})
    names = ["../../evil", "/tmp/evil", "..", "a/b", "", "..\\evil"]
    (ann / "fist.json").write_text(json.dumps({name: fist("p1") for name in [*names, "a"]}))
    write_picture(tmp_path / "evil.jpg", np.zeros((8, 8, 3), np.uint8))
    done = convert(ann, img, tmp_path / "out")
    assert [problem.kind for problem in done.problems] == ["unsound entry"] * len(names)
    assert sum(done.photos.values()) == 1


def test_missing_and_double_pictures_are_counted(tmp_path: Path) -> None:
    ann, img = hagrid(tmp_path, {"fist": {"a": fist("p1"), "gone": fist("p1")}, "ok": {"a": fist("p1")}})
    (img / "fist" / "gone.jpg").unlink()
    done = convert(ann, img, tmp_path / "out")
    assert sorted(problem.kind for problem in done.problems) == ["duplicate image", "missing image"]
    assert done.to_dict()["problems"]["missing image"] == {"count": 1, "first": "fist gone: not in img"}


def test_rounding_at_the_edge_is_cut_to_the_picture(tmp_path: Path) -> None:
    ann, img = hagrid(tmp_path, {"fist": {"a": entry("p1", ([-0.0005, 0.5, 1.0005, 0.5004], "fist"))}})
    convert(ann, img, tmp_path / "out")
    (label,) = (tmp_path / "out").rglob("*.txt")
    assert [float(value) for value in label.read_text().split()[1:]] == [0.5, 0.75, 1.0, 0.5]


def test_wrong_calls_are_told_in_one_line(tmp_path: Path) -> None:
    ann, img = hagrid(tmp_path, {"fist": {"a": fist("p1")}})
    with pytest.raises(MissingError, match="no JSON"):
        convert(img, img, tmp_path / "out")
    with pytest.raises(MissingError, match="SIGN/IMAGE"):
        convert(ann, ann, tmp_path / "out1")
    with pytest.raises(UsageError, match="version"):
        convert(ann, img, tmp_path / "out2", "v3")
    with pytest.raises(UsageError, match="smaller"):
        convert(ann, img, tmp_path / "out2", shares=(0.6, 0.6))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        convert(ann, img, tmp_path / "full")
    for content in ("{", "[1]", '{"a": 1}'):
        (ann / "fist.json").write_text(content)
        with pytest.raises(DecodeError, match=r"fist\.json"):
            convert(ann, img, tmp_path / "out3")


def test_it_runs_as_a_module(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ann, img = hagrid(tmp_path, {"fist": {"a": fist("p1")}})
    command = [sys.executable, "-m", "multimodal.data.hagrid", str(ann), "--images", str(img), "--out"]
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [*command, str(tmp_path / "out")], capture_output=True, text=True, env=environment, timeout=60
    )
    assert sum(json.loads(done.stdout)["photos"].values()) == 1
    assert done.returncode == 0
    with pytest.raises(SystemExit) as end:
        main([str(img), "--images", str(img), "--out", str(tmp_path / "out2")])
    assert end.value.code == 3
    assert capsys.readouterr().err.startswith("veilspeak: no JSON files")
