from __future__ import annotations

import torch
from torch import nn

from multimodal.expression import zoo
from multimodal.expression.registry import build_model

zoo.discover()
MAPS = torch.rand(5, 3, 28, 28, generator=torch.Generator().manual_seed(1))


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
            nn.functional.conv2d(MAPS, stream.convolve.weight, stream.convolve.bias, padding=2)
        )
        pooled.append(nn.functional.max_pool2d(stream.normalise(rectified), 3, stride=3, padding=1))
    features = nn.functional.avg_pool2d(torch.cat(pooled, dim=1), 2).flatten(1)
    slow = features @ network.name.weight.T + network.name.bias
    torch.testing.assert_close(network(MAPS), slow, atol=1e-5, rtol=1e-5)
