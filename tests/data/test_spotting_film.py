from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_faces import landmarks_at, picture, write_video

from multimodal.data.open_index import open_index
from multimodal.data.spotting import film as film_module
from multimodal.data.spotting.film import Film, watch
from multimodal.data.spotting.film_cache import film_of
from multimodal.data.spotting.videos import find_videos
from multimodal.face.align import face_transform
from multimodal.face.canonical import to_percent
from multimodal.face.crop import face_crop, fitting_step
from multimodal.face.flow import FLOWS, face_mask, remove_rigid, shrink
from multimodal.face.strips import motion_of_places, strips
from multimodal.results import FaceObservation, Frame

FPS, COUNT, HALF = 10.0, 26, 2


class Still:
    """Finds the face at one place in every frame but the unlucky ones."""

    def __init__(self, blind: tuple[int, ...] = ()) -> None:
        self.blind, self.asked = blind, 0

    def track(self, frame: Frame) -> FaceObservation:
        self.asked += 1
        if frame.index in self.blind:
            return FaceObservation(frame.index, frame.t_ms, success=False)
        points, seen = landmarks_at(120.0, 70.0), np.ones(12, np.float32)
        return FaceObservation(frame.index, frame.t_ms, True, 1.0, points, (0.0, 0.0, 0.0), 40.0, seen)

    def reset(self) -> None:
        pass


def frames(count: int = COUNT) -> list[Frame]:
    """Return a face whose lower half slides about."""
    base = picture(None, seed=3)
    rows = []
    for number in range(count):
        image = base.copy()
        image[90:] = np.roll(base[90:], number % 5, axis=1)
        rows.append(Frame(image, number, 1000.0 * number / FPS, ""))
    return rows


@pytest.fixture(scope="module")
def film() -> Film:
    return watch(frames(), FPS, ("micro",), Still())


def slow_flow(first: int, last: int, method: str) -> np.ndarray:
    """Measure one pair by itself."""
    transform = face_transform(landmarks_at(120.0, 70.0))
    step = fitting_step(transform)
    one, other = (
        face_crop(frames()[number].image, transform, step, grey=True).square(transform) for number in (first, last)
    )
    return to_percent(FLOWS.get(method)()(one, other))


def test_each_frame_has_the_flow_between_the_frames_around_it(film: Film) -> None:
    scale = film.scales["micro"]
    assert scale.half == HALF
    assert len(film) == len(scale.strips) == len(scale.magnitude) == COUNT
    assert np.flatnonzero(~scale.there).tolist() == [0, COUNT - 1]
    for number in (1, 7, COUNT - 2):
        flow = slow_flow(number - 1, number + 1, "dis")
        np.testing.assert_array_equal(scale.strips[number], strips(flow))
        left = remove_rigid(shrink(flow), face_mask())
        assert scale.magnitude[number] == pytest.approx(np.hypot(*left)[face_mask() > 0].mean(), rel=1e-4)


def test_windows_overlap_by_half_and_are_measured_against_their_first_frame(film: Film) -> None:
    scale = film.scales["micro"]
    length = scale.places.shape[1]
    assert length == 5 * HALF + 1
    assert scale.starts == tuple(range(0, COUNT, length // 2))
    for row, start in enumerate(scale.starts):
        inside = min(length, COUNT - start)
        assert (scale.places[row, 0] == 0).all()
        assert np.isfinite(scale.places[row, :inside]).all()
        assert np.isnan(scale.places[row, inside:]).all()
    row, later = 2, 4
    expected = motion_of_places(slow_flow(scale.starts[row], scale.starts[row] + later, "dis-quick"))
    np.testing.assert_allclose(scale.places[row, later], expected, atol=1e-5)


def test_where_no_face_is_seen_nothing_is_measured() -> None:
    film = watch(frames(), FPS, ("micro",), Still(blind=(10, 15)))
    scale = film.scales["micro"]
    assert [number for number, motion in enumerate(film.motions) if motion is None] == [10, 15]
    assert np.flatnonzero(~scale.there).tolist() == [0, 9, 11, 14, 16, COUNT - 1]
    assert (scale.strips[9] == 0).all()
    assert np.isnan(scale.places[scale.starts.index(10)]).all()  # it began without a face
    assert np.isnan(scale.places[scale.starts.index(5)][5]).all()
    assert np.isfinite(scale.places[scale.starts.index(5)][6]).all()


def test_a_film_is_kept_until_the_video_changes(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", [frame.image for frame in frames()], "mjpeg", fps=10)
    row = "subject,clip,onset,apex,offset,fps,emotion,path\np,e,5,8,12,10,anger,a.avi\n"
    (tmp_path / "index.csv").write_text(row)
    (video,), _ = find_videos(open_index([tmp_path / "index.csv"]), least_s=2.0)
    looker, cache = Still(blind=(3,)), tmp_path / "cache"
    first, again = (film_of(video, ("micro",), cache, looker) for _ in range(2))
    assert looker.asked == COUNT
    assert len(list(cache.iterdir())) == 1
    assert again.fps == first.fps
    for one, other in zip(first.motions, again.motions, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            np.testing.assert_array_equal(one.energy, other.energy)
            assert (one.index, one.t_ms, one.anchor_ms) == (other.index, other.t_ms, other.anchor_ms)
    for name, value in vars(first.scales["micro"]).items():
        np.testing.assert_array_equal(value, getattr(again.scales["micro"], name))
    film_of(video, ("micro", "macro"), cache, looker)
    assert looker.asked == 2 * COUNT


def test_memory_does_not_grow_with_the_video() -> None:
    watcher = film_module._Watcher(HALF)
    for frame in frames(60):
        watcher.push(film_module._seen(frame, Still().track(frame), 0))
    assert len(watcher._recent) == HALF + 1
    assert sum(first is not None for _, first, _ in watcher._windows) <= 3
