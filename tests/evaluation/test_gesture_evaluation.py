from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_detector import write_detector
from fake_peer import write_peer

from multimodal.data.fake_gestures import write_fake_gestures
from multimodal.errors import MissingError, UsageError
from multimodal.evaluation.gesture import evaluate_gesture, predictions_of
from multimodal.gesture.reader import GestureConfig
from multimodal.results import GESTURES, Hand


def test_the_contract_and_its_figures(tmp_path: Path) -> None:
    """The fake detector names every hand ``ok``, in about the right place: right for one picture of two."""
    data = write_fake_gestures(tmp_path / "set", gestures=("ok", "palm"), size=64)
    for label in (tmp_path / "set/labels/val").glob("*.txt"):
        number = label.read_text().split()[0]
        label.write_text(f"{number} 0.5 0.5 0.5 0.5\n")
    config = GestureConfig(detector=write_detector(tmp_path, [((16, 16, 48, 48), "ok", 0.9)]))
    result = evaluate_gesture(data, tmp_path / "out", config=config)
    assert {"images", "map50", "map50_95", "image_top1", "by_class"} <= set(result)
    assert result["images"] == 2
    assert result["detector"]["image_top1"] == 0.5
    assert result["detector"]["map50"] == pytest.approx(0.5, abs=0.26)
    assert result["skeleton"]["image_top1"] == 0.0
    assert result["by_class"]["ok"]["top1"] == 1.0
    assert result["by_class"]["palm"]["top1"] == 0.0
    assert result["confused"] == [["palm", "ok", 1]]
    assert json.loads((tmp_path / "out/gesture.json").read_text()) == result
    rows = (tmp_path / "out/gesture_predictions.csv").read_text().splitlines()
    assert rows[0] == "image,label,found,score,tone,light"
    assert rows[1].startswith("ok_000.png,ok,ok,")
    assert set(result["ms"]) == {"both", "detector", "skeleton"}
    assert result["ms"]["both"] > max(result["ms"]["detector"], result["ms"]["skeleton"])
    for table in (result["by_tone"], result["by_light"]):
        assert sum(row["images"] for row in table.values()) == 2
        assert sum(row["images"] * row["image_top1"] for row in table.values()) == pytest.approx(1)
    assert "peer" not in result


def test_the_peer_reads_the_same_photos_in_the_same_run(tmp_path: Path) -> None:
    data = write_fake_gestures(tmp_path / "set", gestures=("ok", "palm"), size=64)
    config = GestureConfig(detector=write_detector(tmp_path, [((16, 16, 48, 48), "ok", 0.9)]))
    rival = write_peer(tmp_path / "peer", [(0, 0, 1, 1)], [0.9], "fist")
    result = evaluate_gesture(data, tmp_path / "out", config=config, peer=rival, borders=(0.0, 0.5))
    assert result["peer"]["borders"].keys() == {"0", "0.5"}
    assert result["peer"]["image_top1"] == 0.0
    assert result["lead_top1"] == result["image_top1"] == 0.5


def test_what_is_known_of_photos_groups_the_figures(tmp_path: Path) -> None:
    data = write_fake_gestures(tmp_path / "set", gestures=("ok", "palm"), size=64)
    columns = "picture,sign,side,glove,light,melanin,visible,width,height"
    rows = ("ok_000,ok,left,none,room,0.1,1,0.3,0.3", "palm_000,palm,left,knitted,dark,0.9,1,0.3,0.3")
    (tmp_path / "set/index.csv").write_text("\n".join((columns, *rows)) + "\n")
    config = GestureConfig(detector=write_detector(tmp_path, [((16, 16, 48, 48), "ok", 0.9)]))
    known = evaluate_gesture(data, tmp_path / "out", config=config)["by_known"]
    assert known["light"] == {
        "dark": {"images": 1, "both": 0.0, "detector": 0.0, "skeleton": 0.0},
        "room": {"images": 1, "both": 1.0, "detector": 1.0, "skeleton": 0.0},
    }
    assert known["side"]["left"]["both"] == 0.5


@pytest.mark.parametrize("kind", ["grey", "rgba", "deep", "pixel", "long"])
def test_odd_pictures_are_read_and_broken_ones_counted(tmp_path: Path, kind: str) -> None:
    data = write_fake_gestures(tmp_path / "set", gestures=("ok", "palm", "rock"), size=64)
    images = tmp_path / "set/images/val"
    picture = cv2.imread(str(images / "ok_000.png"))
    odd = {
        "grey": cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY),
        "rgba": cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA),
        "deep": picture.astype(np.uint16) * 257,
        "pixel": picture[:1, :1],
        "long": np.zeros((20, 12_000, 3), np.uint8),
    }
    cv2.imwrite(str(images / "ok_000.png"), odd[kind])
    (images / "rock_000.png").write_bytes(b"\x89PNG\r\n")
    config = GestureConfig(detector=write_detector(tmp_path, [((16, 16, 48, 48), "ok", 0.9)]))
    rival = write_peer(tmp_path / "peer", [(0, 0, 1, 1)], [0.9], "ok")
    result = evaluate_gesture(data, tmp_path / "out", config=config, peer=rival)
    assert result["images"] == 2
    assert result["problems"] == ["picture that cannot be decoded: 1 (first: rock_000.png)"]


def test_nothing_sound_is_an_error_that_counts(tmp_path: Path) -> None:
    data = write_fake_gestures(tmp_path / "set", gestures=("ok", "palm"), size=64)
    for label in (tmp_path / "set/labels/val").glob("*.txt"):
        label.write_text("3 1.2 .5 .4 .4\n")
    with pytest.raises(UsageError, match="label outside the picture: 2"):
        evaluate_gesture(data, tmp_path / "out")


def test_a_peer_or_borders_where_there_is_none() -> None:
    from typer.testing import CliRunner

    from cli import app

    for arguments in (["expression", "--peer", "x"], ["gesture", "--borders", "0"]):
        done = CliRunner().invoke(app, ["evaluate", *arguments, "--data", "nowhere"])
        assert isinstance(done.exception, UsageError)


def test_each_sign_of_a_hand_is_a_prediction() -> None:
    probabilities = np.full(19, 0.001)
    probabilities[[2, 5]] = 0.6, 0.383
    hand = Hand((0, 0, 9, 9), GESTURES[2], 0.3, probabilities, "detector")
    found = predictions_of([hand])
    assert found.classes.tolist() == [2, 5]
    assert found.scores == pytest.approx([0.3, 0.1915])
    assert len(predictions_of([]).scores) == 0


def test_foreign_names_and_missing_data(tmp_path: Path) -> None:
    data = write_fake_gestures(tmp_path / "set", gestures=("ok",))
    data.write_text(data.read_text().replace("palm", "hello"))
    with pytest.raises(UsageError, match="hello"):
        evaluate_gesture(data, tmp_path / "out")
    with pytest.raises(MissingError):
        evaluate_gesture(tmp_path / "nowhere.yaml", tmp_path / "out")
