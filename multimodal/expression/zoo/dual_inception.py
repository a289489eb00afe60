"""Dual-Inception network: an Inception trunk each for u and v.

Zhou, Mao, Xue: Dual-Inception network for cross-database micro-expression recognition, FG 2019.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.inception import InceptionPair
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.face.canonical import GRID
from multimodal.results import EXPRESSIONS

FILTERS = (6, 16)
"""Of each branch of the two Inception blocks, as published; as many stand between a branch's two convolutions."""


class DualTrunk(nn.Module):
    """Two Inception blocks over u and, with weights of their own, over v; ``width`` features come out."""

    width = 2 * 4 * FILTERS[1] * (GRID // 4) ** 2

    def __init__(self) -> None:
        super().__init__()
        self.trunks = nn.ModuleList(InceptionPair(1, FILTERS, FILTERS, norm=False) for _ in "uv")

    def forward(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch width"]:
        """Return the features of both."""
        seen = [trunk(maps[:, [number]]).flatten(1) for number, trunk in enumerate(self.trunks)]
        return torch.cat(seen, dim=1)


@register_model("dual-inception")
class DualInception(ZooNetwork):
    """Two Inception blocks of 6 and 16 filters a branch each for u and v, then a layer of 1,024.

    Takes maps ``[batch, 3, 28, 28]`` (strain is left out); gives logits ``[batch, classes]``. The authors store each
    component as a picture of three like channels; here it is one channel.

    Args:
        classes: Number of classes.
        hidden: Width of the layer after the trunks.
    """

    def __init__(self, classes: int = len(EXPRESSIONS), hidden: int = 1024) -> None:
        super().__init__()
        self.trunk = DualTrunk()
        self.name = nn.Sequential(nn.Linear(DualTrunk.width, hidden), nn.ReLU(), nn.Linear(hidden, classes))

    def forward(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        return self.name(self.trunk(maps))
