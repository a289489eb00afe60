from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from multimodal.errors import UsageError
from multimodal.expression import regional
from multimodal.expression.layers import Conv3dSame
from multimodal.expression.normalise import HIDDEN_BELOW, region_masks, visible_cells
from multimodal.expression.regional import CORNERS, PART, Regional
from multimodal.expression.registry import MODELS, build_model
from multimodal.face.canonical import MIRROR
from multimodal.results import REGIONS

OF_REGIONS = [name for name in MODELS.names() if MODELS.get(name).__module__ == regional.__name__]
"""Networks over clips and visibilities; those over single maps are tested in test_zoo.py."""

OPTIONS = [
    {"relations": relations, "attention": attention, "over_time": over_time, "linear": linear}
    for relations, attention, over_time, linear in itertools.product((0, 1, 2), *3 * ((True, False),))
]
SHARES = [np.float32(0), np.nextafter(np.float32(HIDDEN_BELOW), np.float32(0)), np.float32(HIDDEN_BELOW), np.float32(1)]
VISIBILITIES = st.lists(st.sampled_from(SHARES), min_size=12, max_size=12).map(np.array)


@pytest.fixture(params=OF_REGIONS)
def network(request: pytest.FixtureRequest) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_model(request.param).eval()


def small(**options: object) -> Regional:
    torch.manual_seed(0)
    network = Regional(**{"stem": 2, "width": 8, **options}).eval()  # type: ignore[arg-type]
    if network.linear is not None:
        nn.init.normal_(network.linear.weight)
    return network


def batch(size: int = 3, time: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(size, 3, time, 28, 28, generator=generator), torch.ones(size, 12)


def changed_behind(clips: torch.Tensor, visibility: torch.Tensor) -> torch.Tensor:
    """The clips with other flow in all cells that cannot be seen."""
    hidden = torch.from_numpy(np.stack([~visible_cells(row) for row in visibility.numpy()]))[:, None, None]
    return torch.where(hidden, 100 * torch.randn(clips.shape), clips)


@pytest.mark.parametrize("time", [1, 2, 8])
def test_heads_have_their_shapes_whatever_the_length(network: torch.nn.Module, time: int) -> None:
    heads = network(*batch(2, time))
    assert [tuple(part.shape) for part in heads] == [(2, 3), (2, 5), (2, 12), (2, 64), (2, 12)]
    assert all(torch.isfinite(part).all() for part in heads)
    assert 0 <= heads.attention.min() <= heads.attention.max() <= 1


def test_it_stays_small(network: torch.nn.Module) -> None:
    assert sum(parameter.numel() for parameter in network.parameters()) <= 1_000_000


def test_hidden_regions_do_not_leak(network: torch.nn.Module) -> None:
    clips, visibility = batch()
    visibility[:, 4:9] = torch.tensor([0.0, 0.1, 0.0, 0.29, 0.0])
    hidden = torch.from_numpy(region_masks()[4:9].any(axis=0))
    changed = torch.where(hidden, 100 * torch.randn(clips.shape), clips)
    for one, other in zip(network(clips, visibility), network(changed, visibility), strict=True):
        assert torch.equal(one, other)
    assert not network(clips, visibility).attention[:, 4:9].any()


@settings(max_examples=30)
@given(rows=st.lists(VISIBILITIES, min_size=2, max_size=2), options=st.sampled_from(OPTIONS), training=st.booleans())
def test_cells_that_cannot_be_seen_have_no_say(rows: list[np.ndarray], options: dict, training: bool) -> None:
    clips, visibility = batch(2, 2)[0], torch.from_numpy(np.stack(rows))
    one, other = (small(dropout=0.0, **options).train(training) for _ in range(2))
    first, second = one(clips, visibility), other(changed_behind(clips, visibility), visibility)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(one.buffers(), other.buffers(), strict=True))


@settings(max_examples=60)
@given(visibility=VISIBILITIES)
def test_the_network_looks_at_the_cells_that_normalisation_calls_visible(visibility: np.ndarray) -> None:
    network, looked = small(), []
    network.stem.register_forward_pre_hook(lambda _, inputs: looked.append(inputs[1]))
    network(batch(1, 1)[0], torch.from_numpy(visibility)[None])
    np.testing.assert_array_equal(looked[0][0].numpy().astype(bool), visible_cells(visibility))


def test_linear_readers_add_to_what_is_said_of_the_expression_alone() -> None:
    clips, visibility = batch()
    plain, both = small(), small(linear=True)
    assert both.linear is not None
    both.load_state_dict({**both.state_dict(), **plain.state_dict()})
    one, other = plain(clips, visibility), both(clips, visibility)
    shown = clips * plain.cells(visibility)[:, None, None]
    torch.testing.assert_close(other.expression, one.expression + both.linear(shown, visibility))
    assert not torch.allclose(other.expression, one.expression)
    assert all(torch.equal(a, b) for a, b in zip(one[1:], other[1:], strict=True))


def test_visible_regions_do_matter(network: torch.nn.Module) -> None:
    clips, visibility = batch()
    for mask in torch.from_numpy(region_masks()):
        changed = clips + mask
        assert not torch.allclose(network(clips, visibility).embedding, network(changed, visibility).embedding)


def test_parts_lie_where_the_regions_are_and_mirror_each_other() -> None:
    for number, (mask, (x, y)) in enumerate(zip(region_masks(), CORNERS, strict=True)):
        part = np.zeros((7, 7), bool)
        part[y : y + PART, x : x + PART] = True
        assert part.sum() == PART * PART
        assert mask[part.repeat(4, axis=0).repeat(4, axis=1)].mean() > 0.6
        assert (mask & part.repeat(4, axis=0).repeat(4, axis=1)).sum() >= 0.9 * mask.sum()
        assert CORNERS[MIRROR[number]] == (7 - PART - x, y)


@pytest.mark.parametrize("over_time", [True, False])
def test_regions_equal_a_slow_version(over_time: bool) -> None:
    network, (clips, visibility) = small(over_time=over_time), batch(2, 3)
    visibility[0, :4] = 0
    nn.init.normal_(network.place)
    features = network.stem(clips, network.cells(visibility))
    given = network.regions(clips, visibility)
    for n, r in itertools.product(range(2), range(len(REGIONS))):
        x, y = CORNERS[r]
        parts = [features[n, :, t, y : y + PART, x : x + PART].flatten() for t in range(3)]
        vectors = torch.stack([part @ network.project[r] + network.place[r] for part in parts])
        expected = vectors[-1] + (network.over_time(vectors)[1][0] if network.over_time is not None else 0)
        torch.testing.assert_close(given[n, r], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("time", [1, 3])
def test_every_choice_of_options_reads_and_learns(options: dict, time: int) -> None:
    network, (clips, visibility) = small(**options).train(), batch(3, time)
    visibility[0, :3] = torch.tensor([0.0, 0.5, 0.3])
    heads = network(clips, visibility)
    assert [tuple(part.shape) for part in heads] == [(3, 3), (3, 5), (3, 12), (3, 64), (3, 12)]
    assert (heads.attention <= visibility).all()
    assert not heads.attention[0, 0]
    sum(part.square().sum() for part in heads).backward()
    # From a state of zero the GRU's own recurrence has no gradient in a single step; its biases do.
    silent = {"over_time.weight_hh_l0"} if time == 1 else set()
    idle = {name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()}
    shifts = {"stem.wide.bias", "stem.narrow.bias"}  # which normalisation takes out again, but for rounding
    assert idle - shifts == (silent if options["over_time"] else set())


def test_without_attention_a_region_counts_as_far_as_it_can_be_seen() -> None:
    clips, _ = batch(1)
    visibility = torch.tensor([[0.0, 0.2, 0.3, 0.5, 0.9, 1, 1, 1, 1, 1, 1, 1]])
    attention = small(attention=False)(clips, visibility).attention
    torch.testing.assert_close(attention, visibility * (visibility >= HIDDEN_BELOW))


def test_a_single_map_is_read_as_3d_convolutions_would(
    network: torch.nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips, visibility = batch(3, 1)
    visibility[0, :4] = 0
    quick = network(clips, visibility)
    monkeypatch.setattr(Conv3dSame, "forward", nn.Conv3d.forward)
    for one, other in zip(quick, network(clips, visibility), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_a_clip_alone_equals_the_clip_in_a_batch(network: torch.nn.Module) -> None:
    clips, visibility = batch(5)
    visibility[1, :4] = visibility[3] = 0
    together = network(clips, visibility)
    for row in range(5):
        alone = network(clips[row : row + 1], visibility[row : row + 1])
        for one, many in zip(alone, together, strict=True):
            torch.testing.assert_close(one[0], many[row], atol=1e-5, rtol=1e-5)


def test_time_has_a_direction(network: torch.nn.Module) -> None:
    clips, visibility = batch(2, 4)
    assert not torch.allclose(network(clips, visibility).expression, network(clips.flip(2), visibility).expression)


def test_with_nothing_visible_it_stays_finite(network: torch.nn.Module) -> None:
    clips, _ = batch()
    heads = network(clips, torch.zeros(3, 12))
    assert all(torch.isfinite(part).all() for part in heads)


def test_every_parameter_learns(network: torch.nn.Module) -> None:
    heads = network.train()(*batch())
    sum(part.square().sum() for part in heads).backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def test_unknown_models_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"choose one of.*regional"):
        build_model("nothing")
