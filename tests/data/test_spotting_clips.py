from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_faces import landmarks_at

from multimodal.data.flow_cache import measure
from multimodal.data.index import Clip, ClipIndex
from multimodal.data.open_index import open_index
from multimodal.data.spotting import clips
from multimodal.data.spotting.clips import ApexClip, clip_motion, load_apex_clips
from multimodal.errors import MissingError
from multimodal.media.images import read_image
from multimodal.results import FaceObservation, Frame
from multimodal.testing import fabricate


class Everywhere:
    """Finds a face in every frame, or in none, and counts how often it is asked."""

    def __init__(self, blind: bool = False) -> None:
        self.blind, self.asked = blind, 0

    def track(self, frame: Frame) -> FaceObservation:
        self.asked += 1
        if self.blind:
            return FaceObservation(frame.index, frame.t_ms, success=False)
        height, width = frame.image.shape[:2]
        points, seen = landmarks_at(width / 2, height / 3), np.ones(12, np.float32)
        return FaceObservation(frame.index, frame.t_ms, True, 1.0, points, (0.0, 0.0, 0.0), 40.0, seen)

    def reset(self) -> None:
        pass


def one(root: Path, **more: object) -> Clip:
    fabricate("samm", root, people=1, takes=1, side=120)
    return replace(open_index([root]).clips[0], **more)  # type: ignore[arg-type]


def test_every_frame_is_measured_against_the_onset(tmp_path: Path) -> None:
    clip = one(tmp_path)
    motion = clip_motion(clip, tmp_path, looker=Everywhere())
    assert motion is not None
    assert motion.flow.shape == (8, 3, 28, 28)
    assert motion.flow.dtype == np.float32
    assert (motion.flow[0] == 0).all()
    assert motion.numbers.tolist() == list(range(8))
    assert motion.fps == 200
    onset, apex = (read_image(tmp_path / clip.path / clip.frames[n]) for n in (0, 4))
    expected = measure(onset, apex, Everywhere()).flow
    np.testing.assert_allclose(motion.flow[4], expected, atol=1e-4)


def test_missing_frames_leave_a_gap_in_the_numbers(tmp_path: Path) -> None:
    clip = one(tmp_path)
    fewer = replace(clip, frames=tuple(name for number, name in enumerate(clip.frames) if number != 2))
    motion = clip_motion(fewer, tmp_path, looker=Everywhere())
    assert motion is not None
    assert motion.numbers.tolist() == [0, 1, 3, 4, 5, 6, 7]
    gone = replace(clip, frames=(*clip.frames[:3], "006_gone_00000009.jpg"), offset=clip.first + 3)
    with pytest.raises(MissingError):
        clip_motion(replace(gone, path="nowhere"), tmp_path, looker=Everywhere())


def test_what_was_measured_is_kept_until_a_frame_changes(tmp_path: Path) -> None:
    clip, looker = one(tmp_path / "set"), Everywhere()
    first, again = (clip_motion(clip, tmp_path / "set", tmp_path / "cache", looker) for _ in range(2))
    assert looker.asked == 1
    assert first is not None
    assert again is not None
    np.testing.assert_array_equal(first.flow, again.flow)
    place = tmp_path / "set" / clip.path / clip.frames[3]
    place.write_bytes(place.read_bytes() + b"x")
    clip_motion(clip, tmp_path / "set", tmp_path / "cache", looker)
    assert looker.asked == 2


def test_without_a_face_there_is_no_motion(tmp_path: Path) -> None:
    clip = one(tmp_path / "set")
    for _ in range(2):
        assert clip_motion(clip, tmp_path / "set", tmp_path / "cache", Everywhere(blind=True)) is None


def test_clips_are_loaded_and_the_rest_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "shared_tracker", Everywhere)
    clip = one(tmp_path)
    assert clip.onset is not None
    others = {
        "unknown apex": {"apex": None},
        "unknown offset": {"offset": None},
        "apex at onset": {"apex": clip.onset},
        "unknown frame rate": {"fps": 0.0},
        "no frames": {"path": ""},
    }
    rows = [replace(clip, clip=name, **change) for name, change in others.items()]  # type: ignore[arg-type]
    macro = replace(clip, clip="smile", macro=True)
    found, problems = load_apex_clips(ClipIndex((clip, *rows, macro), (), {"samm": tmp_path}))
    assert [(type(one), one.name, one.subject, one.apex) for one in found] == [
        (ApexClip, clip.clip, f"samm/{clip.subject}", 4)
    ]
    assert [problem.kind for problem in problems] == list(others)
    assert all(problem.dropped for problem in problems)
