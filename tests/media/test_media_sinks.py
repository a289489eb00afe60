from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from multimodal.config import Config
from multimodal.media.record import RunRecord, revision, versions
from multimodal.media.sinks import FRAME_COLUMNS, EventsSink, FramesSink
from multimodal.media.sources import open_source
from multimodal.media.video import VideoSink, fitted
from multimodal.results import (
    REGIONS,
    Decision,
    ExpressionResult,
    FaceObservation,
    Frame,
    GestureResult,
    Hand,
)

pytestmark = pytest.mark.timeout(30)


def frame(index: int = 0) -> Frame:
    return Frame(np.zeros((24, 40, 3), np.uint8), index, index * 40.0, "clip.mp4")


def hand(name: str = "like", confidence: float = 0.9) -> Hand:
    return Hand((1.0, 2.0, 30.0, 20.5), name, confidence, np.full(19, 1 / 19, np.float32))


def expression() -> ExpressionResult:
    third, twelve = np.full(3, 1 / 3), np.full(12, 0.5)
    return ExpressionResult(
        *(0.0, 40.0, 80.0, "positive", 0.75, third), np.full(5, 0.2), twelve, twelve, twelve, np.zeros(64)
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_events_are_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "events.jsonl"
    decision = Decision(40.0, "like", "positive", 0.8, True, "Ja, gerne! 你好", {"gesture": 0.6, "expression": 0.4})
    with EventsSink(path) as sink:
        sink.write("face_lost", 40)
        sink.write("decision", 40.0, decision=decision, score=np.float32("nan"), where=tmp_path)
        before_closing = path.read_text(encoding="utf-8").splitlines()
    first, second = (json.loads(line) for line in before_closing)
    assert first == {"event": "face_lost", "t_ms": 40.0}
    assert second["decision"]["sentence"] == "Ja, gerne! 你好"
    assert second["score"] is None
    assert sink.rows == 2


def test_frames_have_the_same_columns_whatever_was_seen(tmp_path: Path) -> None:
    face = FaceObservation(1, 40.0, True, 0.97, np.zeros((468, 3)), (1.0, -2.0, 3.5), 61.25, np.linspace(0, 1, 12))
    decision = Decision(40.0, "like", "positive", 0.8, True, "Yes, gladly!", {"gesture": 0.6, "expression": 0.4})
    with FramesSink(tmp_path / "frames.csv") as sink:
        sink.write(frame(0))
        sink.write(frame(1), face, GestureResult(1, 40.0, (hand(), hand("fist", 0.5))), expression(), decision, 12.3456)
        sink.write(frame(2), FaceObservation(2, 80.0, True, 0.5))
    empty, full, bare = rows(sink.path)
    assert tuple(full) == FRAME_COLUMNS
    assert FRAME_COLUMNS[:4] == ("frame", "t_ms", "success", "confidence")
    assert (empty["success"], empty["confidence"], empty["yaw"], empty["hand_gesture"]) == ("0", "0.0", "", "")
    assert [full[key] for key in ("frame", "t_ms", "success", "yaw", "eye_distance")] == [
        "1",
        "40.0",
        "1",
        "1.0",
        "61.25",
    ]
    assert [float(full[f"visibility_{region}"]) for region in REGIONS] == pytest.approx(np.linspace(0, 1, 12), abs=1e-3)
    assert [full[key] for key in ("hand_gesture", "hand_x0", "hand_y1")] == ["like", "1.0", "20.5"]
    assert [full[key] for key in ("affect", "decision", "sure", "latency_ms")] == [
        "positive",
        "Yes, gladly!",
        "1",
        "12.35",
    ]
    assert (bare["success"], bare["yaw"], bare["visibility_chin"]) == ("1", "", "")


@pytest.mark.parametrize(("width", "height"), [(96, 64), (97, 65), (1, 1)])
def test_video_is_read_back_with_its_times(tmp_path: Path, width: int, height: int) -> None:
    times = [0.0, 33.3, 100.0, 250.0]
    with VideoSink(tmp_path / "a.mp4", 30.0) as sink:
        for index, t_ms in enumerate(times):
            sink.write(np.full((height, width, 3), (200, 30 * index, 20), np.uint8), t_ms)
    with open_source(str(sink.path)) as source:
        frames = list(source)
    assert [item.t_ms for item in frames] == pytest.approx(times, abs=0.1)
    assert not source.truncated
    assert (source.width, source.height) == (width + width % 2, height + height % 2)
    assert np.abs(frames[2].image.mean(axis=(0, 1)) - (200, 60, 20)).max() < 12


def test_video_fits_later_sizes_in_and_survives_stopped_times(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "a.mp4", float("nan")) as sink:
        for shape in ((64, 96), (200, 50), (10, 300)):
            sink.write(np.full((*shape, 3), 200, np.uint8), 0.0)
    with open_source(str(sink.path)) as source:
        assert [item.image.shape for item in source] == [(64, 96, 3)] * 3


def test_fitted_keeps_the_shape_of_things() -> None:
    image = np.full((50, 100, 3), 255, np.uint8)
    framed = fitted(image, 40, 40)
    assert framed.shape == (40, 40, 3)
    assert framed[20, 20].tolist() == [255] * 3
    assert framed[5, 20].tolist() == [0] * 3
    assert fitted(image, 101, 51)[50, 100].tolist() == [255] * 3


class Settings(Config):
    rate: float = 1.5


def read_json(path: Path) -> dict[str, object]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_run_record_tells_how_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with RunRecord(path, Settings(), {"name": "sample"}, ["veilspeak", "demo"]) as record:
        assert read_json(path)["status"] == "running"
        record.update(frames=472, latency=np.float32(1.5))
        assert read_json(path)["frames"] == 472
    content = read_json(path)
    assert (content["status"], content["config"], content["command"]) == ("done", {"rate": 1.5}, ["veilspeak", "demo"])
    assert content["ended"]
    assert [item.name for item in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "interrupted"), (ValueError, "failed")])
def test_run_record_tells_what_went_wrong(tmp_path: Path, error: type[BaseException], status: str) -> None:
    with pytest.raises(error), RunRecord(tmp_path / "run.json", {}):
        raise error("why")
    assert read_json(tmp_path / "run.json")["status"] == status


def test_versions_and_revision_are_known() -> None:
    assert versions()["numpy"] == np.__version__
    found = revision()
    assert found is None or len(found.removesuffix("-dirty")) == 40


WRITER = """
import sys, time
from pathlib import Path
import numpy as np
from multimodal.media.sinks import EventsSink, FramesSink, RunRecord, VideoSink
from multimodal.results import Frame
out = Path(sys.argv[1])
video, events = VideoSink(out / "a.mp4", 10.0), EventsSink(out / "events.jsonl")
frames, record = FramesSink(out / "frames.csv"), RunRecord(out / "run.json", {})
rng = np.random.default_rng(0)
for index in range(100000):
    image = rng.integers(0, 255, (64, 96, 3)).astype(np.uint8)
    video.write(image, index * 100.0)
    events.write("tick", index * 100.0)
    frames.write(Frame(image, index, index * 100.0, "test"))
    record.update(frames=index)
    if index == 60:
        print("ready", flush=True)
    time.sleep(0.002)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_writer_leaves_readable_files(tmp_path: Path, how: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(how)
    process.wait(10)
    process.stdout.close()
    with open_source(str(tmp_path / "a.mp4")) as source:
        assert sum(1 for _ in source) >= 40
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert len(lines) >= 60
    assert all(json.loads(line)["event"] == "tick" for line in lines)
    assert len(rows(tmp_path / "frames.csv")) >= 60
    assert read_json(tmp_path / "run.json")["status"] == "running"
