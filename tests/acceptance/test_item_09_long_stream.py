"""Item 9: three hours, compressed in time: memory flat, time a frame flat, every queue bounded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from light_rooms import STEP_MS, LightLive, ScriptedSource, light_config, talk

from multimodal.demo import LAST_SAID, Demo
from multimodal.timings import RECENT

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 3 * 60 * 60 * 30
EVERY = 5400
"""Frames between two looks at memory: three minutes."""

needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")


def watch(kind: str, frames: int, every: int, folder: Path) -> dict[str, Any]:
    """Run ``three_hours.py``, which also checks at each look that every queue is short."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/three_hours.py"), kind, str(frames), str(every), str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check_blocks(seen: dict[str, Any], every: int, warm: int) -> None:
    """A number that is kept of each frame, anywhere, is one more block a frame once the last times are full."""
    blocks = seen["blocks"]
    assert warm * every > RECENT
    assert blocks[-1] - blocks[warm] < 0.02 * every * (len(blocks) - warm), blocks


def check_flat(seen: dict[str, Any], warm: int) -> None:
    """Compare all looks with the first one after the warm-up."""
    resident, times = seen["resident"], seen["frame_ms"]
    assert len(resident) > 2 * warm
    assert max(resident[warm:]) <= 1.05 * resident[warm], resident
    half = (len(times) + warm) // 2
    assert np.median(times[half:]) < 3 * np.median(times[warm:half]), times


@pytest.mark.slow
@pytest.mark.timeout(900)
@needs_proc
def test_item_9_three_hours_with_light_rooms(tmp_path: Path) -> None:
    seen = watch("light", FRAMES, EVERY, tmp_path)
    assert seen["frames"] == FRAMES
    assert seen["t_ms"] == pytest.approx(3 * 3600e3, abs=2 * STEP_MS)
    assert seen["said"] > 100
    check_flat(seen, warm=12)
    check_blocks(seen, EVERY, warm=12)


@pytest.mark.slow
@pytest.mark.timeout(600)
@needs_proc
def test_item_9_some_thousand_frames_with_the_real_rooms(tmp_path: Path) -> None:
    seen = watch("real", 1491, 213, tmp_path)
    assert (seen["frames"], seen["said"] >= 7) == (1491, True)
    check_flat(seen, warm=3)


def test_item_9_a_run_keeps_no_more_than_its_last_sentences(tmp_path: Path) -> None:
    """The command's own lists: what it sums up at the end does not grow with the stream."""
    config = light_config()
    source = ScriptedSource(talk(900))
    with LightLive(config) as live:
        demo = Demo(live, source, tmp_path, config, speak=False, show=False)
        summary = demo.run()
    assert summary["frames"] == 900
    assert demo._utterances.maxlen == LAST_SAID
    assert not [name for name, value in vars(demo).items() if isinstance(value, (list, set)) and value]
