from __future__ import annotations

import numpy as np
import pytest
from heads import head
from held import MIDDLE, TURNS, check_layer, covered, drawn, face, loose
from hypothesis import given, settings
from hypothesis import strategies as st

from occlusion.drawing import styles
from occlusion.shapes.fur import combed, rooted
from occlusion.shapes.microphones import BALL, flag, grille

SOLID = ("ball-steel", "foam-red", "news-cube-blue", "podcast-black", "dead-cat-grey")


@pytest.mark.parametrize("style", SOLID)
def test_it_stands_before_mouth_and_chin_and_leaves_the_eyes(style: str) -> None:
    points = face()
    hidden = covered(drawn("microphone", style, points).alpha, points)
    assert hidden["upper_lip"] > 0.5
    assert hidden["chin"] > 0.7
    assert max(share for name, share in hidden.items() if "brow" in name or "eye" in name) == 0


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("style", ["ball-gold", "podcast-grey"])
def test_it_stays_before_the_mouth_of_a_turned_head_in_one_piece(style: str, turn: tuple[float, float, float]) -> None:
    points = face(turn)
    alpha = drawn("microphone", style, points, seed=1).alpha
    hidden = covered(alpha, points)
    assert hidden["upper_lip"] > 0.3
    assert hidden["chin"] > 0.25
    # The yoke of a podcast's microphone goes round behind it, out of the picture.
    assert loose(alpha) < (0.15 if style.startswith("podcast") else 0.02)


def test_one_looks_through_the_screen_but_not_through_the_microphone() -> None:
    points = face()
    alpha = drawn("microphone", "studio-silver", points, seed=3).alpha
    hidden = covered(alpha, points)
    assert ((alpha > 0.4) & (alpha < 0.75)).sum() > 800
    assert hidden["chin"] > 0.8
    assert 0.3 < min(hidden["mouth_corner_left"], hidden["mouth_corner_right"]) < 0.95
    # The mesh keeps away from the brows.
    assert hidden["brow_inner_left"] == 0


def test_a_headset_hides_little_and_goes_to_one_ear() -> None:
    points = face()
    left, right = (drawn("microphone", "headset-foam", points, seed=2, side=side).alpha for side in (-1, 1))
    assert left[:, : MIDDLE - 30].sum() > 25 > left[:, MIDDLE + 30 :].sum()
    assert right[:, MIDDLE + 30 :].sum() > 25 > right[:, : MIDDLE - 30].sum()
    hidden = covered(left, points)
    assert hidden["mouth_corner_left"] > 0.05
    assert max(hidden.values()) < 0.8


def test_the_cube_shows_its_name_the_right_way_round() -> None:
    side = flag("L", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))[0]
    # The front of the cube is where z is smallest; x grows with s there.
    front = np.flatnonzero(side.points[0, :, 2] < side.points[..., 2].min() + 0.5)
    assert (np.diff(side.points[0, front, 0]) > 0).all()
    assert side.points[0, front, 0].mean() == pytest.approx(0, abs=1.5)
    s = np.linspace(front[0], front[-1], 40) / 96
    ink = np.array([side.skin(s, np.full(40, t))[:, 0] for t in np.linspace(0.1, 0.7, 30)])
    # An L: ink on the left above, and all along below.
    rows = np.flatnonzero(ink.max(axis=1) > 0.5)
    columns = np.arange(40)
    above, below = (np.average(columns, weights=ink[row]) for row in (rows[2], rows[-2]))
    assert below > above + 2


def test_the_ball_has_its_true_size() -> None:
    ball = grille((0.7, 0.7, 0.7), (0.7, 0.7, 0.7), np.random.default_rng(0))[0]
    assert np.ptp(ball.points[..., 0]) == pytest.approx(2 * BALL, rel=0.02)


def test_hairs_stand_out_from_their_roots_and_hang() -> None:
    rng = np.random.default_rng(0)
    roots, out = rooted((0, 0, 0), (30.0, 50.0, 30.0), 800, rng)
    np.testing.assert_allclose((roots**2 / np.array([30, 50, 30]) ** 2).sum(axis=1), 1, atol=1e-6)
    hairs = combed(roots, out, 15.0, np.array([0.0, 1.0, 0.0]), rng)
    np.testing.assert_allclose(hairs[:, 0], roots)
    way = hairs[:, -1] - roots
    assert (way * out).sum(axis=1).mean() > 8
    assert way[:, 1].mean() > 4


@settings(max_examples=5)
@given(
    style=st.sampled_from(styles("microphone")),
    turn=st.tuples(st.floats(-45, 45), st.floats(-30, 30), st.floats(-60, 60)),
    scale=st.floats(20, 60),
    shift=st.tuples(st.floats(-80, 420), st.floats(-200, 380)),
)
def test_any_pose_size_and_place_gives_a_layer(
    style: str, turn: tuple[float, float, float], scale: float, shift: tuple[float, float]
) -> None:
    check_layer(drawn("microphone", style, head(scale, shift, turn)))
