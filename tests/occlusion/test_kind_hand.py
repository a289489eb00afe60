from __future__ import annotations

import time
from dataclasses import replace
from importlib import resources

import cv2
import numpy as np
import pytest
from heads import SHAPE, head, picture
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.results import REGIONS
from occlusion.drawing import coverage, draw, styles
from occlusion.occluder import Drawing
from occlusion.shapes.complexion import in_tone
from occlusion.shapes.cutout import poses, rendered

SMALL = (150, 170)
NAMES = styles("hand")
LATERAL = ("hand-on-cheek", "cheek-on-fist", "eye-rub", "v-over-eye", "hand-to-brow", "fingers-at-temple")


def drawn(style: str, points: np.ndarray, seed: int = 0, shape: tuple[int, int] = SHAPE) -> Drawing:
    return draw("hand", seed, points, shape, style=style).drawing


def hidden(style: str, points: np.ndarray, seed: int = 0, shape: tuple[int, int] = SHAPE) -> dict[str, float]:
    return dict(zip(REGIONS, coverage(drawn(style, points, seed, shape).alpha, points).tolist(), strict=True))


def pieces(alpha: np.ndarray) -> int:
    """How many pieces of more than a few pixels there are."""
    _, _, table, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8))
    return int((table[1:, cv2.CC_STAT_AREA] > 12).sum())


def test_every_style_has_its_rendered_hand_and_there_is_no_other() -> None:
    assert set(poses()) == set(NAMES)
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_the_index_is_complete_and_true(name: str) -> None:
    hand = rendered(name)
    cutout, (height, width) = hand.cutout, hand.cutout.alpha.shape
    assert cutout.colour.shape == (height, width, 3)
    assert hand.palmar.shape == (height, width)
    assert max(height, width) <= 264
    assert cutout.alpha.max() == 1
    assert cutout.alpha.min() == 0
    x, y = np.round(cutout.grip).astype(int)
    near = cutout.alpha[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5]
    assert near.max() > 0.5
    assert 80 < cutout.palm < 92
    assert np.hypot(*cutout.way) == pytest.approx(1, abs=1e-3)
    assert cutout.way[1] > 0.4
    # There is arm before the end, as broad as said, and none behind it.
    across = np.array([cutout.way[1], -cutout.way[0]])
    for along, share, full in ((-8, 0.0, True), (-8, 0.42, True), (-8, -0.42, True), (8, 0.0, False), (-8, 0.7, False)):
        x, y = np.round(cutout.end + along * cutout.way + share * cutout.width * across).astype(int)
        inside = 0 <= x < width and 0 <= y < height
        assert (inside and cutout.alpha[y, x] > 0.5) == full


def test_the_pictures_are_small_enough_to_be_shipped() -> None:
    files = list((resources.files("occlusion") / "hands").iterdir())
    assert len(files) == 2 * len(NAMES) + 1
    assert sum(len(file.read_bytes()) for file in files) < 700_000


@pytest.mark.parametrize(
    ("style", "covers", "spares"),
    [
        ("palm-over-mouth", ("upper_lip", "mouth_corner_left", "mouth_corner_right"), ("brow_inner_left", "eye_left")),
        ("knuckles-at-mouth", ("upper_lip", "chin"), ("eye_left", "eye_right")),
        ("fingers-over-mouth", ("chin",), ("eye_left", "eye_right")),
        ("back-across-nose", ("nose_left", "nose_right"), ("brow_outer_left", "brow_outer_right")),
        ("spread-before-face", ("nose_left", "nose_right", "upper_lip"), ()),
        ("stop", ("nose_left", "upper_lip", "chin"), ()),
        ("face-in-palm", ("nose_left", "nose_right"), ()),
        ("pinch-nose-bridge", ("upper_lip",), ("brow_outer_left", "brow_outer_right")),
        ("chin-on-fist", (), ("upper_lip", "mouth_corner_left", "eye_left")),
        ("thinking", (), ("upper_lip", "eye_left", "eye_right")),
    ],
)
@pytest.mark.parametrize("turn", [(0, 0, 0), (20, 0, 0), (-20, 10, 0), (0, 0, 25)])
def test_poses_cover_what_they_are_named_after(
    style: str, covers: tuple[str, ...], spares: tuple[str, ...], turn: tuple[float, float, float]
) -> None:
    found = hidden(style, head(35, (85, 55), turn), 1, SMALL)
    assert all(found[name] > 0.45 for name in covers)
    assert all(found[name] < 0.35 for name in spares)


@pytest.mark.parametrize("style", LATERAL)
def test_one_side_is_covered_and_on_a_turned_head_the_one_that_is_seen(style: str) -> None:
    def middle(yaw: float, seed: int) -> float:
        points = head(30, (85, 65), (yaw, 0, 0))
        _, columns = np.nonzero(drawn(style, points, seed, SMALL).alpha[:100] > 0.5)
        return float(columns.mean() - points[6, 0])

    assert {np.sign(middle(0, seed)) for seed in range(8)} == {-1, 1}
    for yaw in (-40, 40):
        # The nose points to the far side.
        nose = np.sign(head(turn=(yaw, 0, 0))[1, 0] - head(turn=(yaw, 0, 0))[168, 0])
        assert all(np.sign(middle(yaw, seed)) == -nose for seed in range(3))


@pytest.mark.parametrize("style", NAMES)
def test_the_arm_leaves_the_picture_downwards_or_aside(style: str) -> None:
    for roll, scale in ((0, 12), (60, 16), (-60, 16)):
        alpha = drawn(style, head(scale, (85, 60), (0, 0, roll)), 3, SMALL).alpha
        assert alpha[0].max() == 0
        assert max(alpha[-1].max(), alpha[:, 0].max(), alpha[:, -1].max()) > 0.9
        assert pieces(alpha) == 1


@pytest.mark.parametrize("scale", [20.0, 90.0])
def test_a_palm_is_as_large_as_it_is(scale: float) -> None:
    shape = (int(8 * scale), int(6 * scale))
    widths = []
    for seed in range(5):
        alpha = drawn("stop", head(scale, (3 * scale, 3 * scale)), seed, shape).alpha[: int(5 * scale)]
        room = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        widths.append(2 * room.max() / scale * 63)
    assert 72 < np.mean(widths) < 98


def test_hands_are_of_either_side_and_of_all_tones() -> None:
    points = head(30, (85, 65))
    sides, tones = set(), []
    for seed in range(24):
        drawing = drawn("spread-before-face", points, seed, SMALL)
        sides.add(bool(np.nonzero(drawing.alpha[-20:] > 0.9)[1].mean() > 85))
        x, y = points[4, :2].astype(int)
        tones.append(drawing.colour[y - 2 : y + 3, x - 2 : x + 3].mean())
    assert sides == {True, False}
    assert min(tones) < 0.42
    assert max(tones) > 0.65


@given(st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=15)
def test_more_melanin_is_darker(one: float, other: float) -> None:
    hand = rendered("finger-on-lips")
    light, dark = (in_tone(hand, melanin) for melanin in sorted((one, other)))
    assert (light[hand.cutout.alpha > 0.95] >= dark[hand.cutout.alpha > 0.95] - 1e-4).all()


def test_dark_hands_have_light_palms_and_nails() -> None:
    hand = rendered("finger-on-lips")
    solid = hand.cutout.alpha > 0.95
    back, palm = solid & (hand.palmar < 0.1), solid & (hand.palmar > 0.9)
    light, dark = (in_tone(hand, melanin) for melanin in (0.0, 1.0))
    assert np.median(dark[palm]) / np.median(dark[back]) > 1.3 * np.median(light[palm]) / np.median(light[back])


def test_another_tone_keeps_light_and_shade() -> None:
    hand = rendered("spread-before-face")
    solid = (hand.cutout.alpha > 0.99) & (hand.palmar < 0.05)
    was = hand.cutout.colour[solid].mean(axis=1)
    for melanin in (0.0, 1.0):
        assert np.corrcoef(was, in_tone(hand, melanin)[solid].mean(axis=1))[0, 1] > 0.97


def test_the_hand_rolls_with_the_head() -> None:
    def lean(roll: float) -> float:
        points = head(40, (170, 150), (0, 0, roll))
        rows, columns = np.nonzero(drawn("stop", points, 1).alpha > 0.5)
        top = columns[rows < rows.min() + 12].mean(), rows.min()
        return float(np.degrees(np.arctan2(top[0] - points[4, 0], points[4, 1] - top[1])))

    assert lean(20) - lean(0) == pytest.approx(20, abs=9)
    assert lean(0) - lean(-20) == pytest.approx(20, abs=9)


@given(
    st.sampled_from(NAMES),
    st.floats(18, 260),
    st.tuples(st.floats(-0.3, 1.3), st.floats(-0.3, 1.3)),
    st.tuples(st.floats(-50, 50), st.floats(-35, 35), st.floats(-65, 65)),
    st.integers(0, 99),
)
@settings(max_examples=15)
def test_it_never_fails(
    style: str, scale: float, place: tuple[float, float], turn: tuple[float, float, float], seed: int
) -> None:
    points = head(scale, (place[0] * SHAPE[1], place[1] * SHAPE[0]), turn)
    drawing = drawn(style, points, seed)
    assert np.isfinite(drawing.colour).all()
    assert 0 <= drawing.colour.min() <= drawing.colour.max() <= 1
    assert 0 <= drawing.alpha.min() <= drawing.alpha.max() <= 1


def test_edges_are_as_soft_at_any_size() -> None:
    for scale in (30.0, 120.0):
        shape = (int(5 * scale), int(5 * scale))
        alpha = drawn("stop", head(scale, (2.5 * scale, 2.5 * scale)), 0, shape).alpha
        edge = ((alpha > 0.05) & (alpha < 0.95)).sum()
        outline, _ = cv2.findContours((alpha > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        assert 0.5 < edge / max(len(piece) for piece in outline) < 2.0


def test_a_small_hand_is_averaged_not_sampled() -> None:
    size = 200
    checks = (np.indices((size, size)).sum(axis=0) % 2).astype(np.float32)
    hand = replace(rendered("stop").cutout, colour=np.dstack([checks] * 3), alpha=np.ones((size, size), np.float32))
    matrix = np.array([[0.15, 0.02, 3.0], [-0.02, 0.15, 7.0]])
    colour, alpha = hand.laid(matrix, (50, 50))
    np.testing.assert_allclose(colour[alpha > 0.99], 0.5, atol=0.03)
    # Its middle is where the matrix says.
    y, x = np.nonzero(alpha > 0.5)
    np.testing.assert_allclose([x.mean(), y.mean()], matrix @ [99.5, 99.5, 1], atol=0.3)


def test_drawing_without_a_style_is_quick() -> None:
    points, spent = head(48, (160, 100)), []
    for seed in range(6):
        start = time.perf_counter()
        draw("hand", seed, points, (240, 320))
        spent.append(time.perf_counter() - start)
    assert min(spent) < 0.15


def test_it_casts_a_shadow_on_the_face() -> None:
    image, points = picture(), head()
    behind = draw("hand", 0, points, image.shape, style="palm-over-mouth").apply(image, points)
    around = cv2.dilate((behind.alpha > 0.02).astype(np.uint8), np.ones((5, 5), np.uint8)) - (behind.alpha > 0.02)
    assert behind.image[around > 0].mean() < image[around > 0].mean() - 3
