"""RRRN: region-inspired relation reasoning under occlusion.

Mao, Zhou, Zheng, Shao, Huang: Region attention and graph embedding network for occlusion objective class-based
micro-expression recognition, 2021 (arXiv 2107.05904; IEEE TAFFC 2022 under another title). Its abstract alone could be
read; sizes, regions and the graph are reconstructed. The live expression branch (``expression.regional``) goes further
along the same way; this is the published idea as plain as it is described.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.enlarge import enlarged
from multimodal.expression.zoo.blocks.region_graph import RegionAlign, RegionGate, RegionGraph
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS

BINS = 3
"""Side of what RoIAlign cuts out of each region."""


@register_model("rrrn")
class RRRN(ZooNetwork):
    """ResNet-18's first stages over the enlarged map, twelve regions of it, their gates, and reasoning over them.

    What the gates let through of all regions, and the mean of the whole map, go into one layer. Takes maps
    ``[batch, 3, 28, 28]``; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        side: Of the enlarged maps.
        stages: Of ResNet-18; 3 end in 256 channels, the map a sixteenth as wide.
        filters: Of ResNet's first stage, 64 in ResNet-18; each later one doubles them.
        width: Of a region's features.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        side: int = 224,
        stages: int = 3,
        filters: int = 64,
        width: int = 256,
    ) -> None:
        super().__init__()
        self.side, channels = side, filters * 2 ** (stages - 1)
        self.look = resnet_stages(stages, filters)
        self.align = RegionAlign(-(-side // 2 ** (stages + 1)), BINS)
        self.embed = nn.Sequential(nn.Linear(channels * BINS**2, width), nn.LayerNorm(width))
        self.gate = RegionGate(width, width // 4)
        self.reason = RegionGraph(width, width // 4, layers=2, neighbours=_anatomy())
        self.name = nn.Linear(width + channels, classes)

    def forward(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        features = self.look(enlarged(maps, self.side))
        regions = self.embed(self.align(features))
        gate = self.gate(regions)
        pooled = (gate * self.reason(gate * regions)).sum(dim=1)
        return self.name(torch.cat((pooled, features.mean(dim=(2, 3))), dim=1))


def resnet_stages(stages: int, filters: int) -> nn.Sequential:
    """Return ResNet-18's stem and its first stages of two basic blocks each, from random weights."""
    from torchvision.models.resnet import BasicBlock

    layers = [nn.Conv2d(3, filters, 7, 2, 3, bias=False), nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    for stage in range(stages):
        width, before = filters * 2**stage, filters * 2 ** max(stage - 1, 0)
        narrow = nn.Sequential(nn.Conv2d(before, width, 1, 2, bias=False), nn.BatchNorm2d(width)) if stage else None
        layers += [BasicBlock(before, width, 2 if stage else 1, narrow), BasicBlock(width, width)]
    return nn.Sequential(*layers)


def _anatomy() -> Float[Tensor, "12 12"]:
    from multimodal.expression.layers import anatomy  # only here, since it imports torch-geometric

    return anatomy()
