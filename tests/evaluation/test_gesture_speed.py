from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_detector import SIZE, write_detector

from multimodal.errors import UsageError
from multimodal.evaluation import gesture_speed as module
from multimodal.evaluation.gesture_speed import main, measure_speed
from multimodal.gesture.reader import GestureConfig
from multimodal.media.video import VideoSink


@pytest.fixture
def environment() -> Iterator[None]:
    """Put the environment back after Ultralytics was kept offline."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "still.mp4"
    with VideoSink(path, 30.0) as sink:
        for number in range(14):
            sink.write(np.full((64, 96, 3), 60 + number, np.uint8), 33.3 * number)
    return path


def test_every_part_is_timed_and_what_was_seen_is_said(tmp_path: Path, clip: Path) -> None:
    """The fake detector sees a hand in each frame, the skeleton none: live, the detector looks at every frame."""
    config = GestureConfig(detector=write_detector(tmp_path, [((16, 16, 48, 48), "ok", 0.9)]))
    figures = measure_speed([str(clip)], config, repeats=2, frames=12, size=SIZE)
    assert (figures["threads"], figures["repeats"], figures["detector_size"]) == (1, 2, SIZE)
    row = figures["clips"]["still"]
    assert (row["frames"], row["width"], row["height"]) == (12, 96, 64)
    assert (row["hands"], row["signs"]) == (1.0, {"ok": 12})
    for name in ("detector_ms", f"detector_{SIZE}_ms", "skeleton_ms", "live_ms"):
        assert 0 < row[name]["median"] <= row[name]["p95"]
        assert row[name]["cpu_mean"] >= 0
    assert row["live_ms"]["mean"] > row["detector_ms"]["median"]
    assert figures["weights_mb"]["detector"] == pytest.approx(Path(config.detector).stat().st_size / 1e6, abs=1e-3)
    assert figures["weights_mb"]["mediapipe"] > 5


def test_medians_over_rounds() -> None:
    rounds = [module._Round([1.0, 2.0, 9.0], 3.0, []), module._Round([4.0, 4.0, 4.0], 5.0, [])]
    assert module._summary(rounds) == {"median": 3.0, "mean": 4.0, "p95": 6.15, "cpu_mean": 4.0}


def test_rows_go_to_the_ledger(tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detector = write_detector(tmp_path, [])
    options = ["--repeats", "1", "--size", str(SIZE), "--detector", detector, "--record", str(tmp_path / "speed.csv")]
    main(["--video", str(clip), *options])
    printed = json.loads(capsys.readouterr().out)
    with (tmp_path / "speed.csv").open(newline="") as file:
        rows = {row["figure"]: row for row in csv.DictReader(file)}
    row = rows["gesture_speed.still.live_ms.mean"]
    assert float(row["value"]) == printed["clips"]["still"]["live_ms"]["mean"]
    assert row["data"]
    assert row["command"].endswith("--video " + str(clip))
    assert "gesture_speed.weights_mb.skeleton" in rows


def test_photos_and_odd_sizes_are_refused(tmp_path: Path, clip: Path) -> None:
    config = GestureConfig(detector=write_detector(tmp_path, []))
    with pytest.raises(UsageError, match="multiple of 32"):
        measure_speed([str(clip)], config, size=300)
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(UsageError, match="no video"):
        measure_speed([str(tmp_path / "a.png")], config, size=SIZE)


def test_the_network_at_another_size(tmp_path: Path, environment: None) -> None:
    """The shipped detector, built anew at 64 pixels with random weights: as many numbers, another input."""
    from multimodal.gesture.detector import HandDetector

    shipped = HandDetector()
    made = module._at_size(shipped, 64, tmp_path)
    assert made.size == 64
    assert shipped.size != 64
    made.find(np.zeros((40, 60, 3), np.uint8))
    sizes = [
        path.stat().st_size
        for path in (tmp_path / "veilspeak_yolo_n-64.onnx", module.weights.find("gesture-detector")[0])
    ]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.05)
