from __future__ import annotations

import numpy as np
import pytest
from heads import SHAPE, head
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.results import REGIONS
from occlusion.drawing import coverage, styles
from occlusion.occluder import Drawing, Scene
from occlusion.registry import entry_of

EYES = [REGIONS.index(name) for name in ("eye_left", "eye_right")]
LOWER = [REGIONS.index(name) for name in ("mouth_corner_left", "mouth_corner_right", "upper_lip", "chin")]


def drawn(style: str, points: np.ndarray, seed: int = 0, shape: tuple[int, int] = SHAPE) -> Drawing:
    result = entry_of("sunglasses").draw(Scene(points, shape, np.random.default_rng(seed), style))
    assert isinstance(result, Drawing)
    return result


@pytest.mark.parametrize("style", styles("sunglasses"))
def test_every_style_hides_the_eyes_and_leaves_the_mouth(style: str) -> None:
    points = head()
    hidden = coverage(drawn(style, points).alpha, points)
    assert hidden[EYES].min() > 0.7
    assert hidden[LOWER].max() == 0


@settings(max_examples=8)
@given(
    style=st.sampled_from(styles("sunglasses")),
    turn=st.tuples(st.floats(-20, 20), st.floats(-12, 12), st.floats(-60, 60)),
    seed=st.integers(0, 99),
)
def test_the_eyes_stay_hidden_on_turned_heads(style: str, turn: tuple[float, float, float], seed: int) -> None:
    points = head(40, (170, 150), turn)
    hidden = coverage(drawn(style, points, seed).alpha, points)
    assert hidden[EYES].min() > 0.5
    assert hidden[LOWER].max() < 0.05


@settings(max_examples=8)
@given(
    style=st.sampled_from(styles("sunglasses")),
    turn=st.tuples(st.floats(-45, 45), st.floats(-30, 30), st.floats(-60, 60)),
    scale=st.floats(20, 60),
    shift=st.tuples(st.floats(-40, 380), st.floats(-40, 340)),
)
def test_any_pose_size_and_place_gives_a_layer(
    style: str, turn: tuple[float, float, float], scale: float, shift: tuple[float, float]
) -> None:
    drawing = drawn(style, head(scale, shift, turn))
    assert np.isfinite(drawing.colour).all()
    assert 0 <= drawing.colour.min() <= drawing.colour.max() <= 1
    assert 0 <= drawing.alpha.min() <= drawing.alpha.max() <= 1


def lens(style: str) -> tuple[np.ndarray, np.ndarray]:
    points = head()
    drawing = drawn(style, points)
    x, y = np.round(points[[386, 374], :2].mean(axis=0)).astype(int)
    part = np.s_[y - 12 : y + 18, x - 15 : x + 15]
    return drawing.colour[part], drawing.alpha[part]


@pytest.mark.parametrize(
    "style", ["aviator-mirrored-silver", "wayfarer-mirrored-blue", "shield-fire", "square-purple-mirror"]
)
def test_mirrors_let_nothing_through_and_show_a_landscape(style: str) -> None:
    colour, alpha = lens(style)
    assert alpha.min() > 0.99
    assert np.ptp(colour.mean(axis=(1, 2))) > 2 * np.ptp(lens("wayfarer-black")[0].mean(axis=(1, 2)))


def test_graded_lenses_grow_lighter_downwards() -> None:
    colour, alpha = lens("oversized-brown")
    assert colour[-5:].mean() > colour[:5].mean() + 0.03
    assert alpha[-5:].mean() < alpha[:5].mean() - 0.01


def test_a_shield_has_no_seam() -> None:
    points = head()
    drawing = drawn("shield-fire", points)
    x, y = np.round(points[168, :2]).astype(int)
    row = drawing.colour[y - 6, x - 12 : x + 13].mean(axis=1)
    assert drawing.alpha[y - 6, x - 12 : x + 13].min() > 0.99
    assert np.abs(np.diff(row, 2)).max() < 0.05
