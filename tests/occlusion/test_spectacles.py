from __future__ import annotations

import numpy as np
import pytest
from heads import head

from occlusion.head import Head
from occlusion.shapes.bars import bar, bent, evenly, pebble
from occlusion.shapes.hiding import hidden_by_face
from occlusion.shapes.lens_shapes import SHAPES, lens_outline, one_piece, outward
from occlusion.shapes.reflection import landscape, mirrored, windows
from occlusion.shapes.spectacle_fit import Fit, Lens, Model
from occlusion.shapes.stuff import Stuff


def area(line: np.ndarray) -> float:
    x, y = line.T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)


def test_places_lie_evenly_along_a_line() -> None:
    steps = np.diff(evenly(np.array([(0.0, 0, 0), (1, 0, 0), (1, 3, 0)]), 41), axis=0)
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 0.1, atol=1e-9)


def test_a_bar_has_its_width_and_thickness_all_along() -> None:
    points = bar(bent(np.array([(0.0, 0, 0), (2, 0, 0)]), 9), 0.4, 0.2, (0, 0, 1), power=5.0)
    np.testing.assert_allclose(np.ptp(points[..., 1], axis=1), 0.4, atol=0.01)
    np.testing.assert_allclose(np.ptp(points[..., 2], axis=1), 0.2, atol=0.01)
    np.testing.assert_allclose(points[:, 0], points[:, -1], atol=1e-9)


def test_a_pebble_lies_on_its_ellipsoid() -> None:
    points = pebble(np.array([1.0, 2, 3]), (0.1, 0.2, 0.3)) - (1, 2, 3)
    np.testing.assert_allclose(((points / (0.1, 0.2, 0.3)) ** 2).sum(axis=-1), 1, atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_outlines_fill_their_box_go_one_way_and_look_outwards(shape: str) -> None:
    line = lens_outline(shape)
    assert np.abs(line).max() == pytest.approx(1, abs=0.06)
    assert -4 < area(line) < -1.9
    beyond = line + 0.02 * outward(line, not one_piece(shape))
    assert area(beyond) < area(line)
    start = line[0] if one_piece(shape) else line[np.argmax(line[:, 1])]
    assert start[1] > -0.3


@pytest.mark.parametrize("yaw", [-45, -20, 20, 45])
def test_the_face_hides_what_has_gone_round_the_far_cheek(yaw: float) -> None:
    turned = Head(head(turn=(yaw, 0, 0)))
    # Which side is far follows from the depths, whatever the sign of the turn.
    far = 1 if turned.axes[0, 2] > 0 else -1
    arms = {at: np.array([(at * 1.1, 0.0, z) for z in (-0.2, 0.8)]) for at in (far, -far)}
    assert hidden_by_face(turned, arms[far]).tolist() == [False, True]
    assert not hidden_by_face(turned, arms[-far]).any()


def test_a_flat_mirror_turns_the_look_by_twice_its_slant() -> None:
    slant = np.radians(20)
    look = mirrored(np.array([(0.0, 0.0, -1.0), (np.sin(slant), 0.0, -np.cos(slant))]))
    np.testing.assert_allclose(look[0], (0, 0, -1), atol=1e-12)
    np.testing.assert_allclose(look[1], (np.sin(2 * slant), 0, -np.cos(2 * slant)), atol=1e-12)


def test_the_sky_is_above_and_windows_are_somewhere() -> None:
    rng = np.random.default_rng(0)
    up, down = np.array([(0.0, -0.6, -0.8)]), np.array([(0.0, 0.6, -0.8)])
    land = landscape(rng)
    assert land(up).mean() > land(down).mean() + 0.2
    azimuth = np.linspace(-np.pi, np.pi, 400)
    round_ = np.stack([np.sin(azimuth), 0 * azimuth, -np.cos(azimuth)], axis=1)
    light = windows(rng)(round_)
    assert light.max() > light.min() + 0.2
    assert 0 <= light.min() <= light.max() <= 1


def test_both_lenses_reflect_the_same_world() -> None:
    fit = Fit(Head(head()), Model("round", (0.8, 0.8), wrap=0.0), np.random.default_rng(0))
    looks = [Lens(fit, side).reflected(fit.middle * (side, 1) + np.array([(0.1, -0.1)])) for side in (-1, 1)]
    np.testing.assert_allclose(looks[0], looks[1], atol=1e-9)


def test_the_front_lies_before_eyes_brow_and_nose_bridge() -> None:
    on = Head(head())
    fit = Fit(on, Model("square", (0.9, 0.8)), np.random.default_rng(0))
    for number in (159, 386, 145, 374, 52, 282, 168):
        assert fit.front(on.points[number, :2])[2] < on.points[number, 2]


def test_horn_is_speckled_and_see_through_plastic_hides_more_at_its_edge() -> None:
    rng = np.random.default_rng(0)
    s, t = np.full(300, 0.25), np.linspace(0, 1, 300)
    assert Stuff((0.6, 0.3, 0.1), "horn").skin(rng, 2.0)(s, t)[:, 0].std() > 0.1
    clear = Stuff((0.5, 0.5, 0.5), alpha=0.5).skin(rng, 2.0)
    assert clear(s * 0, t)[:, 3].min() > clear(s, t)[:, 3].max() + 0.1
