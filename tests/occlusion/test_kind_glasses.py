from __future__ import annotations

import cv2
import numpy as np
import pytest
from heads import SHAPE, head, picture
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.results import REGIONS
from occlusion.drawing import coverage, draw, styles
from occlusion.kinds.glasses import STYLES
from occlusion.occluder import Drawing, Scene
from occlusion.registry import entry_of

EYES = [REGIONS.index(name) for name in ("eye_left", "eye_right")]
LOWER = [REGIONS.index(name) for name in ("mouth_corner_left", "mouth_corner_right", "upper_lip", "chin")]


def drawn(style: str, points: np.ndarray, seed: int = 0, shape: tuple[int, int] = SHAPE) -> Drawing:
    result = entry_of("glasses").draw(Scene(points, shape, np.random.default_rng(seed), style))
    assert isinstance(result, Drawing)
    return result


@pytest.mark.parametrize("style", styles("glasses"))
def test_eyes_show_through_every_style_and_the_frame_hides(style: str) -> None:
    points = head()
    alpha = drawn(style, points).alpha
    hidden = coverage(alpha, points)
    assert 0.02 < hidden[EYES].min() <= hidden[EYES].max() < 0.5
    assert hidden[LOWER].max() == 0
    assert alpha.max() > 0.6


def test_styles_differ_by_more_than_chance_does() -> None:
    points = head()
    layers = np.array([(d := drawn(style, points)).alpha[60:200, :, None] * (1 - d.colour[60:200]) for style in STYLES])
    apart = np.abs(layers[:, None] - layers[None]).mean(axis=(2, 3, 4))
    assert apart[np.triu_indices(len(STYLES), 1)].min() > 0.004


@settings(max_examples=8)
@given(
    style=st.sampled_from(styles("glasses")),
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


@pytest.mark.parametrize("roll", [-60, -20, 35])
def test_they_roll_with_the_head(roll: float) -> None:
    upright = drawn("rectangle-black", head(shift=(170, 150))).alpha
    rolled = drawn("rectangle-black", head(shift=(170, 150), turn=(0, 0, roll))).alpha
    back = cv2.warpAffine(rolled, cv2.getRotationMatrix2D((170, 150), roll, 1.0), SHAPE[::-1])
    assert np.abs(back - upright).sum() < 0.12 * upright.sum()


@pytest.mark.parametrize("yaw", [-40, -25, 25, 40])
def test_the_face_hides_the_far_arm_and_only_that(yaw: float, monkeypatch: pytest.MonkeyPatch) -> None:
    points = head(turn=(yaw, 0, 0))
    alpha = drawn("rectangle-black", points).alpha
    monkeypatch.setattr("occlusion.shapes.spectacles.hidden_by_face", lambda head, points: np.zeros(len(points), bool))
    hidden = drawn("rectangle-black", points).alpha - alpha > 0.4
    y, x = np.nonzero(hidden)
    assert len(x) > 40
    near, far = (33, 263) if points[33, 2] < points[263, 2] else (263, 33)
    assert ((x - points[near, 0]) * (points[far, 0] - points[near, 0]) > 0).all()
    hull = cv2.convexHull(np.ascontiguousarray(points[:, :2]))
    assert all(cv2.pointPolygonTest(hull, (float(a), float(b)), True) > -2 for a, b in zip(x, y, strict=True))


def test_clear_lenses_carry_a_reflection_that_chance_moves() -> None:
    points, shape = head(40, (90, 60)), (110, 180)
    x, y = np.round(points[[159, 145], :2].mean(axis=0)).astype(int)
    part = np.s_[y - 8 : y + 8, x - 11 : x + 11]
    alphas = [drawn("oversized-crystal", points, seed, shape).alpha[part] for seed in range(12)]
    assert max(float(np.ptp(alpha)) for alpha in alphas) > 0.15
    assert np.std([alpha.mean() for alpha in alphas]) > 0.01


def test_the_outline_goes_round_lenses_that_hide_nothing() -> None:
    points = head()
    outline = drawn("rimless", points).outline
    for eye in (159, 386):
        inside = cv2.pointPolygonTest(outline.astype(np.float32), tuple(map(float, points[eye, :2])), False)
        assert inside > 0


def test_glare_moves_with_the_lens() -> None:
    image, points = picture(), head()
    occluder = draw("glasses", 4, points, image.shape, style="translucent-blue")
    first = occluder.apply(image, points).alpha
    moved = occluder.apply(np.roll(image, 20, axis=1), points + np.array([20, 0, 0], np.float32)).alpha
    assert np.abs(moved[:, 60:] - np.roll(first, 20, axis=1)[:, 60:]).max() < 0.2
