"""Off-TANet: a light residual network with channel, spatial and map-wise attention.

Zhang, Liu, Zhou: Off-TANet: a lightweight neural micro-expression recognizer with optical flow features and integrated
attention mechanism, PRICAI 2021. Written from a description of its sizes, not from the authors' code.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.enlarge import enlarged
from multimodal.expression.zoo.blocks.gates import SpatialGate
from multimodal.expression.zoo.blocks.mapwise import MapAttention
from multimodal.expression.zoo.blocks.plain_gate import PlainChannelGate
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS


@register_model("off-tanet")
class OffTANet(ZooNetwork):
    """A 7x7 convolution, two residual blocks, one with triplet attention, and three layers; 59,403 parameters.

    Takes maps ``[batch, 3, 28, 28]`` and enlarges them; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        side: Of the enlarged maps, 112 as published; a multiple of 16.
        dropout: Share of both hidden layers dropped in training.
    """

    def __init__(self, classes: int = len(EXPRESSIONS), side: int = 112, dropout: float = 0.5) -> None:
        super().__init__()
        self.side = side
        self.look = nn.Sequential(
            nn.Conv2d(3, 8, 7, stride=2, padding=3),
            nn.ReLU(),
            nn.BatchNorm2d(8),
            Shortcut(8, 18, nn.Sequential(_convolution(8, 18), _convolution(18, 18))),
            Shortcut(18, 28, nn.Sequential(_convolution(18, 28), _convolution(28, 28))),
            Shortcut(28, 8, _triplet(28, 8, side // 8)),
            nn.Flatten(),
        )
        self.name = nn.Sequential(
            *_hidden(8 * (side // 16) ** 2, 64, dropout), *_hidden(64, 64, dropout), nn.Linear(64, classes)
        )

    def forward(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        return self.name(self.look(enlarged(maps, self.side)))


class Shortcut(nn.Module):
    """What a body makes of its input, plus a 1x1 convolution of the input; then max pool 2.

    Args:
        channels: Of the input.
        filters: Of the output.
        body: Module from the one to the other.
    """

    def __init__(self, channels: int, filters: int, body: nn.Module) -> None:
        super().__init__()
        self.body, self.skip, self.pool = body, nn.Conv2d(channels, filters, 1), nn.MaxPool2d(2)

    def forward(self, maps: Float[Tensor, "batch channels h w"]) -> Float[Tensor, "batch filters _ _"]:
        """Return maps of half the side."""
        return self.pool(self.body(maps) + self.skip(maps))


def _triplet(channels: int, filters: int, side: int) -> nn.Sequential:
    return nn.Sequential(
        _convolution(channels, channels),
        PlainChannelGate(channels, 1),
        SpatialGate((3,)),
        MapAttention(channels, side),
        _convolution(channels, filters),
    )


def _convolution(channels: int, filters: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU())


def _hidden(width: int, hidden: int, dropout: float) -> tuple[nn.Module, ...]:
    return nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout)
