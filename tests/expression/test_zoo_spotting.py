"""Every spotting system of the zoo: a score a frame."""

from __future__ import annotations

import pytest
import torch

from multimodal.expression import zoo
from multimodal.expression.registry import build_model
from multimodal.expression.zoo.network import SpottingNetwork
from multimodal.expression.zoo.systems import SystemConfig, systems, systems_for

zoo.discover()

SHAPES = {"onset_flow": (3, 28, 28), "strips": (3, 42, 42)}

KNOWN = {"softnet": 314_817}
"""Parameters of the published form."""


def rows_of(given: SystemConfig, size: int = 4) -> torch.Tensor:
    return torch.rand(size, *SHAPES[given.inputs[0]], generator=torch.Generator().manual_seed(1))


def built(given: SystemConfig) -> SpottingNetwork:
    torch.manual_seed(0)
    network = build_model(given.name, **given.options)
    assert isinstance(network, SpottingNetwork)
    return network


@pytest.fixture(params=list(systems_for("spot")))
def one(request: pytest.FixtureRequest) -> SystemConfig:
    return systems()[request.param]


def test_it_takes_one_input_of_frames(one: SystemConfig) -> None:
    assert len(one.inputs) == 1
    assert one.inputs[0] in SHAPES


def test_there_is_a_score_a_frame(one: SystemConfig) -> None:
    with torch.inference_mode():
        scores = built(one).eval()(rows_of(one))
    assert scores.shape == (4,)
    assert torch.isfinite(scores).all()


def test_a_frame_alone_equals_the_frame_in_a_batch(one: SystemConfig) -> None:
    network, rows = built(one).eval(), rows_of(one)
    with torch.inference_mode():
        alone = torch.cat([network(row[None]) for row in rows])
        torch.testing.assert_close(alone, network(rows), atol=1e-5, rtol=1e-4)


def test_every_parameter_learns(one: SystemConfig) -> None:
    network = built(one).train()
    network.loss(rows_of(one), torch.tensor([0.0, 1.0, 0.0, 0.5])).backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_the_same_seed_gives_the_same_network(one: SystemConfig) -> None:
    first, second = built(one).state_dict(), built(one).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", KNOWN)
def test_published_sizes(name: str) -> None:
    assert sum(p.numel() for p in build_model(name).parameters()) == KNOWN[name]


def test_the_large_form_of_apex_attention_has_an_alexnets_trunk() -> None:
    network = build_model("apex-attention")
    shapes = [tuple(p.shape) for name, p in network.trunk.named_parameters() if name.endswith("weight")]
    assert shapes == [(96, 3, 11, 11), (256, 96, 5, 5), (384, 256, 3, 3), (384, 384, 3, 3), (256, 384, 3, 3)]
    with torch.inference_mode():
        assert network.trunk(torch.rand(1, 3, 227, 227)).shape == (1, 256, 6, 6)
        assert network(torch.rand(1, 3, 227, 227)).shape == (1,)


def test_the_streams_of_softnet_look_at_one_channel_each() -> None:
    network = built(systems()["softnet"]).eval()
    rows = rows_of(systems()["softnet"])
    without = rows.clone()
    without[:, 2] = 0
    with torch.inference_mode():
        before = [stream(rows[:, [n]]) for n, stream in enumerate(network.streams)]
        after = [stream(without[:, [n]]) for n, stream in enumerate(network.streams)]
    assert [torch.equal(one, other) for one, other in zip(before, after, strict=True)] == [True, True, False]
