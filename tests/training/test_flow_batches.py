from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_samples import fake_samples
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from multimodal.data.occlude.flow import canonical_cover
from multimodal.errors import UsageError
from multimodal.evaluation.conditions import Covers, draw_covers, parse
from multimodal.expression.normalise import HIDDEN_BELOW, normalised_clip
from multimodal.face.canonical import crop_regions
from multimodal.training import flow_batches
from multimodal.training.flow_batches import (
    covered,
    draw_bank,
    mirrored,
    mixed,
    normalised,
    visibility_of,
    warped,
)

LEVELS = st.sampled_from([float(np.float32(level)) for level in (0, 0.1, 0.29, HIDDEN_BELOW, 0.31, 0.7, 1)])
VISIBILITIES = arrays(np.float32, (5, 12), elements=LEVELS)

TOLERANCE = 1e-5
"""The mean deviation of 784 cells in float32, added up in another order."""


def maps(count: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(2, 3, (count, 3, 28, 28)).astype(np.float32)


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blob(row: int, column: int) -> torch.Tensor:
    """A picture with one small blob: at the row and column, which differ."""
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    return torch.exp(-((y - row) ** 2 + (x - column) ** 2) / 4).expand(1, 3, 28, 28).contiguous()


def centre_of(picture: torch.Tensor) -> tuple[float, float]:
    """Row and column of the centre of mass of the first channel."""
    mass, line = picture[0, 0] / picture[0, 0].sum(), torch.arange(28.0)
    return float((mass.sum(dim=1) * line).sum()), float((mass.sum(dim=0) * line).sum())


@settings(max_examples=40)
@given(visibility=VISIBILITIES, seed=st.integers(0, 1000))
def test_a_batch_is_normalised_as_its_clips_one_by_one(visibility: np.ndarray, seed: int) -> None:
    flow = maps(seed=seed)
    flow[0, 0] = 7  # a channel that does not move
    expected = np.stack([normalised_clip(one[None], seen)[:, 0] for one, seen in zip(flow, visibility, strict=True)])
    given_back = normalised(torch.from_numpy(flow), torch.from_numpy(visibility)).numpy()
    np.testing.assert_allclose(given_back, expected, atol=TOLERANCE)


@pytest.mark.parametrize("seen", [0.0, 1.0])
def test_extreme_visibilities_are_normalised_alike(seen: float) -> None:
    flow, visibility = maps(), np.full((5, 12), seen, np.float32)
    expected = np.stack([normalised_clip(one[None], row)[:, 0] for one, row in zip(flow, visibility, strict=True)])
    given_back = normalised(torch.from_numpy(flow), torch.from_numpy(visibility)).numpy()
    np.testing.assert_allclose(given_back, expected, atol=TOLERANCE)


def test_visibility_is_the_mean_of_what_each_crop_shows() -> None:
    hidden = np.random.default_rng(0).random((4, 28, 28)).astype(np.float32)
    expected = 1 - crop_regions(hidden).mean(axis=(-2, -1))
    np.testing.assert_allclose(visibility_of(torch.from_numpy(hidden)).numpy(), expected, atol=1e-6)


def test_a_mirror_turns_the_picture_and_u_about_its_mean() -> None:
    given_maps = torch.from_numpy(maps())
    rows = torch.tensor([True, False, True, True, False])
    turned = mirrored(given_maps, rows)
    assert torch.equal(turned[~rows], given_maps[~rows])
    assert torch.equal(turned[rows, 1:], given_maps[rows, 1:].flip(-1))
    mean = given_maps[:, 0].mean(dim=(1, 2), keepdim=True)
    torch.testing.assert_close((turned[:, 0] - mean)[rows], -(given_maps[:, 0] - mean)[rows].flip(-1))
    torch.testing.assert_close(mirrored(turned, rows), given_maps)


def test_a_mirrored_map_is_normalised_to_the_mirror_image() -> None:
    given_maps, everyone = torch.from_numpy(maps()), torch.ones(5, dtype=torch.bool)
    seen = torch.ones(5, 12)
    sign = torch.tensor([-1.0, 1.0, 1.0])[:, None, None]
    turned = normalised(mirrored(given_maps, everyone), seen)
    torch.testing.assert_close(turned, normalised(given_maps, seen).flip(-1) * sign, atol=1e-4, rtol=0)


def test_without_limits_nothing_is_warped() -> None:
    given_maps = torch.from_numpy(maps())
    torch.testing.assert_close(warped(given_maps, source(), 0.0, 0.0, 0.0), given_maps, atol=1e-4, rtol=0)


def test_a_shift_moves_a_blob_as_far_as_was_drawn_and_along_the_axis_that_was_drawn() -> None:
    seen = []
    for seed in range(8):
        chance = source(seed)
        torch.rand(1, generator=chance), torch.rand(1, generator=chance)  # angle, size
        across, down = ((torch.rand(1, 2, generator=chance) * 2 - 1) * 3)[0].tolist()
        row, column = centre_of(warped(blob(9, 17), source(seed), 3.0, 0.0, 0.0))
        assert (row, column) == pytest.approx((9 - down, 17 - across), abs=0.05)  # the grid looks where it came from
        seen.append((across, down))
    assert np.ptp(seen, axis=0).min() > 2


def test_turns_and_scales_are_about_the_middle() -> None:
    middle, far = 13.5, np.hypot(9 - 13.5, 17 - 13.5)
    for seed in range(8):
        row, column = centre_of(warped(blob(9, 17), source(seed), 0.0, 30.0, 0.0))
        assert np.hypot(row - middle, column - middle) == pytest.approx(far, abs=0.1)
        turned = np.degrees(np.arctan2(row - middle, column - middle) - np.arctan2(9 - middle, 17 - middle))
        assert 0.1 < abs(turned) < 30.5
        row, column = centre_of(warped(blob(9, 17), source(seed), 0.0, 0.0, 0.3))
        assert (row - middle) / (9 - middle) == pytest.approx((column - middle) / (17 - middle), abs=0.02)
        assert np.exp(-0.31) < (row - middle) / (9 - middle) < np.exp(0.31)


def test_who_is_mixed_with_nobody_stays() -> None:
    given_maps, partners = torch.from_numpy(maps()), torch.tensor([1, 2, 3, 4, 0])
    torch.testing.assert_close(mixed(given_maps, partners, torch.ones(5)), given_maps, atol=1e-5, rtol=0)


def test_a_mix_keeps_its_own_unit_and_forgets_its_partners() -> None:
    given_maps, partners = torch.from_numpy(maps()), torch.tensor([1, 0, 3, 2, 4])
    shares = torch.tensor([0.6, 0.5, 0.9, 0.7, 0.8])
    mix = mixed(given_maps, partners, shares)
    other = given_maps.clone()
    other[0] = 50 * other[0] - 8  # in another unit, with another offset
    again = mixed(other, partners, shares)
    torch.testing.assert_close(again[0], 50 * mix[0] - 8, atol=2e-3, rtol=1e-4)
    torch.testing.assert_close(again[1:], mix[1:], atol=1e-3, rtol=1e-4)
    level = (given_maps - given_maps.flatten(2).median(dim=2).values[..., None, None])[:2]
    spread = level.abs().mean(dim=(2, 3), keepdim=True)
    expected = 0.6 * level[0] + 0.4 * level[1] * spread[0] / spread[1]
    torch.testing.assert_close(mix[0] - (given_maps[0] - level[0]), expected, atol=1e-4, rtol=0)


def test_covers_are_those_of_the_evaluation() -> None:
    samples = fake_samples(people=2, clips=4)
    drawn = draw_covers("block:0.5", samples, 3, workers=1)
    soft = Covers(drawn.hidden * np.float32(0.75), drawn.visibility)
    fill = samples.flow.mean(axis=0)
    hidden = torch.from_numpy(soft.hidden)
    given_back = covered(torch.from_numpy(samples.flow), hidden, torch.from_numpy(fill)).numpy()
    np.testing.assert_allclose(given_back, soft.over(samples, fill).flow, atol=1e-6)
    np.testing.assert_allclose(visibility_of(torch.from_numpy(drawn.hidden)).numpy(), drawn.visibility, atol=1e-6)
    assert not np.allclose(given_back, samples.flow)


def test_the_bank_hangs_on_the_seed_alone() -> None:
    shares = {"mask": 1.0, "block:0.5": 2.0}
    first = draw_bank(shares, 8, 5).clone()
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002 - whoever draws from the process's own chance
    flow_batches._bank.cache_clear()
    assert torch.equal(draw_bank(dict(reversed(shares.items())), 8, 5), first)
    assert not torch.equal(draw_bank(shares, 8, 6), first)
    assert first.shape == (8, 28, 28)
    assert 0 <= first.min() < first.max() <= 1


def test_the_bank_draws_each_condition_by_its_share() -> None:
    bank = draw_bank({"mask": 1.0, "block:0.1": 3.0, "glasses": 0.0}, 200, 0)
    blocks = torch.isclose(bank.sum(dim=(1, 2)), torch.tensor(0.1 * 28 * 28), rtol=1e-3).float().mean()
    assert 0.65 < blocks < 0.85
    masks = bank[~torch.isclose(bank.sum(dim=(1, 2)), torch.tensor(0.1 * 28 * 28), rtol=1e-3)]
    assert (masks[:, :5].mean(dim=(1, 2)) < masks[:, 18:23].mean(dim=(1, 2))).all()  # a mask hides the mouth


def test_no_cover_of_the_bank_stands_before_a_test_face() -> None:
    samples = replace(fake_samples(people=2, clips=4), names=tuple(str(n) for n in range(8)))
    bank, drawn = draw_bank({"block:0.3": 1.0}, 30, 7), draw_covers("block:0.3", samples, 7, workers=1).hidden
    assert not any(np.allclose(cover, other) for cover in bank.numpy() for other in drawn)
    assert np.allclose(canonical_cover(parse("block:0.3"), 1)[0].sum(), bank[0].sum())


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"scarff": 1.0}, "scarff"),
        ({"none": 1.0}, "'none' covers nothing"),
        ({"block:wide": 1.0}, "a block's ratio is a number"),
        ({}, "a share above 0"),
        ({"mask": 0.0}, "a share above 0"),
        ({"mask": 2.0, "glasses": -1.0}, "a share above 0"),
    ],
)
def test_covers_that_there_are_not_are_refused(shares: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        draw_bank(shares, 3, 0)
