from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.expression.normalise import HIDDEN_BELOW, LIMIT, normalise, normalised_clip, region_masks, visible_cells
from multimodal.face.canonical import CROP, CROP_CORNERS, MIRROR
from multimodal.results import REGIONS

ALL = np.ones(12, np.float32)
SHARES = [np.float32(0), np.nextafter(np.float32(HIDDEN_BELOW), np.float32(0)), np.float32(HIDDEN_BELOW), np.float32(1)]
VISIBILITIES = st.lists(st.sampled_from(SHARES), min_size=12, max_size=12).map(np.array)


def clip(time: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(time, 3, 28, 28)).astype(np.float32)


@settings(max_examples=25)
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
    first, second = normalised_clip(flow, visibility), normalised_clip(other, visibility)
    np.testing.assert_array_equal(first, second)
    assert not first[:, :, y : y + CROP, x : x + CROP].any()


@settings(max_examples=50)
@given(visibility=VISIBILITIES, seed=st.integers(0, 1000))
def test_cells_that_cannot_be_seen_have_no_say(visibility: np.ndarray, seed: int) -> None:
    hidden, flow = ~visible_cells(visibility), clip(2, seed)
    other = np.where(hidden, 30 * clip(2, seed + 1), flow)
    if hidden.all():
        assert not normalised_clip(flow, visibility).any()
    np.testing.assert_array_equal(normalised_clip(flow, visibility), normalised_clip(other, visibility))


@settings(max_examples=50)
@given(visibility=VISIBILITIES, seed=st.integers(0, 1000))
def test_a_mirrored_clip_is_the_clip_mirrored(visibility: np.ndarray, seed: int) -> None:
    sign = np.array([-1, 1, 1], np.float32)
    flow = clip(2, seed)
    turned = np.ascontiguousarray(flow[..., ::-1] * sign[:, None, None])
    expected = normalised_clip(flow, visibility)[..., ::-1] * sign[:, None, None, None]
    np.testing.assert_allclose(normalised_clip(turned, visibility[list(MIRROR)]), expected, atol=1e-5)


@settings(max_examples=50)
@given(visibility=VISIBILITIES)
def test_visible_cells_equal_a_loop_over_cells(visibility: np.ndarray) -> None:
    shown = {name for name, share in zip(REGIONS, visibility, strict=True) if share >= HIDDEN_BELOW}
    clear, covered = np.zeros((2, 28, 28), bool)
    for row, column in np.ndindex(28, 28):
        within = {name for name, (x, y) in CROP_CORNERS.items() if x <= column < x + CROP and y <= row < y + CROP}
        clear[row, column] = bool(within & shown) and within <= shown
        covered[row, column] = bool(within & shown)
    np.testing.assert_array_equal(visible_cells(visibility), clear if clear.any() else covered)


def test_visible_cells_are_those_of_regions_that_can_be_seen() -> None:
    assert not visible_cells(np.zeros(12, np.float32)).any()
    upper = np.array([name.startswith(("brow", "eye")) for name in REGIONS], np.float32)
    cells = visible_cells(upper)
    assert cells[:9].any()
    assert not cells[14:].any()


def test_a_clip_is_laid_out_as_the_network_takes_it() -> None:
    flow = clip(2)
    given = normalised_clip(flow, ALL)
    assert given.shape == (3, 2, 28, 28)
    assert given.dtype == np.float32
    face = visible_cells(ALL)
    for channel, time in np.ndindex(3, 2):
        np.testing.assert_array_equal(given[channel, time][face], normalise(flow, ALL)[time, channel][face])
        assert not given[channel, time][~face].any()


def test_masks_come_in_the_order_of_the_regions() -> None:
    masks = region_masks()
    assert (masks.sum(axis=(1, 2)) == CROP**2).all()
    for mask, (x, y) in zip(masks, CROP_CORNERS.values(), strict=True):
        assert mask[y, x]
        assert mask[y + CROP - 1, x + CROP - 1]
    assert list(CROP_CORNERS) == list(REGIONS)
