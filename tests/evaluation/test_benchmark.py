"""The table of times: every part is in it once, and what is left out is said. Nothing is timed against the clock."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cli
from multimodal.errors import MissingError, UsageError
from multimodal.evaluation import benchmark as module
from multimodal.evaluation.benchmark import report, run_benchmark
from multimodal.live import load_live_config

PARTS = {
    *("face mesh and pose", "visibility", "hand points", "hand detector", "hand detector, network alone"),
    *("regional expression net", "fusion head"),
}
LIVE: dict[str, Any] = {
    "parts": [
        {"part": "decode", "median_ms": 1.0, "p95_ms": 2.0},
        {"part": "motion", "median_ms": 3.0, "p95_ms": 4.0},
    ],
    "file": {"caption_ms": {"p50": 20.0, "p95": 30.0}},
    "first_audio_ms": {
        "new": {"sentences": 3, "p50": 5.0, "p95": 6.0},
        "watching": {"sentences": 0, "p50": None, "p95": None},
    },
}


def test_parts_peer_and_live_path_are_in_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "measure_live", lambda video, config, frames: LIVE)

    def no_peer(*given: object) -> object:
        raise MissingError("ultralytics is not installed")

    monkeypatch.setattr(module, "_stock", no_peer)
    summary = run_benchmark(load_live_config(), repeats=2)
    rows = {row["name"]: row for row in summary["rows"]}
    assert len(rows) == len(summary["rows"])
    assert set(rows) == {*PARTS, "live: flow", "live: whole frame to caption", "speech: first sound, new"}
    for row in summary["rows"]:
        assert set(row) == {"name", "median_ms", "p95_ms", "params", "threads"}
        assert 0 <= row["median_ms"] <= row["p95_ms"]
    assert rows["live: flow"]["p95_ms"] == 4.0
    assert rows["fusion head"]["params"] > 100
    assert rows["hand detector"]["params"] == rows["hand detector, network alone"]["params"] > 1e5
    assert summary["left_out"] == [{"name": "peer: stock yolov5n", "why": "ultralytics is not installed"}]
    text = report(summary)
    assert "left out: peer: stock yolov5n" in text
    assert len(text.splitlines()) == 2 + len(rows)


def test_parts_take_turns_and_warm_up_is_not_counted() -> None:
    order: list[str] = []
    times = module._in_turns({name: lambda name=name: order.append(name) for name in "ab"}, 2)
    assert "".join(order) == "ab" * (2 + module._WARM)
    assert {name: len(kept) for name, kept in times.items()} == {"a": 2, "b": 2}


def test_no_repeat_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        run_benchmark(load_live_config(), repeats=0)


def test_every_figure_is_recorded_with_what_gave_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"name": "hand detector, network alone", "median_ms": 3.5, "p95_ms": 4.25, "params": 7, "threads": 1},
        {"name": "live: flow", "median_ms": 1.0, "p95_ms": 2.0, "params": None, "threads": 2},
    ]
    monkeypatch.setattr(module, "run_benchmark", lambda *given, **more: {"rows": rows, "left_out": [], "cores": 2})
    monkeypatch.setattr(sys, "argv", ["veilspeak", "benchmark", "--record", "results/benchmark.csv"])
    path = tmp_path / "results" / "benchmark.csv"
    for _ in range(2):
        done = CliRunner().invoke(cli.app, ["benchmark", "--record", str(path)])
        assert done.exit_code == 0, done.output
    with path.open(encoding="utf-8") as file:
        kept = list(csv.DictReader(file))
    columns = ("median_ms", "p95_ms", "params", "threads")
    ours = {f"benchmark.{row['name']}.{key}": str(row[key]) for row in rows for key in columns if row[key] is not None}
    assert [(row["figure"], row["value"]) for row in kept] == list(ours.items()) * 2
    assert {row["command"] for row in kept} == {"veilspeak benchmark --record results/benchmark.csv"}
    assert all("onnxruntime=" in row["versions"] for row in kept)
