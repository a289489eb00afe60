from __future__ import annotations

import pytest
import torch

from multimodal.errors import UsageError
from multimodal.expression import regional
from multimodal.expression.registry import MODELS, build_model

OF_REGIONS = [name for name in MODELS.names() if MODELS.get(name).__module__ == regional.__name__]
"""Networks over region crops; those over whole maps are tested in test_zoo.py."""


@pytest.fixture(params=OF_REGIONS)
def network(request: pytest.FixtureRequest) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_model(request.param).eval()


def batch(size: int = 3, time: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(size, 12, 3, time, 10, 10, generator=generator), torch.ones(size, 12)


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
    changed = clips.clone()
    changed[:, 4:9] = 100 * torch.randn(changed[:, 4:9].shape)
    for one, other in zip(network(clips, visibility), network(changed, visibility), strict=True):
        torch.testing.assert_close(one, other)
    assert not network(clips, visibility).attention[:, 4:9].any()


def test_visible_regions_do_matter(network: torch.nn.Module) -> None:
    clips, visibility = batch()
    for region in range(12):
        changed = clips.clone()
        changed[:, region] += 1
        assert not torch.allclose(network(clips, visibility).embedding, network(changed, visibility).embedding)


def test_a_clip_alone_equals_the_clip_in_a_batch(network: torch.nn.Module) -> None:
    clips, visibility = batch(5)
    together = network(clips, visibility)
    for row in range(5):
        alone = network(clips[row : row + 1], visibility[row : row + 1])
        for one, many in zip(alone, together, strict=True):
            torch.testing.assert_close(one[0], many[row], atol=1e-5, rtol=1e-5)


def test_time_has_a_direction(network: torch.nn.Module) -> None:
    clips, visibility = batch(2, 4)
    assert not torch.allclose(network(clips, visibility).expression, network(clips.flip(3), visibility).expression)


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
