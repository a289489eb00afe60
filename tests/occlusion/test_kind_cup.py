from __future__ import annotations

import numpy as np
import pytest
from heads import head
from held import MIDDLE, TURNS, check_layer, covered, drawn, face, loose
from hypothesis import given, settings
from hypothesis import strategies as st

from occlusion.drawing import styles
from occlusion.head import Head
from occlusion.kinds.cup import STYLES
from occlusion.shapes.vessels import LIDS, SHAPES, handle, wall

FORMS = {style.form: name for name, style in STYLES.items() if style.form != "tumbler"}
LARGE = ("mug-white", "paper-sleeve")


@pytest.mark.parametrize("style", FORMS.values())
def test_every_cup_hides_lips_and_chin_and_leaves_the_eyes(style: str) -> None:
    points = face()
    hidden = covered(drawn("cup", style, points).alpha, points)
    assert hidden["upper_lip"] > 0.9
    assert hidden["chin"] > 0.9
    assert max(share for name, share in hidden.items() if "brow" in name or "eye" in name) == 0


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("style", LARGE)
def test_large_cups_hide_the_mouth_on_turned_heads_and_stay_in_the_hand(
    style: str, turn: tuple[float, float, float]
) -> None:
    points = face(turn)
    alpha = drawn("cup", style, points, seed=2).alpha
    hidden = covered(alpha, points)
    assert hidden["upper_lip"] > 0.85
    assert hidden["chin"] > 0.5
    assert loose(alpha) < 0.02


def test_the_rim_goes_with_the_lips() -> None:
    upright, rolled = face(), face((0, 0, 25))
    tops = []
    for points in (upright, rolled):
        alpha = drawn("cup", "can-red", points, side=1).alpha
        row, column = np.nonzero(alpha > 0.5)
        own = Head(points)
        tops.append(((np.stack([column, row], axis=1) - points[13, :2]) @ own.axes[1, :2]).min() / own.unit)
    assert tops[0] == pytest.approx(tops[1], abs=0.05)
    assert -1.0 < tops[0] < 0.0


def test_glass_lets_the_mouth_through_and_juice_does_less() -> None:
    points = face()
    water, juice, mug = (
        np.median(drawn("cup", style, points, seed=4, side=1).alpha[99:105, 73:80])
        for style in ("tumbler-water", "tumbler-juice", "mug-white")
    )
    assert 0.05 < water < 0.6
    assert water + 0.2 < juice < 0.98
    assert mug == 1


def test_the_hand_comes_from_either_side() -> None:
    points = face()
    left, right = (drawn("cup", "mug-dots", points, side=side).alpha for side in (-1, 1))
    assert left[:, : MIDDLE - 40].sum() > 20 * max(left[:, MIDDLE + 40 :].sum(), 1)
    assert right[:, MIDDLE + 40 :].sum() > 20 * max(right[:, : MIDDLE - 40].sum(), 1)
    places = [drawn("cup", "mug-dots", points, seed).outline[:, 0] for seed in range(4)]
    assert min(place.min() for place in places) < MIDDLE - 50
    assert max(place.max() for place in places) > MIDDLE + 50


def test_sizes_are_true() -> None:
    mug = wall(SHAPES["mug"].outer, lambda x, y: np.ones((len(x), 3))).points
    assert 80 <= np.ptp(mug[..., 0]) <= 90
    assert np.ptp(mug[..., 1]) == pytest.approx(95, abs=1)
    can = wall(SHAPES["can"].outer, lambda x, y: np.ones((len(x), 3))).points
    assert np.ptp(can[..., 0]) == pytest.approx(66, abs=1)


def test_handles_reach_into_the_wall_and_stand_off() -> None:
    for shape in SHAPES.values():
        for ear in handle(shape, lambda x, y: np.ones((len(x), 3))):
            widest = max(radius for radius, _ in shape.outer)
            assert ear.points[[0, -1], :, 0].min() < widest
            assert ear.points[..., 0].max() > widest + 20


def test_forms_and_lids_exist() -> None:
    assert {style.form for style in STYLES.values()} == set(SHAPES)
    assert set(LIDS) < set(SHAPES)


@settings(max_examples=5)
@given(
    style=st.sampled_from(styles("cup")),
    turn=st.tuples(st.floats(-45, 45), st.floats(-30, 30), st.floats(-60, 60)),
    scale=st.floats(20, 60),
    shift=st.tuples(st.floats(-80, 420), st.floats(-200, 380)),
)
def test_any_pose_size_and_place_gives_a_layer(
    style: str, turn: tuple[float, float, float], scale: float, shift: tuple[float, float]
) -> None:
    check_layer(drawn("cup", style, head(scale, shift, turn)))
