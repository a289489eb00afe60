from __future__ import annotations

import numpy as np
import pytest

from multimodal.face.canonical import EYE_LEFT, EYE_RIGHT, MOUTH
from multimodal.face.strips import PLACES, STRIP_SIDE, motion_of_places, nose_motion, strips

SIDE = 128


def bump(x: float, y: float, u: float, v: float, width: float = 0.05) -> np.ndarray:
    """Return a flow that moves by (u, v) around a point, fractions of the square."""
    row, column = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    spot = np.exp(-0.5 * (((column - x) / width) ** 2 + ((row - y) / width) ** 2))
    return np.stack([u * spot, v * spot]).astype(np.float32)


def test_a_shift_of_the_whole_head_is_no_motion() -> None:
    shifted = np.ones((2, SIDE, SIDE), np.float32) * np.array([3.0, -2.0], np.float32)[:, None, None]
    np.testing.assert_allclose(nose_motion(shifted), [3, -2], atol=1e-5)
    assert np.abs(motion_of_places(shifted)).max() < 1e-5
    moved = bump(0.3, 0.12, 0, -2)
    np.testing.assert_allclose(motion_of_places(moved + shifted), motion_of_places(moved), atol=1e-4)
    assert np.abs(strips(moved + shifted).astype(int) - strips(moved)).max() <= 1


@pytest.mark.parametrize(("place", "half"), [((0.3, 0.12), 0), ((0.3, 0.76), 1)])
def test_brows_lie_over_the_mouth(place: tuple[float, float], half: int) -> None:
    cut = strips(bump(*place, 0, -2))
    assert cut.shape == (3, STRIP_SIDE, STRIP_SIDE)
    away = np.abs(cut[1].astype(int) - int(np.median(cut[1])))
    rows = away.max(axis=1).reshape(2, STRIP_SIDE // 2).max(axis=1)
    assert rows[half] > 200
    assert rows[1 - half] < 30


def test_each_channel_is_stretched_and_stillness_is_zero() -> None:
    cut = strips(bump(0.3, 0.76, 0.5, -2))
    assert (cut.min(axis=(1, 2)) == 0).all()
    assert (cut.max(axis=(1, 2)) == 255).all()
    assert (strips(np.zeros((2, SIDE, SIDE), np.float32)) == 0).all()


def test_the_motion_of_a_place_is_that_of_its_box_alone() -> None:
    names = list(PLACES)
    moved = motion_of_places(bump(0.30, 0.74, 1.5, -1.0, width=0.02))
    lengths = np.hypot(*moved.T)
    assert names[int(lengths.argmax())] == "mouth_corner_left"
    assert moved[names.index("mouth_corner_left")] @ np.array([1.5, -1.0]) > 0
    assert np.sort(lengths)[-2] < 0.05 * lengths.max()


def test_places_are_symmetric_and_leave_the_lids_alone() -> None:
    for name, (left, top, right, bottom) in PLACES.items():
        other = name.replace("left", "#").replace("right", "left").replace("#", "right")
        np.testing.assert_allclose(PLACES[other], (1 - right, top, 1 - left, bottom), atol=1e-9)
        for x, y in (EYE_LEFT, EYE_RIGHT):
            assert not (left < x + 0.1 and x - 0.1 < right and top < y + 0.05 and y - 0.05 < bottom)
    assert PLACES["upper_lip"][3] < MOUTH[1] < PLACES["lower_lip"][1]
