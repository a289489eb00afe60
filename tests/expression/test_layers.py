from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from multimodal.expression.layers import (
    ANATOMY,
    Conv3dSame,
    DualBranchStem,
    MaxMinusAverageGate,
    RegionAttention,
    RelationReasoning,
    anatomy,
)
from multimodal.face.canonical import MIRROR
from multimodal.results import REGIONS


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("kernel", [3, 5])
def test_a_single_map_is_convolved_as_the_padded_3d_convolution_would(kernel: int) -> None:
    layer, clips = Conv3dSame(3, 4, kernel), torch.randn(2, 3, 1, 10, 10)
    slow = nn.functional.conv3d(clips, layer.weight, layer.bias, padding=kernel // 2)
    torch.testing.assert_close(layer(clips), slow, atol=1e-5, rtol=1e-5)


def test_the_channel_gate_equals_its_formula() -> None:
    gate, x = MaxMinusAverageGate(8), torch.randn(2, 8, 3, 5, 5)
    for n in range(2):
        high = torch.stack([x[n, c].max() for c in range(8)])
        mean = torch.stack([x[n, c].mean() for c in range(8)])
        factor = torch.sigmoid(0.5 * (gate.of_maximum(high) - gate.of_average(mean)))
        torch.testing.assert_close(gate(x)[n], x[n] * factor[:, None, None, None])


@pytest.mark.parametrize("time", [1, 2, 8])
def test_the_stem_keeps_time_and_halves_the_crop(time: int) -> None:
    assert DualBranchStem(4)(torch.randn(3, 3, time, 10, 10)).shape == (3, 16, time, 5, 5)


def test_attention_never_exceeds_visibility() -> None:
    visibility = torch.rand(4, 12)
    visibility[0] = 0
    attention = RegionAttention(16)(torch.randn(4, 12, 16), visibility)
    assert (attention <= visibility).all()
    assert not attention[0].any()


def slow_reasoning(layer: RelationReasoning, features: Tensor, attention: Tensor) -> Tensor:
    """The formula of the docstring, one region at a time."""
    x = [attention[i] * features[i] for i in range(12)]
    for number, convolution in enumerate(layer.convolutions):
        heard = [j for j in range(12) if attention[j] > 0]
        new = []
        for i in range(12):
            query = layer.query[number](x[i])
            scores = [query @ layer.key[number](x[j]) / 4 + layer.prior[number][i, j] for j in heard]
            weights = torch.softmax(torch.stack(scores) + torch.log(attention[heard]), dim=0)
            message = sum(w * x[j] for w, j in zip(weights, heard, strict=True))
            inner = convolution.lin_rel(message) + convolution.lin_root(x[i])
            new.append(attention[i] * (x[i] + torch.relu(inner)))
        x = new
    return torch.stack(x)


def test_relation_reasoning_equals_a_slow_version() -> None:
    layer, features, attention = RelationReasoning(8), torch.randn(2, 12, 8), torch.rand(2, 12) * 0.9 + 0.1
    attention[1, 3] = 0
    fast = layer(features, attention)
    for n in range(2):
        torch.testing.assert_close(fast[n], slow_reasoning(layer, features[n], attention[n]), atol=1e-4, rtol=1e-4)


def test_a_region_without_attention_sends_nothing() -> None:
    layer, features, attention = RelationReasoning(8), torch.randn(1, 12, 8), torch.ones(1, 12)
    attention[0, 5] = 0
    changed = features.clone()
    changed[0, 5] += 100
    torch.testing.assert_close(layer(features, attention), layer(changed, attention))
    assert not layer(features, attention)[0, 5].any()


def test_without_any_attention_the_answer_is_zero_and_finite() -> None:
    assert not RelationReasoning(8)(torch.randn(1, 12, 8), torch.zeros(1, 12)).any()


def test_the_anatomical_edges_are_symmetric_between_the_sides() -> None:
    adjacency = anatomy()
    assert torch.equal(adjacency, adjacency.T)
    assert torch.equal(adjacency, adjacency[list(MIRROR)][:, list(MIRROR)])
    assert len({frozenset(edge) for edge in ANATOMY}) == len(ANATOMY)
    assert {name for edge in ANATOMY for name in edge} == set(REGIONS)
