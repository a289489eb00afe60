"""Every system of the zoo that names classes, whatever is in its registry; ``test_zoo_spotting`` has the others."""

from __future__ import annotations

import pytest
import torch

from multimodal.errors import UsageError
from multimodal.expression import zoo
from multimodal.expression.registry import MODELS, build_model
from multimodal.expression.zoo.inputs import SHAPES
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.expression.zoo.systems import SystemConfig, system, systems, systems_for

zoo.discover()

KNOWN = {
    "dual-atme": 4_833_193,
    "icip-2024": 7_656_395,
    "off-tanet": 59_403,
    "r2plus1d-18": 31_301_664,
    "sssnet": 1_349_251,
    "ststnet": 1683,
}
"""Parameters of the published form, normalisation included."""


def inputs(given: SystemConfig, size: int = 4) -> tuple[torch.Tensor, ...]:
    source = torch.Generator().manual_seed(1)
    return tuple(torch.rand(size, *SHAPES[kind], generator=source) for kind in given.inputs)


def built(given: SystemConfig, classes: int = 3) -> ZooNetwork:
    torch.manual_seed(0)
    network = build_model(given.name, classes=classes, **given.options)
    assert isinstance(network, ZooNetwork)
    return network


@pytest.fixture(params=list(systems_for("classify")))
def one(request: pytest.FixtureRequest) -> SystemConfig:
    return system(request.param)


def test_networks_and_descriptions_are_the_same_ones() -> None:
    inside = {name for name in MODELS.names() if MODELS.get(name).__module__.startswith(zoo.__name__)}
    assert inside == set(systems())


def test_there_is_a_logit_a_class(one: SystemConfig) -> None:
    for classes in (3, 5):
        with torch.inference_mode():
            logits = built(one, classes).eval()(*inputs(one, 2))
        assert logits.shape == (2, classes)
        assert torch.isfinite(logits).all()


def test_a_clip_alone_equals_the_clip_in_a_batch(one: SystemConfig) -> None:
    network, rows = built(one).eval(), inputs(one)
    with torch.inference_mode():
        together = network(*rows)
        alone = torch.cat([network(*(column[n : n + 1] for column in rows)) for n in range(len(together))])
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-4)


def test_every_parameter_learns(one: SystemConfig) -> None:
    network, rows = built(one).train(), inputs(one)
    target, learned = rows if network.aligns else (), set()
    optimiser = torch.optim.SGD(network.parameters(), 1e-2)
    for _ in range(2):  # some layers begin at zero, and pass nothing back before they have moved
        optimiser.zero_grad()
        network.loss(rows, torch.tensor([0, 1, 2, 0]), torch.ones(3), target=target).backward()
        learned |= {name for name, p in network.named_parameters() if p.grad is not None and p.grad.any()}
        optimiser.step()
    assert {name for name, _ in network.named_parameters()} - learned == set()


def test_the_same_seed_gives_the_same_network(one: SystemConfig) -> None:
    first, second = built(one).state_dict(), built(one).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", KNOWN)
def test_published_sizes(name: str) -> None:
    assert sum(p.numel() for p in build_model(name).parameters()) == KNOWN[name]


def test_an_unknown_system_is_one_clear_line() -> None:
    with pytest.raises(UsageError, match="unknown system 'sts': choose one of"):
        system("sts")


def test_only_networks_of_more_than_a_million_parameters_are_run_with_one_seed(one: SystemConfig) -> None:
    with torch.device("meta"):
        count = sum(p.numel() for p in build_model(one.network).parameters())
    assert count > 1_000_000 or not one.few_seeds
