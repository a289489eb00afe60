from __future__ import annotations

import numpy as np
import pytest
from heads import head
from held import SMALL, face
from hypothesis import given, settings
from hypothesis import strategies as st

from occlusion.head import Head
from occlusion.occluder import Scene
from occlusion.shapes.board import Board
from occlusion.shapes.canvas import filled
from occlusion.shapes.coarse import no_finer
from occlusion.shapes.fingers import Grip, around, hand
from occlusion.shapes.skull import skull
from occlusion.shapes.solids import evenly, limb, placed, printed, touching
from occlusion.shapes.surface import Layer, Sheet, paint, plain, turned


def test_a_line_is_divided_evenly() -> None:
    even = evenly(np.array([(0.0, 0), (10, 0), (10, 30)]), 41, rounds=0)
    np.testing.assert_allclose(np.linalg.norm(np.diff(even, axis=0), axis=1), 1, atol=0.3)
    np.testing.assert_allclose(even[[0, -1]], [(0, 0), (10, 30)])


@given(st.floats(1, 20), st.floats(1, 20))
def test_a_limb_has_its_radii(wide: float, deep: float) -> None:
    path = np.linspace((0.0, 0, 0), (0, 50, 0), 12)
    grid = limb(path, np.tile([wide, deep], (12, 1)), np.array([1.0, 0, 0]), columns=41)
    np.testing.assert_allclose(np.ptp(grid[..., 0], axis=1), 2 * wide, rtol=1e-6)
    np.testing.assert_allclose(np.ptp(grid[..., 2], axis=1), 2 * deep, rtol=1e-6)
    # The middle column meets ``across``.
    np.testing.assert_allclose(grid[:, 20] - path, np.tile([wide, 0, 0], (12, 1)), atol=1e-6)


def test_millimetres_become_eye_distances() -> None:
    owner = Head(head())
    sheet = Sheet(np.zeros((2, 2, 3)) + np.array([[[0.0, 0, 0]], [[63.0, 0, 0]]]), plain((1, 1, 1)))
    ends = placed([sheet], owner, np.zeros(3), np.eye(3))[0].points[:, 0]
    assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(owner.unit)
    upright = placed([sheet], owner, np.zeros(3), turned(z=90))[0].points[:, 0]
    assert upright[1, 1] > upright[0, 1] + 0.9 * owner.unit


def test_a_printed_skin_is_its_picture() -> None:
    picture = np.random.default_rng(0).uniform(size=(5, 7, 3))
    t, s = (grid.ravel() for grid in np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 7), indexing="ij"))
    np.testing.assert_allclose(printed(picture)(s, t), picture.reshape(-1, 3), atol=1e-9)


@settings(max_examples=6)
@given(st.floats(-35, 35))
def test_the_face_hides_what_is_behind_it_and_nothing_before_it(yaw: float) -> None:
    points = face((yaw, 0, 0))
    owner = Head(points)
    x, y = np.meshgrid(np.linspace(-0.2, 0.2, 5), np.linspace(0.9, 1.3, 5))
    for depth, shown in ((1.2, 0.0), (-1.5, 1.0)):
        patch = Sheet(owner.place(np.stack([x, y, np.full_like(x, depth)], axis=-1)), plain((1, 1, 1)))
        alpha, free = (paint(SMALL, sheets)[1].sum() for sheets in ([patch, skull(owner)], [patch]))
        assert alpha == pytest.approx(shown * free, abs=0.02 * free)


def test_a_hand_darkens_what_it_touches_but_not_itself() -> None:
    def square(left: float, right: float, depth: float) -> Sheet:
        x, y = np.meshgrid(np.linspace(left, right, 5), np.linspace(20, 80, 5))
        return Sheet(np.stack([x, y, np.full_like(x, depth)], axis=-1), plain((0.8, 0.8, 0.8)), shaded=0.0)

    colour, alpha = touching((100, 120), [square(10, 110, 0.0)], [square(10, 50, -5.0)], 60.0)
    assert alpha[50, 80] == 1
    assert colour[50, 30, 0] == pytest.approx(0.8, abs=0.01)
    assert colour[50, 105, 0] == pytest.approx(0.8, abs=0.01)
    assert colour[50, 53, 0] < 0.7


@pytest.mark.parametrize("radius", [14.0, 34.0, 45.0])
def test_fingers_lie_around_the_thing_and_are_as_long_as_fingers(radius: float) -> None:
    grip = Grip(around(radius), 40.0, np.array([20.0, 40, 60]), np.array([90.0, 200, 0]))
    fingers = hand(grip, np.random.default_rng(1), sleeve=False)[:4]
    for finger in fingers:
        core = finger.points.mean(axis=1)
        far = np.hypot(core[:, 0], core[:, 2])
        assert far.min() > radius
        assert far.max() < radius + 40
        assert 55 < np.linalg.norm(np.diff(core, axis=0), axis=1).sum() < 105
    heights = [finger.points[..., 1].mean() for finger in fingers]
    assert (np.diff(heights) > 10).all()


def test_a_sleeve_is_there_when_asked_for() -> None:
    grip = Grip(around(30.0), 40.0, np.array([20.0, 40, 60]), np.array([90.0, 200, 0]))
    bare, clothed = (hand(grip, np.random.default_rng(1), sleeve=sleeve) for sleeve in (False, True))
    assert len(clothed) == len(bare) + 1


def test_panels_on_a_board_have_their_size() -> None:
    board = Board((40.0, 60.0))
    board.lay((0.0, 0.0, 0.0), 1.0)
    board.panel((5.0, -10.0), (8.0, 12.0), 2.0, (1.0, 1.0, 1.0))
    area = board.picture[..., 0].mean() * 40 * 60
    assert area == pytest.approx(16 * 24 - (4 - np.pi) * 2**2, rel=0.02)
    assert board.picture[100, 125, 0] == 1
    assert board.picture[250, 100, 0] == 0


def test_large_faces_are_drawn_smaller_in_the_same_place() -> None:
    def draw(scene: Scene) -> Layer:
        asked.append(scene.unit)
        colour = np.full((*scene.shape, 3), 0.5, np.float32)
        return colour, filled(scene.shape, scene.points(33, 263, 291, 61))

    asked: list[float] = []
    scene = Scene(head(300.0, (400, 300)), (700, 800), np.random.default_rng(0), "any")
    colour, alpha = no_finer(scene, draw, 100.0)
    wanted = filled(scene.shape, scene.points(33, 263, 291, 61))
    assert asked == [pytest.approx(100, rel=0.01)]
    assert np.abs(alpha - wanted).mean() < 0.004
    rows, columns = (np.average(np.arange(n), weights=alpha.sum(axis=axis)) for axis, n in ((1, 700), (0, 800)))
    assert rows == pytest.approx(np.average(np.arange(700), weights=wanted.sum(axis=1)), abs=0.3)
    assert columns == pytest.approx(np.average(np.arange(800), weights=wanted.sum(axis=0)), abs=0.3)
    np.testing.assert_allclose(colour[alpha > 0.5], 0.5, atol=0.01)
