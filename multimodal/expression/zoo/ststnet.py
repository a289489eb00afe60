"""STSTNet: shallow triple stream three-dimensional CNN.

Liong, Gan, See, Khor, Huang: Shallow triple stream three-dimensional CNN (STSTNet) for micro-expression recognition,
FG 2019 (arXiv 1902.03634). "Three-dimensional" because its input stacks u, v and strain of onset and apex.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.expression.zoo.streams import Streams
from multimodal.face.canonical import GRID
from multimodal.results import EXPRESSIONS

STREAMS = (3, 5, 8)
"""Filters of the three streams, as published."""


class STSTNet(ZooNetwork, nn.Sequential):
    """Three streams of one 3 x 3 convolution each over u, v and strain; 1,651 weights besides normalisation.

    Each stream: convolution (padding 2), ReLU, batch norm, max pool 3 with stride 3 and padding 1, dropout, average
    pool 2 (the same before the streams are put side by side as after). Their maps, 16 channels of 5 x 5, go into one
    linear layer. Takes maps ``[batch, 3, 28, 28]``, stretched to 0 to 1 as published, or centred and scaled by their
    spread; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        streams: Filters of each stream.
        dropout: Share of features dropped in training.
    """

    def __init__(self, classes: int = len(EXPRESSIONS), streams: Sequence[int] = STREAMS, dropout: float = 0.5) -> None:
        channels, side = sum(streams), _pooled_side(GRID)
        super().__init__(
            OrderedDict(
                streams=Streams(_stream(filters, dropout) for filters in streams),
                flat=nn.Flatten(),
                name=nn.Linear(channels * side * side, classes),
            )
        )


def _stream(filters: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            convolve=nn.Conv2d(3, filters, 3, padding=2),
            rectify=nn.ReLU(),
            normalise=nn.BatchNorm2d(filters),
            pool=nn.MaxPool2d(3, stride=3, padding=1),
            drop=nn.Dropout(dropout),
            average=nn.AvgPool2d(2),
        )
    )


def _pooled_side(side: int) -> int:
    convolved = side + 2
    return ((convolved + 2 - 3) // 3 + 1) // 2


@register_model("ststnet")
def ststnet(classes: int = len(EXPRESSIONS), streams: Sequence[int] = STREAMS, dropout: float = 0.5) -> STSTNet:
    """STSTNet as published."""
    return STSTNet(classes, streams, dropout)
