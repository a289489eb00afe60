from __future__ import annotations

import numpy as np
import pytest
from heads import head
from held import MIDDLE, TURNS, check_layer, covered, drawn, face, loose
from hypothesis import given, settings
from hypothesis import strategies as st

from occlusion.drawing import styles
from occlusion.shapes.solids import slab
from occlusion.shapes.surface import plain

CALLS, FILMS, WIDE = ([s for s in styles("phone") if s.startswith(hold)] for hold in ("call", "film", "wide"))
SIDES = {-1: "left", 1: "right"}


@pytest.mark.parametrize("style", CALLS[-3:])
@pytest.mark.parametrize("side", SIDES)
def test_a_call_hides_one_corner_of_the_mouth_and_leaves_the_other_side(style: str, side: int) -> None:
    points = face()
    hidden = covered(drawn("phone", style, points, side=side).alpha, points)
    assert hidden[f"mouth_corner_{SIDES[side]}"] > 0.4
    assert max(hidden[f"{part}_{SIDES[-side]}"] for part in ("mouth_corner", "eye", "nose", "brow_outer")) < 0.05


@pytest.mark.parametrize("style", ["call-gold"])
def test_at_the_other_ear_a_call_is_the_mirror_image(style: str) -> None:
    # A head that is its own mirror image.
    points = face()
    pairs = {33: 263, 133: 362, 127: 356, 61: 291}
    points[:, 0] += 84.5 - MIDDLE
    for left, right in pairs.items():
        points[right] = points[left] * (-1, 1, 1) + (169, 0, 0)
    points[[151, 152], 0] = 84.5
    one, other = (drawn("phone", style, points, seed=3, side=side).alpha[:, ::-side] > 0.5 for side in (-1, 1))
    assert (one & other).sum() / (one | other).sum() > 0.93


def test_a_call_on_the_far_side_hides_behind_the_face() -> None:
    points = face((40, 0, 0))
    seen = [drawn("phone", "call-flowers", points, seed=5, side=side) for side in SIDES]
    near, far = sorted((covered(one.alpha, points) for one in seen), key=lambda hidden: -sum(hidden.values()))
    assert sum(far.values()) < 0.2 * sum(near.values())


def test_the_side_of_a_call_is_chance() -> None:
    points = face()
    places = [drawn("phone", "call-gold", points, seed).outline[:, 0].mean() for seed in range(5)]
    assert min(places) < MIDDLE - 20 < MIDDLE + 20 < max(places)


@pytest.mark.parametrize("style", [*FILMS[::2], *WIDE[::2]])
def test_filming_hides_the_lips_and_leaves_the_eyes(style: str) -> None:
    points = face()
    hidden = covered(drawn("phone", style, points, seed=1).alpha, points)
    assert hidden["upper_lip"] > 0.95
    assert min(hidden["nose_left"], hidden["nose_right"]) > 0.25
    assert max(share for name, share in hidden.items() if "brow" in name or "eye" in name) < 0.05
    corners = hidden["mouth_corner_left"], hidden["mouth_corner_right"]
    assert min(corners) > (0.9 if style in WIDE else 0.25)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("style", ["call-leather-flip", "wide-stickers"])
def test_telephone_and_hand_hang_together(style: str, turn: tuple[float, float, float]) -> None:
    points = face(turn)
    alpha = drawn("phone", style, points, seed=2).alpha
    assert loose(alpha) < 0.02
    if not style.startswith("call"):
        assert covered(alpha, points)["upper_lip"] > 0.6


def test_a_clear_case_has_an_edge_one_looks_through() -> None:
    points = face()
    clear, solid = (drawn("phone", s, points, 7).alpha for s in ("film-clear-case", "film-leopard"))
    partly = [((alpha > 0.4) & (alpha < 0.7)).mean() for alpha in (clear, solid)]
    assert partly[0] > 3 * partly[1]


def test_size_is_true() -> None:
    sheets = slab((72, 150, 8), 10.0, plain((1, 1, 1)), plain((1, 1, 1)))
    every = np.concatenate([sheet.points.reshape(-1, 3) for sheet in sheets])
    np.testing.assert_allclose(np.ptp(every, axis=0), (72, 150, 8), atol=0.2)


@settings(max_examples=4)
@given(
    style=st.sampled_from(styles("phone")),
    turn=st.tuples(st.floats(-45, 45), st.floats(-30, 30), st.floats(-60, 60)),
    scale=st.floats(20, 60),
    shift=st.tuples(st.floats(-80, 420), st.floats(-200, 380)),
)
def test_any_pose_size_and_place_gives_a_layer(
    style: str, turn: tuple[float, float, float], scale: float, shift: tuple[float, float]
) -> None:
    check_layer(drawn("phone", style, head(scale, shift, turn)))
