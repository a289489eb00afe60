from __future__ import annotations

import numpy as np
import pytest

from multimodal.face.canonical import GRID, SCALE, to_percent
from multimodal.face.strain import strain


def slow_strain(flow: np.ndarray) -> np.ndarray:
    _, height, width = flow.shape
    dx, dy = 1 / (SCALE[0] * width), 1 / (SCALE[1] * height)

    def slope(plane: np.ndarray, i: int, j: int, di: int, dj: int, step: float) -> float:
        a = (min(i + di, height - 1), min(j + dj, width - 1))
        b = (max(i - di, 0), max(j - dj, 0))
        return (plane[a] - plane[b]) / (((a[0] - b[0]) + (a[1] - b[1])) * step)

    out = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            ux, uy = slope(flow[0], i, j, 0, 1, dx), slope(flow[0], i, j, 1, 0, dy)
            vx, vy = slope(flow[1], i, j, 0, 1, dx), slope(flow[1], i, j, 1, 0, dy)
            out[i, j] = np.sqrt(ux**2 + vy**2 + (uy + vx) ** 2 / 2)
    return out


def test_equals_the_slow_version() -> None:
    flow = np.random.default_rng(0).normal(size=(2, 9, 13))
    np.testing.assert_allclose(strain(flow), slow_strain(flow), rtol=1e-9)


def test_leading_axes_are_independent() -> None:
    flow = np.random.default_rng(1).normal(size=(3, 2, GRID, GRID))
    np.testing.assert_allclose(strain(flow)[1], strain(flow[1]))


@pytest.mark.parametrize(("channel", "axis"), [(0, 0), (1, 1)])
def test_a_stretch_by_one_percent_is_one(channel: int, axis: int) -> None:
    y, x = np.mgrid[:GRID, :GRID] / GRID
    flow = np.zeros((2, GRID, GRID))
    flow[channel] = (x, y)[axis] / SCALE[axis]
    np.testing.assert_allclose(strain(flow), 1.0, rtol=1e-9)


def test_shift_and_turn_are_no_strain() -> None:
    y, x = np.mgrid[:GRID, :GRID] / GRID
    flow = np.stack([3 - y / SCALE[1], 2 + x / SCALE[0]])
    np.testing.assert_allclose(strain(flow), 0.0, atol=1e-9)


def test_percent_counts_both_axes_in_eye_distances() -> None:
    flow = np.ones((2, 128, 128), np.float32)
    u, v = to_percent(flow)
    assert u[0, 0] == pytest.approx(100 / (SCALE[0] * 128))
    assert v[0, 0] == pytest.approx(100 / (SCALE[1] * 128))
    assert v[0, 0] > u[0, 0]
