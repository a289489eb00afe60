from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from fake_detector import write_detector

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
    assert rows[0] == "image,label,found,score"
    assert rows[1].startswith("ok_000.png,ok,ok,")


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
