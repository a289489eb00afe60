from __future__ import annotations

import csv
import json
import time
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_faces import write_video

from multimodal.errors import UsageError
from multimodal.evaluation import live_speed as module
from multimodal.evaluation.live_speed import HEIGHT, WIDTH, FittedClip, main, measure_live
from multimodal.live import load_live_config
from multimodal.media.sources import open_source
from multimodal.timings import Timings


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample from where a sign is shown, at half its size: 28 frames."""
    with open_source("sample") as source:
        frames = [frame.image for frame in islice(source, 30, 58)]
    small = [cv2.resize(image, (320, 240), interpolation=cv2.INTER_AREA) for image in frames]
    return write_video(tmp_path_factory.mktemp("clip") / "small.mp4", small, fps=30)


def test_all_that_is_promised_is_measured_and_goes_to_the_ledger(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = tmp_path / "live.csv"
    main(["--video", str(clip), "--set", 'speech.engine="null"', "--record", str(ledger)])
    printed = json.loads(capsys.readouterr().out)
    assert (printed["video"], printed["width"], printed["height"], printed["scaled"]) == ("small", 320, 240, True)
    assert (printed["file"]["frames"], printed["file"]["dropped"]) == (28, 0)
    assert printed["camera"]["frames"] + printed["camera"]["dropped"] == 28
    for way in ("file", "camera"):
        assert printed[way]["fps"] > 0
        assert 0 < printed[way]["caption_ms"]["p50"] <= printed[way]["caption_ms"]["p95"]
    assert {name: row["sentences"] for name, row in printed["first_audio_ms"].items()} == {
        "new": 72,
        "cached": 72,
        "watching": 1,
    }
    parts = {row["part"] for row in printed["parts"]}
    assert parts >= {"decode", "scale", "face", "motion", "decide", "draw"}
    assert parts >= {"hands", "hands: detector", "hands: skeleton"}
    assert set(printed["targets"]) == set(module.TARGETS)
    with ledger.open(newline="") as file:
        rows = {row["figure"]: row for row in csv.DictReader(file)}
    row = rows["live_speed.small.file.caption_ms.p95"]
    assert float(row["value"]) == printed["file"]["caption_ms"]["p95"]
    assert row["data"]
    assert row["command"] == "python -m multimodal.evaluation.live_speed --video small.mp4"
    assert "live_speed.small.parts.hands: detector.median_ms" in rows


def test_a_file_is_read_whole_and_a_camera_passes_over_what_comes_too_late(clip: Path) -> None:
    timings = Timings()
    with open_source(str(clip)) as inner, FittedClip(inner, 20, timings) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == list(range(20))
    assert frames[0].image.shape == (HEIGHT, WIDTH, 3)
    assert timings.by_part["scale"].count == 20
    with open_source(str(clip)) as inner, FittedClip(inner, 28, Timings(), paced=True) as source:
        seen = []
        for frame in source:
            seen.append(frame.index)
            time.sleep(0.15 if len(seen) == 3 else 0.0)
        assert len(seen) + source.dropped == 28
        assert np.diff(seen)[2] > 1


def test_a_clip_of_the_right_size_stays_as_it_is() -> None:
    with open_source("sample") as inner, FittedClip(inner, 2, Timings()) as source:
        assert not source.scaled
        assert [frame.image.shape for frame in source] == [(HEIGHT, WIDTH, 3)] * 2


def test_targets_are_met_or_not() -> None:
    def figures(fps: float, caption: float, audio: float) -> dict[str, object]:
        ways = {way: {"fps": fps, "caption_ms": {"p95": caption}} for way in ("file", "camera")}
        return {**ways, "first_audio_ms": {"new": {"p95": audio}, "watching": {"p95": None}}}

    assert list(module._targets(figures(30, 150, 100)).values()) == [True] * 3
    assert list(module._targets(figures(29.9, 150.1, 100.1)).values()) == [False] * 3


def test_what_is_no_video_or_too_short_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(UsageError, match="no video"):
        measure_live(str(tmp_path / "a.png"), load_live_config())
