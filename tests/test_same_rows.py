"""Whichever way a clip takes - command line, Python, frame by frame - the same rows come out."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fake_faces import write_video

from multimodal.data.fake_gestures import write_fake_gestures
from multimodal.demo import run_demo
from multimodal.evaluation.clips import open_samples
from multimodal.evaluation.cross_validation import Experiment
from multimodal.evaluation.expression import ExpressionEvaluation, evaluate_expression
from multimodal.evaluation.gesture import evaluate_gesture
from multimodal.evaluation.ready import name_with_ready_weights
from multimodal.events import Story
from multimodal.expression.reader import ExpressionReader
from multimodal.live import Live, Step, load_live_config
from multimodal.media.sinks import EventsSink, FramesSink
from multimodal.media.sources import open_source
from multimodal.results import EXPRESSIONS, FlowClip

ROOT = Path(__file__).resolve().parents[1]
SPOKEN = ("utterance", "voice", "end")
"""Events that carry wall time, or of the run and not of the clip."""

Rows = list[dict[str, Any]]


def command(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run the command line in a process of its own and return its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments, "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def events_of(path: Path) -> Rows:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["event"] not in SPOKEN]


def frames_of(path: Path) -> Rows:
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    for row in rows:
        del row["latency_ms"]
    return rows


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's first 2.8 seconds: a face, a sign, an expression, a decision."""
    with open_source("sample") as source:
        frames = [frame.image for frame in source][:84]
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mp4", frames, fps=30)


def by_reading(live: Live, source: Any) -> Iterable[Step]:
    return (live.read(frame) for frame in source)


def by_file(live: Live, source: Any) -> Iterable[Step]:
    return live.steps(source)


def by_camera(live: Live, source: Any) -> Iterable[Step]:
    source.kind = "camera"  # nothing is decoded or begun ahead
    return live.steps(source)


def run_live(source: Path | str, out: Path, way: Callable[[Live, Any], Iterable[Step]] = by_file) -> tuple[Rows, Rows]:
    """Push a source through the live path; return the rows of events and frames."""
    with ExitStack() as stack:
        opened = stack.enter_context(open_source(str(source)))
        live = stack.enter_context(Live(load_live_config(), independent=opened.independent))
        events = stack.enter_context(EventsSink(out / "events.jsonl"))
        frames = stack.enter_context(FramesSink(out / "frames.csv"))
        story = Story(opened.independent)
        for step in way(live, opened):
            for row in story.rows(step):
                events.write(**row)
            frames.write(step.frame, step.face, step.gesture, step.expression, step.decision, step.latency_ms)
    return events_of(out / "events.jsonl"), frames_of(out / "frames.csv")


@pytest.mark.slow
def test_command_line_python_and_live_path_give_the_same_rows(clip: Path, tmp_path: Path) -> None:
    typed = command(tmp_path, "demo", "--source", str(clip), "--no-show", "--no-speak", "--out", "typed")
    called = run_demo(str(clip), tmp_path / "called", None, [], speak=False, show=False)
    events, frames = events_of(tmp_path / "typed/events.jsonl"), frames_of(tmp_path / "typed/frames.csv")
    assert {"face_found", "gesture", "expression", "decision"} <= {row["event"] for row in events}
    assert len(frames) == 84
    assert typed["utterances"] == called["utterances"] != []
    assert {key: typed[key] for key in ("frames", "face_fraction")} == {"frames": 84, "face_fraction": 1.0}
    assert events_of(tmp_path / "called/events.jsonl") == events
    assert frames_of(tmp_path / "called/frames.csv") == frames
    for way in (by_reading, by_file, by_camera):
        assert run_live(clip, tmp_path / way.__name__, way) == (events, frames)


def test_pictures_together_give_the_rows_of_each_alone(tmp_path: Path) -> None:
    with open_source("sample") as source:
        frames = [frame.image for frame in source]
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in (40, 60, 110, 200):
        assert cv2.imwrite(str(folder / f"{number:03}.png"), cv2.cvtColor(frames[number], cv2.COLOR_RGB2BGR))
    events, rows = run_live(folder, tmp_path / "together")
    alone = [run_live(path, tmp_path / path.stem) for path in sorted(folder.iterdir())]
    ours = [row for _, found in alone for row in found]
    assert len({row["hand_gesture"] for row in rows}) > 1
    assert [_placeless(row) for row in rows] == [_placeless(row) for row in ours]
    told = [_placeless(row) for found, _ in alone for row in found if row["event"] in ("gesture", "decision")]
    assert [_placeless(row) for row in events if row["event"] in ("gesture", "decision")] == told != []


def _placeless(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without what hangs on the picture's place among the others."""
    return {key: value for key, value in row.items() if key not in ("frame", "t_ms", "source")}


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of random onset-apex maps of three people."""
    root, rng = tmp_path_factory.mktemp("maps"), np.random.default_rng(0)
    for subject in ("sub01", "sub02", "s01"):
        for label in range(3):
            path = root / subject / "u_test" / str(label) / f"{subject}_{label}.png"
            path.parent.mkdir(parents=True)
            path.write_bytes(cv2.imencode(".png", rng.integers(0, 256, (28, 28, 3), dtype=np.uint8))[1].tobytes())
    return root


@pytest.mark.parametrize(("model", "protocol"), [("regional-synthetic", "none"), ("flow-logreg", "loso")])
def test_expressions_are_measured_alike_from_command_line_and_python(
    maps: Path, tmp_path: Path, model: str, protocol: str
) -> None:
    words = ("--model", model, "--protocol", protocol, "--occlude", "none,block:0.5", "--seeds", "2", "--workers", "1")
    typed = command(tmp_path, "evaluate", "expression", "--data", str(maps), *words, "--out", "typed")
    config = ExpressionEvaluation(model=model, protocol=protocol, occlude=("none", "block:0.5"), seeds=2)
    called = evaluate_expression(maps, config, tmp_path / "called", workers=1)
    told = ("conditions", "clips", "subjects", "classes", "folds", "problems")
    assert {key: typed[key] for key in told} == {key: json.loads(json.dumps(called[key])) for key in told}
    for name in ("predictions.csv", "megc.log", "config.yaml"):
        assert (tmp_path / "typed" / name).read_bytes() == (tmp_path / "called" / name).read_bytes()
    assert len((tmp_path / "typed/predictions.csv").read_text().splitlines()) == 1 + 9 * 2 * 2


def test_gestures_are_measured_alike_from_command_line_and_python(tmp_path: Path) -> None:
    data = write_fake_gestures(tmp_path / "set", gestures=("ok", "palm", "like"), size=96)
    typed = command(tmp_path, "evaluate", "gesture", "--data", str(data), "--out", "typed")
    called = evaluate_gesture(data, tmp_path / "called")
    assert typed.pop("ms_per_image") > 0
    assert typed.pop("ms").keys() == called.pop("ms").keys()
    del called["ms_per_image"]
    assert typed == json.loads(json.dumps(called))
    rows = [(tmp_path / way / "gesture_predictions.csv").read_bytes() for way in ("typed", "called")]
    assert rows[0] == rows[1]


def test_the_evaluation_reads_a_clip_as_the_live_path_does(maps: Path) -> None:
    """Within 1e-5, as the evaluation reads clips in batches; a clip of which nothing can be seen has its own rule."""
    samples, _ = open_samples([maps], "megc2019", (), None, 1)
    visibility = np.random.default_rng(1).random(samples.visibility.shape).astype(np.float32)
    visibility[4] = 0.1
    samples = samples.with_flow(samples.flow, visibility)
    run = ("none", 0)
    outcome, _ = name_with_ready_weights(
        Experiment("regional-synthetic", ("none",), (0,), (), False), samples, {}, None
    )
    reader, scores = ExpressionReader(), outcome.sealed.scores(run)
    for row, (flow, seen) in enumerate(zip(samples.flow, samples.visibility, strict=True)):
        result = reader.read(FlowClip(flow[None], np.zeros(1), 0.0, seen), 0.0, 0.0, 0.0)
        np.testing.assert_allclose(result.attention, outcome.attention[run][row], atol=1e-5)
        if row == 4:  # the field's protocols ask for a class of every clip: the prior's; a listener is told nothing
            assert result.affect == "none"
            np.testing.assert_array_equal(scores[row], reader.prior)
        else:
            np.testing.assert_allclose(result.probabilities, scores[row], atol=1e-5)
            assert result.affect == EXPRESSIONS[scores[row].argmax()]
