from __future__ import annotations

import numpy as np
import pytest

from multimodal.data.people.estimator import blur, errors, flatten, smear, texture, with_strain
from multimodal.face.canonical import GRID
from multimodal.face.strain import strain


def variation(flow: np.ndarray) -> float:
    dx, dy = np.diff(flow, axis=-1)[..., :-1, :], np.diff(flow, axis=-2)[..., :-1]
    return float(np.hypot(dx, dy).sum())


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, 2, GRID, GRID)).astype(np.float32)


def test_flattening_lowers_what_it_is_said_to_lower() -> None:
    flow, weight = noise(), 0.5
    amount = weight * np.array([1.0, 0.4])[:, None, None]

    def cost(candidate: np.ndarray) -> float:
        per_channel = [variation(candidate[:, c]) * amount[c, 0, 0] for c in (0, 1)]
        return sum(per_channel) + 0.5 * float(((candidate - flow) ** 2).sum())

    best = flatten(flow, weight, rounds=300)
    assert cost(best) < cost(flatten(flow, weight)) < cost(flow)
    for other in (blur(flow, 0.5), 0.5 * flow, flow.mean(axis=(2, 3), keepdims=True) + 0 * flow):
        assert cost(best) < cost(other)


def test_flattening_keeps_the_mean_and_a_constant_and_leaves_zero_weight_alone() -> None:
    flow = noise()
    np.testing.assert_allclose(flatten(flow, 0.5).mean(axis=(2, 3)), flow.mean(axis=(2, 3)), atol=1e-5)
    np.testing.assert_allclose(flatten(0 * flow + 3, 0.5), 3, atol=1e-5)
    assert flatten(flow, 0.0) is flow


def test_smearing_keeps_a_common_motion_and_carries_sharp_motion_into_bare_skin() -> None:
    np.testing.assert_allclose(smear(np.full((1, 2, GRID, GRID), 2.0, np.float32), 1.5), 2.0, rtol=1e-5)
    brow = np.zeros((1, 2, GRID, GRID), np.float32)
    brow[:, :, 5:8] = 1
    spread = smear(brow, 1.5)
    assert spread[0, 0, 3].mean() > 0.1
    assert spread[0, 1, 3].mean() < spread[0, 0, 3].mean()  # v is better known


def test_errors_have_their_size_and_maps_share_half() -> None:
    drawn = errors(4, 0.7, 1.0, np.random.default_rng(0))
    assert drawn.std() == pytest.approx(0.7, rel=1e-3)
    maps = drawn.reshape(4, -1)
    assert 0.3 < np.corrcoef(maps)[np.triu_indices(4, 1)].mean() < 0.75


def test_errors_run_across_the_face() -> None:
    v = np.concatenate([errors(3, 1.0, 1.0, np.random.default_rng(seed))[:, 1] for seed in range(10)])
    along, across = (np.abs(np.diff(v, axis=axis)).mean() for axis in (2, 1))
    assert along < 0.9 * across


def test_texture_has_mean_one_and_is_strongest_at_the_eyes() -> None:
    assert texture().mean() == pytest.approx(1, abs=1e-5)
    assert texture()[7, 6] > 1.5 * texture()[15, 3]


def test_fine_strain_of_a_smooth_flow_is_the_coarse_one() -> None:
    flow = blur(noise(), 4.0)
    fine, coarse = with_strain(flow, 0.0, np.random.default_rng(0))[:, 2], strain(flow)
    assert np.corrcoef(fine[:, 2:-2, 2:-2].ravel(), coarse[:, 2:-2, 2:-2].ravel())[0, 1] > 0.97
    np.testing.assert_array_equal(with_strain(flow, 0.5, np.random.default_rng(0))[:, :2], flow)
