from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_faces import landmarks_at, write_video

from multimodal.data import flow_cache
from multimodal.data.flow_cache import Motion, clip_motion, frames_of, measure, read_arrays, write_arrays
from multimodal.data.frames import digest, numbers, pictures, present_numbers
from multimodal.data.index import Clip
from multimodal.data.open_index import open_index
from multimodal.errors import DecodeError, MissingError
from multimodal.media.images import read_image
from multimodal.results import FaceObservation, Frame
from multimodal.testing import fabricate


class Marked:
    """Finds a face in every frame but the unlucky ones, and counts how often it is asked."""

    def __init__(self, blind: str = "") -> None:
        self.blind, self.asked = blind, 0

    def track(self, frame: Frame) -> FaceObservation:
        self.asked += 1
        if frame.source == self.blind:
            return FaceObservation(frame.index, frame.t_ms, success=False)
        height, width = frame.image.shape[:2]
        points = landmarks_at(width / 2, height / 3)
        return FaceObservation(
            frame.index, frame.t_ms, True, 1.0, points, (0.0, 0.0, 0.0), 40.0, np.full(12, 0.75, np.float32)
        )

    def reset(self) -> None:
        pass


def one(root: Path, **more: object) -> Clip:
    fabricate("samm", root, people=1, takes=1, side=120)
    return replace(open_index([root]).clips[0], **more)  # type: ignore[arg-type]


def test_frames_from_onset_to_offset_come_in_the_order_of_time(tmp_path: Path) -> None:
    clip = one(tmp_path)
    frames = frames_of(clip, tmp_path)
    assert len(frames) == 8
    for frame, name in zip(frames, clip.frames, strict=True):
        np.testing.assert_array_equal(frame, read_image(tmp_path / clip.path / name))
    assert len(frames_of(replace(clip, offset=None), tmp_path)) == 5
    assert len(frames_of(replace(clip, offset=None, apex=None), tmp_path)) == 1


def test_frames_are_told_by_their_names_where_some_are_missing(tmp_path: Path) -> None:
    clip = one(tmp_path)
    gone = clip.frames[2]
    rest = replace(clip, frames=tuple(name for name in clip.frames if name != gone))
    (tmp_path / clip.path / gone).unlink()
    assert numbers(rest) == (66, 67, 69, 70, 71, 72, 73)
    assert present_numbers(rest) == numbers(rest)
    np.testing.assert_array_equal(pictures(rest, tmp_path, (69,))[0], read_image(tmp_path / clip.path / clip.frames[3]))


def test_names_without_numbers_are_counted_from_the_first() -> None:
    clip = Clip("d", "s", "c", 5, 6, 7, 0.0, "x", frames=("a.png", "b.png", "c.png"), first=5)
    assert numbers(clip) == (5, 6, 7)


def test_videos_are_read_by_the_numbers_of_their_frames(tmp_path: Path) -> None:
    images = [np.full((48, 64, 3), 20 * number, np.uint8) for number in range(8)]
    write_video(tmp_path / "v.avi", images, "mjpeg")
    clip = Clip("d", "s", "c", 3, 5, 6, 25.0, "x", path="v.avi", first=1)
    means = [frame.mean() for frame in frames_of(clip, tmp_path)]
    np.testing.assert_allclose(means, [40, 60, 80, 100], atol=4)
    with pytest.raises(DecodeError, match="none of the frames"):
        frames_of(replace(clip, onset=30, apex=31, offset=32), tmp_path)


def test_motion_is_measured_between_onset_and_apex(tmp_path: Path) -> None:
    clip = one(tmp_path)
    motion = clip_motion(clip, tmp_path, looker=Marked())
    assert motion.flow is not None
    assert motion.flow.shape == (3, 28, 28)
    assert motion.flow.dtype == np.float32
    np.testing.assert_array_equal(motion.visibility, np.full(12, 0.75, np.float32))
    ends = pictures(clip, tmp_path, (66, 70))
    np.testing.assert_array_equal(motion.flow, measure(ends[0], ends[1], Marked()).flow)
    still = measure(ends[0], ends[0], Marked()).flow
    assert still is not None
    assert np.abs(still).max() < 1e-3 < np.abs(motion.flow).max()


@pytest.mark.parametrize("blind", ["onset", "apex"])
def test_without_a_face_there_is_no_motion_and_nothing_in_its_place(blind: str, tmp_path: Path) -> None:
    clip = one(tmp_path / "set")
    for _ in range(2):
        motion = clip_motion(clip, tmp_path / "set", tmp_path / "cache", Marked(blind))
        assert motion == Motion(None, None, blind)


def test_what_was_measured_is_kept_under_the_frames_content(tmp_path: Path) -> None:
    root, cache, looker = tmp_path / "set", tmp_path / "cache", Marked()
    clip = one(root)
    first = clip_motion(clip, root, cache, looker)
    assert looker.asked == 2
    again = clip_motion(replace(clip, subject="another name"), root, cache, looker)
    assert looker.asked == 2
    assert first.flow is not None
    assert again.flow is not None
    np.testing.assert_array_equal(again.flow, first.flow)
    np.testing.assert_array_equal(again.visibility, first.visibility)
    (kept,) = cache.glob("*.npz")
    (root / clip.path / clip.frames[4]).write_bytes((root / clip.path / clip.frames[3]).read_bytes())
    clip_motion(clip, root, cache, looker)
    assert looker.asked == 4
    assert len(list(cache.glob("*"))) == 2
    assert kept.exists()


def test_another_version_measures_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, looker = one(tmp_path / "set"), Marked()
    for version in (1, 2):
        monkeypatch.setattr(flow_cache, "VERSION", version)
        clip_motion(clip, tmp_path / "set", tmp_path / "cache", looker)
    assert looker.asked == 4


@pytest.mark.parametrize("spoil", ["cut", "pickle", "shape", "nan", "text"])
def test_a_damaged_file_is_measured_anew_and_nothing_is_unpickled(spoil: str, tmp_path: Path) -> None:
    clip, looker = one(tmp_path / "set"), Marked()
    first = clip_motion(clip, tmp_path / "set", tmp_path / "cache", looker)
    (kept,) = (tmp_path / "cache").glob("*.npz")
    if spoil == "cut":
        kept.write_bytes(kept.read_bytes()[:200])
    elif spoil == "pickle":
        bomb = np.empty(1, object)
        bomb[0] = Bomb()
        np.savez(kept, flow=bomb, visibility=bomb, lost=bomb)
    elif spoil == "text":
        kept.write_text("nothing")
    else:
        flow = np.zeros((3, 27, 28), np.float32) if spoil == "shape" else np.full((3, 28, 28), np.nan, np.float32)
        write_arrays(kept, {"flow": flow, "visibility": np.ones(12), "lost": np.array("")})
    again = clip_motion(clip, tmp_path / "set", tmp_path / "cache", looker)
    assert looker.asked == 4
    np.testing.assert_array_equal(again.flow, first.flow)


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("unpickled",))


def test_the_bomb_would_go_off() -> None:
    with pytest.raises(pytest.fail.Exception):
        pickle.loads(pickle.dumps(Bomb()))


def test_arrays_come_back(tmp_path: Path) -> None:
    write_arrays(tmp_path / "deep" / "a.npz", {"x": np.arange(3)})
    kept = read_arrays(tmp_path / "deep" / "a.npz")
    assert kept is not None
    np.testing.assert_array_equal(kept["x"], np.arange(3))
    assert read_arrays(tmp_path / "b.npz") is None
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.npz"]


def test_clips_that_cannot_be_measured_say_why(tmp_path: Path) -> None:
    clip = one(tmp_path)
    for change, why in (
        ({"apex": None}, "no apex"),
        ({"onset": None}, "no onset"),
        ({"apex": clip.onset}, "apex is the onset"),
        ({"frames": (), "path": ""}, "no frames"),
        ({"frames": (), "path": "nowhere.avi"}, "not there|cannot be read"),
        ({"apex": 200, "offset": 210}, "not there"),
    ):
        with pytest.raises(MissingError, match=why):
            clip_motion(replace(clip, **change), tmp_path, looker=Marked())  # type: ignore[arg-type]
    (tmp_path / clip.path / clip.frames[0]).write_bytes(b"no picture")
    with pytest.raises(DecodeError):
        clip_motion(clip, tmp_path, looker=Marked())


def test_the_digest_depends_on_bytes_and_order_alone(tmp_path: Path) -> None:
    for place in ("a", "b"):
        one(tmp_path / place)
    clip = open_index([tmp_path / "a"]).clips[0]
    assert digest(clip, tmp_path / "a", (66, 70)) == digest(clip, tmp_path / "b", (66, 70))
    assert digest(clip, tmp_path / "a", (66, 70)) != digest(clip, tmp_path / "a", (70, 66))
    assert digest(clip, tmp_path / "a", (66, 70)) != digest(clip, tmp_path / "a", (66, 71))
