from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from fake_detector import SIZE, write_detector

from multimodal.config import load_config, shipped
from multimodal.data.fake_gestures import write_fake_gestures
from multimodal.data.yolo_folder import read_yolo_folder
from multimodal.errors import MissingError, UsageError
from multimodal.gesture.detector import HandDetector
from multimodal.training import gesture_compare as module
from multimodal.training.gesture_compare import Comparison, compare, detector_scores, main, write_table
from multimodal.training.gesture_config import GestureTraining
from multimodal.training.gesture_detector import build_network, set_offline
from multimodal.training.gesture_prepare import Photos, Prepared
from multimodal.training.gesture_sizes import DEFAULT, NETWORKS, measure_sizes, networks
from multimodal.training.gesture_skeleton import LabelledHands

SIGNS = ("like", "ok", "palm", "fist")


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[None]:
    """Keep Ultralytics offline, and put the environment back."""
    pytest.importorskip("ultralytics")
    before = dict(os.environ)
    set_offline(tmp_path / "settings")
    yield
    os.environ.clear()
    os.environ.update(before)


def test_networks_by_name() -> None:
    assert list(networks(["yolov5n", "veilspeak_yolo_s"])) == ["yolov5n", "veilspeak_yolo_s"]
    assert set(DEFAULT) <= set(NETWORKS)
    with pytest.raises(UsageError, match="no network yolov9n: there are veilspeak_yolo_n"):
        networks(["yolov5n", "yolov9n"])
    with pytest.raises(UsageError, match="is named"):
        networks([])


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    pytest.importorskip("ultralytics")
    folder = tmp_path_factory.mktemp("sizes")
    before = dict(os.environ)
    set_offline(folder / "settings")
    table = measure_sizes(("veilspeak_yolo_n", "veilspeak_yolo_n_v2", "yolov5n", "yolo26n"), folder, 64)
    os.environ.clear()
    os.environ.update(before)
    return table


def test_the_improved_n_is_smaller_than_stock(sizes: dict[str, dict[str, float]]) -> None:
    stock, ours, second = (sizes[name] for name in ("yolov5n", "veilspeak_yolo_n", "veilspeak_yolo_n_v2"))
    for key in ("parameters", "multiply_adds", "gflops_640", "onnx_bytes"):
        assert second[key] < ours[key] < stock[key]
    assert second["multiply_adds"] < 0.7 * stock["multiply_adds"]


def test_sizes_agree_with_what_is_known(sizes: dict[str, dict[str, float]]) -> None:
    """Ultralytics' own tables: YOLOv5n with its anchor-free head and 80 classes has 2.65 M and 7.7 GFLOPs."""
    assert sizes["yolov5n"]["parameters"] == pytest.approx(2.51e6, rel=0.01)
    assert sizes["yolov5n"]["gflops_640"] == pytest.approx(7.1, abs=0.2)
    assert sizes["yolo26n"]["gflops_640"] == pytest.approx(5.3, abs=0.2)
    assert all(
        row["multiply_adds"] * 100 * 2e-9 == pytest.approx(row["gflops_640"], rel=0.03) for row in sizes.values()
    )
    assert all(row["ms"] > 0 and row["cpu_ms"] > 0 and row["image_size"] == 64 for row in sizes.values())


def test_the_improved_s_is_built_as_said(offline: None) -> None:
    """No C3, and one convolution of stride 2: the first."""
    from ultralytics.nn.modules import C3, Conv, Detect

    from multimodal.gesture.modules import EfficientDown, ResidualLite

    network = build_network(NETWORKS["veilspeak_yolo_s"])
    kinds = [type(layer) for layer in network.model]
    assert C3 not in kinds
    assert kinds.count(EfficientDown) == 6
    assert kinds.count(ResidualLite) == 8
    assert kinds[-1] is Detect
    strides = [layer.conv.stride[0] for layer in network.model if isinstance(layer, Conv)]
    assert strides == [2, *[1] * (len(strides) - 1)]
    assert network.stride.tolist() == [8, 16, 32]


def test_a_table_as_json_and_csv(tmp_path: Path) -> None:
    write_table({"a": {"ms": 1.5}, "b": {"ms": 2.5, "map50": 0.5}}, tmp_path / "new" / "table")
    assert json.loads((tmp_path / "new/table.json").read_text())["b"]["map50"] == 0.5
    with (tmp_path / "new/table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"model": "a", "ms": "1.5", "map50": ""}, {"model": "b", "ms": "2.5", "map50": "0.5"}]


def test_a_detector_is_scored_by_its_own_scores(tmp_path: Path) -> None:
    data = write_fake_gestures(tmp_path / "set", gestures=("ok", "palm"), size=SIZE)
    for label in (tmp_path / "set/labels/val").glob("*.txt"):
        label.write_text(f"{label.read_text().split()[0]} 0.5 0.5 0.5 0.5\n")
    folder = read_yolo_folder(data, "val")
    detector = HandDetector(write_detector(tmp_path, [((16, 16, 48, 48), "ok", 0.9)]), threshold=0.01)
    figures = detector_scores(detector, folder)
    assert (figures["images"], figures["image_top1"]) == (2, 0.5)
    assert figures["map50"] == figures["map50_95"] == pytest.approx(0.5, abs=0.26)
    blind = HandDetector(write_detector(tmp_path, []), threshold=0.01)
    assert detector_scores(blind, folder) == {"images": 2, "map50": 0.0, "map50_95": 0.0, "image_top1": 0.0}


def test_the_command_line_wins_over_the_config() -> None:
    given = module._parser().parse_args(["--epochs", "3", "--imgsz", "96", "--seed", "7"])
    detector = module._settings(given).detector
    assert (detector.epochs, detector.image_size, detector.seed, detector.start) == (3, 96, 7, None)
    assert module._settings(module._parser().parse_args(["--start", "coco"])).detector.start is not None
    given = module._parser().parse_args(["--set", "detector.mosaic=0.5", "--set", "rendered=null"])
    assert (module._settings(given).detector.mosaic, module._settings(given).rendered) == (0.5, None)
    with pytest.raises(UsageError, match="--data"):
        main([])
    with pytest.raises(UsageError, match="image_size"):
        main(["--imgsz", "100", "--sizes"])


def test_tests_by_folder_with_their_splits() -> None:
    told = module._tests(["some/signs:train", "other/data.yaml", "c:/x:y/third"])
    assert told == {
        "signs": (Path("some/signs"), "train"),
        "other": (Path("other/data.yaml"), "val"),
        "third": (Path("c:/x:y/third"), "val"),
    }
    with pytest.raises(UsageError, match="called 'signs'"):
        module._tests(["a/signs", "b/signs/data.yaml"])


def test_other_photos_in_the_same_folder_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_config(GestureTraining, shipped("gesture/train.yaml"))
    prepared: list[int] = []

    none = LabelledHands(np.zeros((0, 21, 3)), np.zeros(0, bool), np.zeros(0, int), np.zeros(0, int))
    nothing = Photos(settings.sets[0], [], none)

    def prepare(settings: GestureTraining, base: Path, out: Path) -> Prepared:
        prepared.append(1)
        (out / "photos").mkdir(exist_ok=True)
        (out / "photos/data.yaml").write_text("names: []\n")
        return Prepared(out / "photos/data.yaml", nothing, np.zeros((0, 19)), set(), {})

    monkeypatch.setattr(module, "prepare", prepare)
    run = Comparison(settings, tmp_path, tmp_path, ("yolov5n",))
    assert module._prepared(run) == module._prepared(run) == tmp_path / "photos/data.yaml"
    assert prepared == [1]
    other = settings.model_copy(update={"held_out": 1})
    with pytest.raises(UsageError, match="other photos"):
        module._prepared(Comparison(other, tmp_path, tmp_path, ("yolov5n",)))


@pytest.mark.slow
def test_networks_are_trained_on_the_same_photos_and_measured(
    tmp_path: Path, offline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from test_gesture_training import fake_tracker, kill_after_the_first_epoch

    data = write_fake_gestures(tmp_path / "first", per_class=3, size=64, gestures=SIGNS)
    content = {
        "sets": [{"folder": "first", "labels": "trusted"}],
        "held_out": 1,
        "skeleton": {"epochs": 20, "folds": 2, "copies": 1},
        "detector": {"image_size": 64, "epochs": 2, "batch": 8, "close_mosaic": 0, "freeze": 5},
    }
    config = tmp_path / "train.yaml"
    config.write_text(yaml.safe_dump(content))
    fake_tracker(monkeypatch, read_yolo_folder(data, "train").samples)
    run = Comparison(
        load_config(GestureTraining, config),
        tmp_path,
        tmp_path / "out",
        ("veilspeak_yolo_n_v2", "yolo26n"),
        {"first": (data, "val")},
    )
    kill_after_the_first_epoch(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        compare(run)
    monkeypatch.undo()
    table = compare(run)
    assert list(table) == ["veilspeak_yolo_n_v2", "yolo26n"]
    for row in table.values():
        assert (row["epochs"], row["image_size"], row["seed"], row["start_tensors"]) == (2, 64, 0, 0)
        assert (row["images"], row["first_images"]) == (len(SIGNS), 12)
        assert {"map50", "map50_95", "image_top1", "first_map50", "parameters", "onnx_bytes", "ms"} <= set(row)
    assert json.loads((tmp_path / "out/compare.json").read_text()) == table
    longer = load_config(GestureTraining, config, ["detector.epochs=3"])
    with pytest.raises(UsageError, match="another config"):
        compare(Comparison(longer, tmp_path, tmp_path / "out", run.models))


def test_a_missing_set_is_told(tmp_path: Path, offline: None) -> None:
    settings = load_config(GestureTraining, shipped("gesture/train.yaml"), ["detector.start=null"])
    with pytest.raises(MissingError, match="hagrid_mini"):
        compare(Comparison(settings, tmp_path / "nowhere", tmp_path / "out", ("yolov5n",)))
