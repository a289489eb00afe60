"""What systems over pictures are given: the apex's face, the frames' faces, the flow from the onset to each frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_faces import landmarks_at

from multimodal.data import features
from multimodal.data.features import FEATURES, Seen, View, aligned, clip_feature, onset_flows
from multimodal.data.flow_cache import measure, write_arrays
from multimodal.data.frames import frames_of, pictures
from multimodal.data.index import Clip
from multimodal.data.open_index import open_index
from multimodal.errors import MissingError
from multimodal.expression.normalise import normalise, visible_cells
from multimodal.face.align import cut_square, face_transform
from multimodal.face.window import MotionWindow, WindowConfig
from multimodal.results import FaceObservation, Frame
from multimodal.testing import fabricate

VISIBILITY = np.linspace(0.4, 1.0, 12).astype(np.float32)


class Settled:
    """Says that a face stands in the middle of every picture, except of those that are all of one colour."""

    def __init__(self) -> None:
        self.asked = 0

    def track(self, frame: Frame) -> FaceObservation:
        self.asked += 1
        if frame.image.std() == 0:
            return FaceObservation(frame.index, frame.t_ms, success=False)
        height, width = frame.image.shape[:2]
        points = landmarks_at(width / 2, height / 2.5)
        seen = VISIBILITY - 0.01 * (self.asked % 5)
        return FaceObservation(
            frame.index, frame.t_ms, True, 1.0, points, (0.0, 0.0, 0.0), 40.0, seen.astype(np.float32)
        )

    def reset(self) -> None:
        pass


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    fabricate("samm", tmp_path, people=1, takes=1, side=160)
    return open_index([tmp_path]).clips[0]


def test_the_apex_is_cut_out_of_its_own_frame_in_colour(clip: Clip, tmp_path: Path) -> None:
    assert clip.apex is not None
    face = clip_feature(clip, tmp_path, "apex", looker=Settled())
    assert face is not None
    assert (face.shape, face.dtype) == ((3, 112, 112), np.uint8)
    image = pictures(clip, tmp_path, (clip.apex,))[0]
    transform = face_transform(landmarks_at(80, 64))
    np.testing.assert_array_equal(face, cut_square(image, transform, 112).transpose(2, 0, 1))
    with pytest.raises(MissingError, match="no apex"):
        clip_feature(replace(clip, apex=None), tmp_path, "apex", looker=Settled())


def test_frames_are_the_faces_from_onset_to_offset_in_colour(clip: Clip, tmp_path: Path) -> None:
    made = clip_feature(clip, tmp_path, "frames", looker=Settled())
    assert made is not None
    assert (made.shape, made.dtype) == ((3, 16, 64, 64), np.uint8)
    images = frames_of(clip, tmp_path)
    for time, image in ((0, images[0]), (15, images[-1])):
        face = cut_square(image, face_transform(landmarks_at(80, 64)), 64)
        np.testing.assert_array_equal(made[:, time], face.transpose(2, 0, 1))


def test_flows_are_those_that_the_live_window_measures(tmp_path: Path) -> None:
    fabricate("casme2", tmp_path, people=1, takes=1, faces=True)
    clip = open_index([tmp_path]).clips[0]
    images = frames_of(clip, tmp_path)
    view = replace(FEATURES.get("flows").view, frames=len(images))
    seen = aligned(clip, tmp_path, view, Settled())
    assert seen is not None
    window, looker = MotionWindow(WindowConfig()), Settled()
    for number, image in enumerate(images):
        frame = Frame(image, number, 40.0 * number, "")
        window.push(frame, looker.track(frame))
    live = window.clip(0.0, 40.0 * (len(images) - 1), steps=len(images) - 1)
    np.testing.assert_allclose(seen.visibility, live.visibility)
    np.testing.assert_allclose(onset_flows(seen), live.flow, atol=1e-4)
    assert np.abs(live.flow).max() > 1
    np.testing.assert_allclose(onset_flows(seen)[-1], measure(images[0], images[-1], Settled()).flow, atol=0.05)


def test_flows_are_normalised_and_still_where_nothing_can_be_seen() -> None:
    squares = np.random.default_rng(0).integers(0, 255, (16, 128, 128)).astype(np.uint8)
    hidden = np.array([0.0] * 4 + [1.0] * 8, np.float32)
    seen = Seen(squares, hidden)
    made, maps = FEATURES.get("flows").describe(seen), onset_flows(seen)
    assert (made.shape, made.dtype) == ((3, 15, 28, 28), np.float16)
    cells = visible_cells(hidden)
    expected = normalise(maps, hidden).transpose(1, 0, 2, 3)
    np.testing.assert_allclose(made[..., cells], expected[..., cells], atol=2e-3)
    assert not made[..., ~cells].any()
    assert (~cells).any()


@pytest.mark.parametrize(("name", "asks", "needs_all"), [("apex", 1, True), ("frames", 1, False), ("flows", 8, True)])
def test_frames_that_must_show_a_face_decide(name: str, asks: int, needs_all: bool, clip: Clip, tmp_path: Path) -> None:
    looker, cache = Settled(), tmp_path / "cache"
    assert clip_feature(clip, tmp_path, name, cache, looker) is not None
    assert looker.asked == asks
    for file in (clip.frames[4], clip.frames[5]):  # the apex, and one that is neither apex nor onset
        cv2.imwrite(str(tmp_path / clip.path / file), np.full((160, 160, 3), 90, np.uint8))
    for _ in range(2):
        assert (clip_feature(clip, tmp_path, name, cache, looker) is None) == needs_all
    once = looker.asked
    clip_feature(clip, tmp_path, name, cache, looker)
    assert looker.asked == once


@pytest.mark.parametrize("spoil", ["version", "shape", "cut"])
def test_what_is_stale_or_damaged_is_made_anew(
    spoil: str, clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looker, cache = Settled(), tmp_path / "cache"
    first = clip_feature(clip, tmp_path, "frames", cache, looker)
    (kept,) = cache.glob("*.npz")
    if spoil == "version":
        monkeypatch.setattr(features, "VERSION", features.VERSION + 1)
    elif spoil == "shape":
        write_arrays(kept, {"feature": np.zeros((3, 16, 32, 32), np.uint8)})
    else:
        kept.write_bytes(kept.read_bytes()[:100])
    again = clip_feature(clip, tmp_path, "frames", cache, looker)
    assert looker.asked == 2
    np.testing.assert_array_equal(first, again)


def test_a_grey_view_is_the_grey_of_the_coloured_one(clip: Clip, tmp_path: Path) -> None:
    colour = aligned(clip, tmp_path, View(5, 128, colour=True), Settled())
    grey = aligned(clip, tmp_path, View(5, 128), Settled())
    assert colour is not None
    assert grey is not None
    assert (colour.squares.shape, grey.squares.shape) == ((5, 128, 128, 3), (5, 128, 128))
    mixed = colour.squares @ np.array([0.299, 0.587, 0.114])
    assert np.abs(mixed - grey.squares).mean() < 1
