"""``veilspeak predict`` needs no more memory for a longer clip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_faces import write_video

from multimodal.media.sources import open_source

ROOT = Path(__file__).parents[1]
SHORT, TIMES = 60, 4
LEAST_KEPT_MB = (TIMES - 1) * SHORT * 640 * 480 * 3 / 1e6
"""What a program that kept every frame would need more for the long clip."""
PROGRAM = """
import resource, sys
import cli
sys.argv[0] = "veilspeak"
try:
    cli.main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.skipif(os.name != "posix", reason="needs rusage")]


def peak_mb(clip: Path, out: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "predict", str(clip), "--out", str(out)],
        cwd=clip.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout.splitlines()[-1])


def test_four_times_the_clip_needs_no_more_memory(tmp_path: Path) -> None:
    with open_source("sample") as source:
        frames = [frame.image for frame in source if frame.index < SHORT]
    short, long = (
        peak_mb(write_video(tmp_path / f"{times}.mp4", frames * times), tmp_path / f"out{times}")
        for times in (1, TIMES)
    )
    assert short > 100  # the models alone
    assert long - short < 0.3 * LEAST_KEPT_MB, f"{short:.0f} MB, then {long:.0f} MB"
    print(f"{short:.0f} MB, then {long:.0f} MB")
