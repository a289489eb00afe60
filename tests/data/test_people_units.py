from __future__ import annotations

import numpy as np
import pytest

from multimodal.data.people.body import SIDES, load_body
from multimodal.data.people.units import UNITS, action_units, displace, gaze_units
from multimodal.results import ACTION_UNITS


def strongest(unit: int, side: str) -> tuple[np.ndarray, np.ndarray]:
    moved = action_units()[unit, side]
    vertex = np.linalg.norm(moved, axis=1).argmax()
    return load_body().vertices[vertex], moved[vertex]


def test_all_units_of_the_head_can_be_animated() -> None:
    assert set(ACTION_UNITS) <= set(UNITS)
    assert set(action_units()) == {(unit, side) for unit in UNITS for side in SIDES}


@pytest.mark.parametrize("unit", [u for u in UNITS if u not in (17, 23, 25, 26)])
def test_a_side_moves_its_own_half_most(unit: int) -> None:
    where, _ = strongest(unit, "left")
    assert where[0] <= 0.0
    where, _ = strongest(unit, "right")
    assert where[0] >= 0.0


@pytest.mark.parametrize(
    ("unit", "up"), [(1, 1), (2, 1), (4, -1), (6, 1), (10, 1), (12, 1), (15, -1), (17, 1), (45, -1)]
)
def test_direction(unit: int, up: int) -> None:
    _, moved = strongest(unit, "right")
    assert moved[1] * up > 0


def test_brows_are_drawn_together_and_corners_apart() -> None:
    vertices = load_body().vertices
    brow = np.linalg.norm(vertices - [0.15, 7.47, 1.46], axis=1).argmin()
    assert action_units()[4, "right"][brow, 0] < -0.03
    assert strongest(12, "right")[1][0] > 0.04


@pytest.mark.parametrize("unit", [14, 24])
def test_tightened_corners_are_no_smile(unit: int) -> None:
    vertices, moved = load_body().vertices, action_units()[unit, "right"]
    corner = np.array([0.33, 6.60, 1.38])
    above, below = (np.linalg.norm(vertices - corner - [0, up, 0], axis=1).argmin() for up in (0.12, -0.12))
    assert moved[above, 1] < 0.0 < moved[below, 1]
    smile = action_units()[12, "right"]
    assert np.abs(moved[above, 1]) < 0.2 * smile[above, 1]


def test_sides_mirror_each_other() -> None:
    vertices = load_body().vertices[:13380]
    mirrored = vertices * [-1, 1, 1]
    some = np.random.default_rng(0).choice(np.flatnonzero(vertices[:, 1] > 6), 60, replace=False)
    for unit in (1, 4, 12, 17):
        left, right = action_units()[unit, "left"], action_units()[unit, "right"]
        for vertex in some:
            twin = np.linalg.norm(vertices - mirrored[vertex], axis=1).argmin()
            np.testing.assert_allclose(left[vertex] * [-1, 1, 1], right[twin], atol=0.02)


def test_helpers_stay_and_intensities_scale() -> None:
    vertices = load_body().vertices
    half, full = (displace(vertices, {(12, "left"): k}) - vertices for k in (0.5, 1.0))
    np.testing.assert_allclose(2 * half, full, atol=1e-5)
    assert not full[13380:].any()


def test_lids_follow_the_gaze() -> None:
    looks = gaze_units()
    assert len(looks) == 8
    down = looks["down", "left"]
    assert down[np.abs(down).max(axis=1).argmax(), 1] < 0
