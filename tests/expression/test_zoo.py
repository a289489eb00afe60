from __future__ import annotations

import pytest
import torch
from torch import nn

from multimodal.expression import zoo
from multimodal.expression.registry import MODELS, build_model

zoo.discover()
WHOLE_MAPS = [name for name in MODELS.names() if MODELS.get(name).__module__.startswith(zoo.__name__)]


@pytest.fixture(params=WHOLE_MAPS)
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return build_model(request.param).eval()


def maps(size: int = 5) -> torch.Tensor:
    return torch.rand(size, 3, 28, 28, generator=torch.Generator().manual_seed(1))


def test_ststnet_is_there() -> None:
    assert "ststnet" in WHOLE_MAPS


@pytest.mark.parametrize("classes", [3, 5])
@pytest.mark.parametrize("name", WHOLE_MAPS)
def test_there_is_a_logit_a_class(name: str, classes: int) -> None:
    logits = build_model(name, classes=classes).eval()(maps())
    assert logits.shape == (5, classes)
    assert torch.isfinite(logits).all()


def test_a_clip_alone_equals_the_clip_in_a_batch(network: nn.Module) -> None:
    together = network(maps())
    for row in range(5):
        torch.testing.assert_close(network(maps()[row : row + 1])[0], together[row], atol=1e-5, rtol=1e-5)


def test_every_parameter_learns(network: nn.Module) -> None:
    network.train()(maps()).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_ststnet_has_the_published_size() -> None:
    network = build_model("ststnet")
    norms = {id(p) for module in network.modules() if isinstance(module, nn.BatchNorm2d) for p in module.parameters()}
    assert sum(p.numel() for p in network.parameters() if id(p) not in norms) == 1651
    assert sum(p.numel() for p in network.parameters()) == 1651 + 32


def test_ststnet_equals_its_streams_averaged_side_by_side() -> None:
    torch.manual_seed(2)
    network = build_model("ststnet").eval()
    pooled = []
    for stream in network.streams:
        rectified = nn.functional.relu(
            nn.functional.conv2d(maps(), stream.convolve.weight, stream.convolve.bias, padding=2)
        )
        pooled.append(nn.functional.max_pool2d(stream.normalise(rectified), 3, stride=3, padding=1))
    features = nn.functional.avg_pool2d(torch.cat(pooled, dim=1), 2).flatten(1)
    slow = features @ network.name.weight.T + network.name.bias
    torch.testing.assert_close(network(maps()), slow, atol=1e-5, rtol=1e-5)
