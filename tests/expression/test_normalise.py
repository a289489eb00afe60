from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.expression.normalise import LIMIT, normalise, region_clips, visible_cells
from multimodal.face.canonical import CROP, CROP_CORNERS
from multimodal.results import REGIONS

ALL = np.ones(12, np.float32)


def clip(time: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(time, 3, 28, 28)).astype(np.float32)


@settings(deadline=None, max_examples=25)
@given(gain=st.floats(0.01, 200), seed=st.integers(0, 1000), time=st.integers(1, 5))
def test_gain_and_offset_of_any_map_and_channel_drop_out(gain: float, seed: int, time: int) -> None:
    rng = np.random.default_rng(seed)
    flow = clip(time, seed)
    gains = gain * np.exp(rng.normal(size=(1, 3, 1, 1)))
    offsets = gain * rng.normal(size=(time, 3, 1, 1))
    np.testing.assert_allclose(normalise(flow * gains + offsets, ALL), normalise(flow, ALL), atol=2e-3)


def test_eight_bit_storage_changes_little() -> None:
    flow = clip(1)
    low, high = flow.min(axis=(2, 3), keepdims=True), flow.max(axis=(2, 3), keepdims=True)
    stored = np.round((flow - low) / (high - low) * 255).astype(np.float32)
    np.testing.assert_allclose(normalise(stored, ALL), normalise(flow, ALL), atol=0.03)


def test_a_clip_keeps_its_rise_and_a_still_one_stays_zero() -> None:
    rising = clip(1)[[0, 0, 0]] * np.array([0.2, 0.6, 1.0])[:, None, None, None]
    steps = np.abs(normalise(rising, ALL)).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(steps / steps[-1], [0.2, 0.6, 1.0], atol=0.01)
    assert not normalise(np.zeros((2, 3, 28, 28), np.float32), ALL).any()


def test_outliers_are_cut_off() -> None:
    flow = clip(1)
    flow[0, 0, 14, 14] = 1e4
    assert np.abs(normalise(flow, ALL)).max() == LIMIT


@pytest.mark.parametrize("region", REGIONS)
def test_what_is_hidden_leaves_no_trace(region: str) -> None:
    visibility = ALL.copy()
    visibility[REGIONS.index(region)] = 0.1
    flow, other = clip(2), clip(2)
    x, y = CROP_CORNERS[region]
    other[:, :, y : y + CROP, x : x + CROP] = 50 * np.random.default_rng(1).normal(size=(2, 3, CROP, CROP))
    own = REGIONS.index(region)
    first, second = region_clips(flow, visibility), region_clips(other, visibility)
    assert not first[own].any()
    # Crops overlap; a neighbour may see hidden cells, but regions that share none must not change.
    apart = [n for n, name in enumerate(REGIONS) if max(abs(np.subtract(CROP_CORNERS[name], (x, y)))) >= CROP]
    np.testing.assert_array_equal(first[apart], second[apart])


def test_visible_cells_are_those_of_regions_that_can_be_seen() -> None:
    assert not visible_cells(np.zeros(12, np.float32)).any()
    upper = np.array([name.startswith(("brow", "eye")) for name in REGIONS], np.float32)
    cells = visible_cells(upper)
    assert cells[:9].any()
    assert not cells[14:].any()


def test_crops_come_in_the_order_of_the_regions() -> None:
    flow = clip(2)
    crops = region_clips(flow, ALL)
    assert crops.shape == (12, 3, 2, 10, 10)
    x, y = CROP_CORNERS["chin"]
    np.testing.assert_array_equal(crops[-1][:, 1], normalise(flow, ALL)[1, :, y : y + CROP, x : x + CROP])
