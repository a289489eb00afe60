"""Privacy: what a run tells about itself holds neither landmarks nor pictures, and no library reports on it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_faces import write_video

from multimodal.media.sources import open_source
from multimodal.results import GESTURES

ROOT = Path(__file__).parents[2]
BULK = re.compile(r"(?:-?\d+(?:\.\d+)?[\s,;()\[\]]+){6}|(?:\\x[0-9a-f]{2}.?){6}|[A-Za-z0-9+=]{100}")
"""Six numbers in a row, six bytes in a row, or a word of a hundred letters."""


@dataclass(frozen=True)
class Run:
    """What a run has left: its exit code, all that it said, its files, and the user's own folder."""

    code: int
    said: str
    out: Path
    home: Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two seconds of the sample, told at length, in a home of its own; nothing tells libraries that this is a test."""
    folder = tmp_path_factory.mktemp("privacy")
    with open_source("sample") as source:
        frames = [frame.image for frame in source][:60]
    write_video(folder / "clip.mp4", frames, fps=30)
    words = ("--verbose", "demo", "--source", "clip.mp4", "--no-show", "--no-speak", "--out", "out")
    done = subprocess.run(
        [sys.executable, "-m", "cli", *words],
        **{"cwd": folder, "capture_output": True, "text": True, "timeout": 110, "check": False},
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder / "home")},
    )
    return Run(done.returncode, done.stdout + done.stderr, folder / "out", folder / "home")


def test_logs_hold_no_landmarks_and_no_pictures(run: Run) -> None:
    assert run.code == 0, run.said
    assert "veilspeak: " in run.said  # it was told at length
    assert "Yes, gladly!" in run.said  # a face and a hand were seen
    assert BULK.search(run.said) is None


def test_what_is_looked_for_in_logs_would_be_found() -> None:
    points = np.random.default_rng(0).random((468, 3)).astype(np.float32) * 300
    pixels = np.random.default_rng(0).integers(0, 256, 300).astype(np.uint8)
    told = (str(points), repr(points[:4].tolist()), str(pixels), repr(pixels.tobytes()))
    for text in (*told, base64.b64encode(pixels.tobytes()).decode()):
        assert BULK.search(f"veilspeak: seen {text} here"), text


def test_the_story_and_the_record_hold_no_landmarks_and_no_pictures(run: Run) -> None:
    events = [json.loads(line) for line in (run.out / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {"gesture", "expression", "decision"} <= {row["event"] for row in events}
    for content in (events, json.loads((run.out / "run.json").read_text(encoding="utf-8"))):
        for row in numbers(content):
            assert len(row) <= len(GESTURES)
            assert not any(isinstance(item, list) for item in row)
        assert BULK.search("".join(texts(content))) is None


def numbers(content: Any) -> Iterator[list[Any]]:
    """Yield every list of numbers, or of such lists."""
    if isinstance(content, dict):
        content = list(content.values())
    elif isinstance(content, list) and content and isinstance(content[0], (int, float, list)):
        yield content
    for item in content if isinstance(content, list) else ():
        yield from numbers(item)


def texts(content: Any) -> Iterator[str]:
    """Yield every text."""
    if isinstance(content, str):
        yield f"{content} "
    for item in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from texts(item)


def test_no_library_keeps_or_reports_anything_but_its_list_of_fonts(run: Run) -> None:
    """ONNX Runtime that may report leaves a device ID and a queue; the guards of Python's sockets do not see it."""
    left = [path.relative_to(run.home).as_posix() for path in run.home.rglob("*") if path.is_file()]
    assert [name for name in left if not name.startswith(".cache/matplotlib/")] == []
