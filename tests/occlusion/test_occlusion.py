from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from heads import SHAPE, head, picture, turned
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.results import REGIONS
from occlusion.drawing import coverage, draw, kinds
from occlusion.occluder import face_light
from occlusion.placement import STABLE, Follower, eye_distance, rigid_motion
from occlusion.regions import REGION_LANDMARKS, region_polygon
from occlusion.registry import entry_of, register_occluder
from occlusion.shapes.canvas import ellipse, filled, rounded, stroked


def index(*names: str) -> list[int]:
    return [REGIONS.index(name) for name in names]


LOWER = index("mouth_corner_left", "mouth_corner_right", "upper_lip", "chin")
BROWS = index("brow_outer_left", "brow_inner_left", "brow_inner_right", "brow_outer_right")
EYES = index("eye_left", "eye_right")
OCCLUDERS = [kind for kind in kinds() if not entry_of(kind).degrades]


@pytest.mark.parametrize("kind", OCCLUDERS)
def test_every_occluder_hides_only_what_it_says(kind: str) -> None:
    image, points = picture(), head()
    behind = draw(kind, 3, points, image.shape).apply(image, points)
    assert behind.image.shape == image.shape
    assert behind.image.dtype == np.uint8
    assert behind.alpha.max() > 0.5
    assert 0 <= behind.alpha.min() <= behind.alpha.max() <= 1
    # Beyond the occluder and its soft shadow nothing changes.
    near = cv2.dilate((behind.alpha > 0).astype(np.uint8), np.ones((31, 31), np.uint8)) > 0
    np.testing.assert_array_equal(behind.image[~near], image[~near])
    assert (behind.image != image).any()


@pytest.mark.parametrize("kind", OCCLUDERS)
def test_the_same_seed_draws_the_same_and_another_another(kind: str) -> None:
    image, points = picture(), head()
    one, same, other = (draw(kind, seed, points, image.shape).apply(image, points) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.image, same.image)
    np.testing.assert_array_equal(one.alpha, same.alpha)
    assert (one.image != other.image).any()


@pytest.mark.parametrize("kind", OCCLUDERS)
def test_on_a_still_head_with_trembling_landmarks_it_stands_still(kind: str) -> None:
    rng, image, points = np.random.default_rng(0), picture(), head()
    occluder = draw(kind, 1, points, image.shape)
    outlines = []
    for _ in range(20):
        shaken = points + rng.normal(0, 0.25, points.shape).astype(np.float32)
        outlines.append(occluder.apply(image, shaken).polygon)
    steps = np.linalg.norm(np.diff(outlines, axis=0), axis=-1)
    assert steps.max() < 0.1


def test_it_moves_turns_and_grows_with_the_head() -> None:
    image, points = picture(), head()
    occluder = draw("mask", 2, points, image.shape)
    first = occluder.apply(image, points).polygon
    moved = occluder.apply(image, points + np.array([25, -12, 0], np.float32)).polygon
    np.testing.assert_allclose(moved - first, np.tile([25.0, -12.0], (len(first), 1)), atol=0.3)
    larger = draw("mask", 2, points, image.shape)
    larger.apply(image, points)
    grown = larger.apply(image, head(scale=84)).polygon
    assert np.ptp(grown[:, 0]) == pytest.approx(1.2 * np.ptp(first[:, 0]), rel=0.02)
    tilted = draw("mask", 2, points, image.shape)
    tilted.apply(image, points)
    angle = tilted.apply(image, head(turn=(0, 0, 20))).polygon
    expected = (first - (170, 110)) @ turned(0, 0, 20)[:2, :2].T + (170, 110)
    np.testing.assert_allclose(angle, expected, atol=1.0)


@pytest.mark.parametrize("turn", [(0, 0, 0), (-30, 0, 0), (30, 0, 0), (0, 0, 20), (0, 0, -20), (15, 10, 10)])
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_masks_hide_the_mouth_and_leave_the_eyes(turn: tuple[float, float, float], seed: int) -> None:
    image, points = picture(), head(turn=turn)
    hidden = coverage(draw("mask", seed, points, image.shape).apply(image, points).alpha, points)
    near = [
        i
        for i in LOWER
        if not (turn[0] < -20 and "left" in REGIONS[i]) and not (turn[0] > 20 and "right" in REGIONS[i])
    ]
    assert hidden[near].min() > 0.9
    assert hidden[BROWS].max() == 0
    assert hidden[EYES].max() < 0.25


def test_sunglasses_hide_the_eyes_and_glasses_hardly() -> None:
    image, points = picture(), head()
    dark = coverage(draw("sunglasses", 0, points, image.shape).apply(image, points).alpha, points)
    clear = coverage(draw("glasses", 0, points, image.shape).apply(image, points).alpha, points)
    assert dark[EYES].min() > 0.7
    assert dark[LOWER].max() == 0
    assert clear[EYES].max() < 0.5


@pytest.mark.parametrize("ratio", [0.05, 0.2, 0.5])
def test_a_block_covers_its_ratio_of_the_face_box(ratio: float) -> None:
    image, points = picture(), head()
    behind = draw("block", 4, points, image.shape, style=f"{ratio:.2f}").apply(image, points)
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    assert behind.alpha.sum() == pytest.approx(ratio * np.prod(high - low), rel=0.05)
    assert behind.image[behind.alpha == 1].max() == 0


def test_light_follows_the_picture_and_not_the_tone_of_skin() -> None:
    points = head()
    white = np.full((*SHAPE, 3), 200, np.uint8)
    skin = white.copy()
    cv2.fillConvexPoly(skin, cv2.convexHull(np.round(points[:, :2]).astype(np.int32)), (90, 60, 50))
    dim = (white * 0.4).astype(np.uint8)
    x, y = points[4, :2].astype(int)
    assert face_light(skin, points)[y, x] == pytest.approx(face_light(white, points)[y, x], rel=0.1)
    assert face_light(dim, points)[y, x] < 0.6 * face_light(white, points)[y, x]


def test_light_from_one_side_falls_on_the_occluder() -> None:
    points = head()
    ramp = np.linspace(40, 150, SHAPE[1])[None, :, None]
    image = np.broadcast_to(ramp, (*SHAPE, 3)).astype(np.uint8)
    behind = draw("mask", 8, points, image.shape).apply(image, points)
    y = int(points[13, 1])
    left, right = (behind.image[y - 8 : y + 8, int(points[i, 0]) - 6 : int(points[i, 0]) + 6].mean() for i in (61, 291))
    assert right > 1.1 * left


def test_coverage_counts_area_by_region() -> None:
    points = head()
    alpha = np.zeros(SHAPE, np.float32)
    alpha[:, :170] = 1
    hidden = coverage(alpha, points)
    assert hidden[index("eye_left", "brow_outer_left", "mouth_corner_left")].min() > 0.95
    assert hidden[index("eye_right", "brow_outer_right", "mouth_corner_right")].max() < 0.05
    assert 0.35 < hidden[REGIONS.index("chin")] < 0.65
    np.testing.assert_allclose(coverage(np.full(SHAPE, 0.3, np.float32), points), 0.3, atol=1e-6)


def test_what_lies_outside_the_picture_counts_as_covered() -> None:
    hidden = coverage(np.zeros(SHAPE, np.float32), head(shift=(170, -20)))
    assert hidden[BROWS].min() > 0.9
    assert hidden[REGIONS.index("chin")] == 0


def test_a_face_that_leaves_the_picture_is_no_error() -> None:
    image, points = picture(), head()
    occluder = draw("mask", 0, points, image.shape)
    occluder.apply(image, points)
    gone = occluder.apply(image, points + np.array([2000, 0, 0], np.float32))
    assert gone.alpha.max() == 0
    np.testing.assert_array_equal(gone.image, image)


@settings(max_examples=25)
@given(st.floats(-25, 25), st.floats(-20, 20), st.floats(-30, 30), st.floats(0.7, 1.4), st.floats(-40, 40))
def test_rigid_motion_is_recovered(yaw: float, pitch: float, roll: float, grow: float, shift: float) -> None:
    before, after = head(), head(70 * grow, (170 + shift, 110), (yaw, pitch, roll))
    linear, moved = rigid_motion(before, after)
    np.testing.assert_allclose(before @ linear.T + moved, after, atol=0.05)


def test_the_mouth_has_no_say_in_the_heads_motion() -> None:
    smiling = head()
    smiling[[61, 291, 13, 14, 152, 17]] += 9
    linear, moved = rigid_motion(head(), smiling)
    np.testing.assert_allclose(linear, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(moved, 0, atol=1e-3)
    assert not {61, 291, 13, 14, 152, 17} & set(STABLE)


def test_a_large_step_is_followed_whole() -> None:
    follower = Follower(head(), head()[[123, 352, 152]])
    matrix = follower.step(head(shift=(200, 110)))
    np.testing.assert_allclose(matrix, [[1, 0, 30], [0, 1, 0]], atol=0.2)


def test_eye_distance_ignores_the_turn() -> None:
    assert eye_distance(head()) == pytest.approx(70, rel=0.01)
    assert eye_distance(head(turn=(30, 0, 0))) == pytest.approx(70, rel=0.01)


def test_canvas_areas() -> None:
    square = np.array([(10, 20), (30, 20), (30, 50), (10, 50)], np.float64)
    assert filled((80, 60), square).sum() == pytest.approx(600, rel=0.06)
    assert filled((80, 60), square)[35, 20] == 1
    assert filled((80, 60), square)[35, 40] == 0
    assert stroked((80, 60), [np.array([(10.0, 40), (50, 40)])], 6).sum() == pytest.approx(240, rel=0.25)
    circle = ellipse(np.array([30.0, 40.0]), (20, 10))
    assert filled((80, 60), circle).sum() == pytest.approx(np.pi * 200, rel=0.06)
    assert len(rounded(square, 2)) == 16


def test_registry_refuses_twice_and_unknown() -> None:
    with pytest.raises(ValueError, match="twice"):
        register_occluder("mask", ["plain"])(lambda scene: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(ValueError, match="mask"):
        draw("nonsense", 0, head(), SHAPE)


def test_regions_are_those_of_the_results() -> None:
    assert tuple(REGION_LANDMARKS) == REGIONS
    assert region_polygon("chin", head()).shape[1] == 2


def test_it_imports_nothing_from_multimodal() -> None:
    code = "import sys, occlusion.drawing; sys.exit(any(m.split('.')[0] == 'multimodal' for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0
