"""Adaptive spatio-temporal attention neural network for cross-database recognition.

Ran, Zheng, Zong, Liu: Adaptive spatio-temporal attention neural network for cross-database micro-expression
recognition, Virtual Reality & Intelligent Hardware 2023. The abstract was read: sizes and the loss are reconstructed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.coral import coral
from multimodal.expression.zoo.blocks.gates import SpatialGate
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS


@register_model("astann")
class Astann(ZooNetwork):
    """A ResNet a flow map, a spatial gate, weights over time, and CORAL between the training side and the other.

    The ResNet has ResNet-18's layers (He et al. 2016): a 7x7 convolution and a max pool, then stages of two residual
    blocks. Spatial gate: sigmoid of a 7x7 convolution of [max; mean]; temporal weights: softmax over time of a linear
    layer. Takes flows ``[batch, 3, time, height, width]``; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        filters: Of the stages; ResNet-18's by default.
        alignment: Of CORAL in the loss.
    """

    aligns = True

    def __init__(
        self, classes: int = len(EXPRESSIONS), filters: Sequence[int] = (64, 128, 256, 512), alignment: float = 1.0
    ) -> None:
        super().__init__()
        self.alignment = alignment
        self.look = _resnet(filters)
        self.gate = SpatialGate((7,))
        self.weigh = nn.Linear(filters[-1], 1)
        self.name = nn.Linear(filters[-1], classes)

    def features(self, flows: Float[Tensor, "batch 3 later h w"]) -> Float[Tensor, "batch width"]:
        """Return one vector a clip: the frames' vectors, weighted."""
        seen = self.gate(self.look(flows.transpose(1, 2).flatten(0, 1)))
        rows = seen.mean(dim=(2, 3)).unflatten(0, (-1, flows.shape[2]))
        return (torch.softmax(self.weigh(rows), dim=1) * rows).sum(dim=1)

    def forward(self, flows: Float[Tensor, "batch 3 later h w"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        named: Tensor = self.name(self.features(flows))
        return named

    def loss(
        self,
        inputs: tuple[Tensor, ...],
        labels: Int[Tensor, "batch"],
        weights: Float[Tensor, "classes"],
        smoothing: float = 0.0,
        target: tuple[Tensor, ...] = (),
    ) -> Float[Tensor, ""]:
        """Return the cross entropy, and CORAL where unlabelled clips of the other side are given.

        Both sides pass the network together, so that batch normalisation sees them alike.
        """
        count = len(labels)
        rows = self.features(torch.cat((*inputs, *target)))
        wrong = functional.cross_entropy(self.name(rows[:count]), labels, weights, label_smoothing=smoothing)
        return wrong + self.alignment * coral(rows[:count], rows[count:]) if target else wrong


def _resnet(filters: Sequence[int]) -> nn.Sequential:
    first = filters[0]
    front = (nn.Conv2d(3, first, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(first), nn.ReLU())
    stages = [_stage(*pair) for pair in pairwise((first, *filters))]
    return nn.Sequential(*front, nn.MaxPool2d(3, stride=2, padding=1), *stages)


def _stage(channels: int, filters: int) -> nn.Sequential:
    """Return two residual blocks; the first of them halves the map where the channels change."""
    from torchvision.models.resnet import BasicBlock, conv1x1

    if channels == filters:
        return nn.Sequential(BasicBlock(filters, filters), BasicBlock(filters, filters))
    skip = nn.Sequential(conv1x1(channels, filters, 2), nn.BatchNorm2d(filters))
    return nn.Sequential(BasicBlock(channels, filters, 2, skip), BasicBlock(filters, filters))
