from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from fake_detector import write_detector

from multimodal.config import validate
from multimodal.data.fake_gestures import fake_hand
from multimodal.errors import MissingError, UsageError
from multimodal.gesture import reader as module
from multimodal.gesture.hands import HandTracker, Skeleton
from multimodal.gesture.reader import GestureConfig, GestureReader
from multimodal.results import GESTURES, Frame

IMAGE = np.zeros((64, 64, 3), np.uint8)


class FakeTracker:
    """A tracker that finds a hand in the frames whose red channel says so."""

    def __init__(self, live: bool, max_hands: int, min_confidence: float) -> None:
        self.live, self.max_hands, self.min_confidence = live, max_hands, min_confidence
        self.calls, self.resets, self.closed = 0, 0, 0

    def find(self, image: np.ndarray) -> list[Skeleton]:
        self.calls += 1
        if not image[0, 0, 0]:
            return []
        points = fake_hand("palm", np.random.default_rng(0)) * 12
        return [Skeleton(points + np.array([32.0, 48.0, 0.0]), 1, 1.0)]

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HandTracker", FakeTracker)


def frame(index: int, hand: bool, t_ms: float | None = None) -> Frame:
    image = np.full((64, 64, 3), 200 if hand else 0, np.uint8)
    return Frame(image, index, 33.0 * index if t_ms is None else t_ms, "fake")


def reader(tmp_path: Path, live: bool = True, found: bool = True, **keys: object) -> GestureReader:
    rows = [((15.0, 20.0, 50.0, 52.0), "palm", 0.6)] if found else []
    return GestureReader(GestureConfig(detector=write_detector(tmp_path, rows), **keys), live=live)


def looks(made: GestureReader, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by one with each look of the detector."""
    calls: list[int] = []
    original = made._detector.find
    monkeypatch.setattr(made._detector, "find", lambda image: calls.append(1) or original(image))
    return calls


def test_both_opinions_are_merged_in_a_photo(tmp_path: Path, fake: None) -> None:
    with reader(tmp_path, live=False) as made:
        result = made.read(frame(7, hand=True))
    (hand,) = result.hands
    assert (result.index, result.t_ms) == (7, 231.0)
    assert hand.origin == "both"
    assert hand.landmarks is not None
    assert hand.probabilities.sum() == pytest.approx(1)
    assert hand.gesture == GESTURES[int(hand.probabilities.argmax())]
    assert np.abs(hand.embedding).sum() > 0
    assert set(result.to_dict()["hands"][0]) >= {"box", "gesture", "confidence", "origin"}


def test_photos_are_independent(tmp_path: Path, fake: None) -> None:
    with reader(tmp_path, live=False) as made:
        first = made.read(frame(0, hand=True)).hands
        made.read(frame(1, hand=False))
        again = made.read(frame(0, hand=True)).hands
    assert first[0].to_dict() == again[0].to_dict()


def test_the_detector_rests_while_the_skeleton_follows(
    tmp_path: Path, fake: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reader(tmp_path, detect_every=5, track_every=1) as made:
        calls = looks(made, monkeypatch)
        results = [made.read(frame(i, hand=True)) for i in range(20)]
    assert len(calls) == 4
    assert made._tracker.calls == 20
    assert [hand.origin for result in results for hand in result.hands] == ["both"] * 20


def test_odd_intervals_hold_beside_even_ones(tmp_path: Path, fake: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with reader(tmp_path, detect_every=5, track_every=2) as made:
        calls = looks(made, monkeypatch)
        for i in range(24):
            made.read(frame(i, hand=True))
    assert len(calls) == 4
    assert made._tracker.calls == 12


def test_nobody_about_costs_little(tmp_path: Path, fake: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with reader(tmp_path, found=False, detect_every=6, search_every=3) as made:
        calls = looks(made, monkeypatch)
        assert all(made.read(frame(i, hand=False)).hands == () for i in range(18))
        assert len(calls) == 3
        assert made._tracker.calls == 6


def test_a_lost_hand_is_looked_for_at_once_and_never_invented(
    tmp_path: Path, fake: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reader(tmp_path, found=False, detect_every=100, track_every=1) as made:
        calls = looks(made, monkeypatch)
        made.read(frame(0, hand=True))
        made.read(frame(1, hand=True))
        assert len(calls) == 1
        assert made.read(frame(2, hand=False)).hands == ()
        assert len(calls) == 2


def test_a_reading_stands_for_one_frame_and_no_longer(tmp_path: Path, fake: None) -> None:
    with reader(tmp_path, found=False, track_every=2) as made:
        seen = [len(made.read(frame(i, hand=i < 3)).hands) for i in range(8)]
        assert seen == [1, 1, 1, 1, 0, 0, 0, 0]
        assert made._tracker.calls == 4
        made.reset()
        assert made.read(frame(9, hand=False)).hands == ()


def test_a_hand_that_only_the_detector_sees_is_looked_at_in_every_frame(
    tmp_path: Path, fake: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reader(tmp_path, detect_every=100) as made:
        calls = looks(made, monkeypatch)
        origins = [hand.origin for i in range(4) for hand in made.read(frame(i, hand=False)).hands]
    assert len(calls) == 4
    assert origins == ["detector"] * 4


@pytest.mark.parametrize("t_ms", [5000.0, 0.0])
def test_a_gap_or_a_jump_back_starts_anew(tmp_path: Path, fake: None, t_ms: float) -> None:
    with reader(tmp_path) as made:
        made.read(frame(0, hand=True, t_ms=100.0))
        made.read(frame(1, hand=True, t_ms=133.0))
        assert made._tracker.resets == 0
        made.read(frame(2, hand=True, t_ms=t_ms))
        assert made._tracker.resets == 1
        made.reset()
        assert made._tracker.resets == 2


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    made = reader(tmp_path)
    made.close()
    made.close()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.full((9, 40, 3), 128, np.uint8),
        np.full((16, 16, 3), 255, np.uint8),
        np.random.default_rng(0).integers(0, 255, (33, 190, 3), dtype=np.uint8),
        np.random.default_rng(0).integers(0, 255, (190, 33, 6), dtype=np.uint8)[:, :, ::2],
    ],
    ids=["pixel", "thin", "small", "wide", "strided"],
)
@pytest.mark.parametrize("live", [True, False])
def test_odd_pictures_do_not_crash(tmp_path: Path, image: np.ndarray, live: bool) -> None:
    with reader(tmp_path, live=live, found=False) as made:
        assert made.read(Frame(image, 0, 0.0, "x")).hands == ()
        assert made.read(Frame(IMAGE, 1, 33.0, "x")).hands == ()


def test_a_huge_strip_is_searched_in_little_memory(tmp_path: Path) -> None:
    """With a border as wide as half its length, this would be 5 gigabytes."""
    strip = np.zeros((24, 30_000, 3), np.uint8)
    with reader(tmp_path, live=False, found=False) as made:
        tracemalloc.start()
        assert made.read(Frame(strip, 0, 0.0, "x")).hands == ()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 100e6


def test_points_in_a_large_picture_are_in_its_own_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = HandTracker.__new__(HandTracker)
    tracker.live = False
    sizes: list[tuple[int, ...]] = []

    def in_the_middle(picture: np.ndarray) -> list[Skeleton]:
        sizes.append(picture.shape)
        return [Skeleton(np.tile(np.array([picture.shape[1] / 2, picture.shape[0] / 4, 8.0]), (21, 1)), 1, 0.9)]

    monkeypatch.setattr(tracker, "_process", in_the_middle)
    (hand,) = tracker.find(np.zeros((3000, 8192, 3), np.uint8))
    assert sizes == [(750, 2048, 3)]
    assert hand.points[0] == pytest.approx((4096, 750, 32))


def test_missing_weights_are_told_before_anything_heavy_is_imported() -> None:
    program = (
        "import sys\n"
        "from multimodal.errors import MissingError\n"
        "from multimodal.gesture.reader import GestureConfig, GestureReader\n"
        "try:\n    GestureReader(GestureConfig(detector='nowhere'))\n"
        "except MissingError as error:\n    print(error)\n"
        "print([m for m in ('torch', 'mediapipe', 'onnxruntime', 'ultralytics') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    told, heavy = done.stdout.splitlines()
    assert told.startswith("weights 'nowhere' are missing")
    assert heavy == "[]"


def test_damaged_skeleton_weights(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="are missing"):
        GestureReader(GestureConfig(detector=write_detector(tmp_path, []), skeleton=str(tmp_path / "x.safetensors")))


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(UsageError, match="threshold"):
        validate(GestureConfig, {"treshold": 0.3}, "live.yaml")


def test_the_tracker_moves_mirrored_and_padded_points_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for MediaPipe finds the brightest pixel, but only in what was mirrored, or only in what was padded."""
    tracker = HandTracker.__new__(HandTracker)
    tracker.live = False
    image = np.zeros((40, 60, 3), np.uint8)
    image[10, 50] = 255

    def at_brightest(picture: np.ndarray) -> list[Skeleton]:
        y, x = np.unravel_index(picture[..., 0].argmax(), picture.shape[:2])
        return [Skeleton(np.tile(np.array([x, y, 0.0]), (21, 1)), 1, 0.9)]

    def only_mirrored(picture: np.ndarray) -> list[Skeleton]:
        return at_brightest(picture) if picture[10, 9, 0] else []

    def only_padded(picture: np.ndarray) -> list[Skeleton]:
        return at_brightest(picture) if picture.shape[0] > 40 else []

    monkeypatch.setattr(tracker, "_process", only_mirrored)
    (hand,) = tracker.find(image)
    assert hand.side == -1
    assert np.allclose(hand.points[0, :2], (50, 10), atol=1)
    monkeypatch.setattr(tracker, "_process", only_padded)
    (hand,) = tracker.find(image)
    assert hand.side == 1
    assert np.allclose(hand.points[0, :2], (50, 10), atol=1.5)


def test_the_skeletons_box_is_wider_than_its_points_and_inside_the_picture() -> None:
    points = np.zeros((21, 3))
    points[1] = (50, 100, 0)
    assert Skeleton(points, 1, 1.0).box(60, 104) == pytest.approx((0, 0, 54, 104))


@pytest.mark.shared_data
def test_real_photos_of_like_are_read(shared_data: Path) -> None:
    """With the shipped weights, as ``demo --source 'like_*.jpg'`` reads them."""
    from multimodal.data.yolo_folder import read_rgb

    photos = sorted((shared_data / "gestures/hagrid_mini/images/val").glob("like_*.jpg"))
    with GestureReader(live=False) as made:
        results = [made.read(Frame(read_rgb(path), i, 0.0, path.name)) for i, path in enumerate(photos)]
    right = [bool(result.hands) and result.hands[0].gesture == "like" for result in results]
    assert sum(right) > len(photos) / 2
