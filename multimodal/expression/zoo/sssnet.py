"""SSSNet: two convolutions over a larger flow map.

Varanka, Li, Peng, Zhao: Data leakage and evaluation issues in micro-expression analysis, IEEE TAFFC 2023
(arXiv 2211.11425); after its published library, MEB.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.enlarge import enlarged
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS

SIDE = 64
"""Of the maps as published, cells."""


@register_model("sssnet")
class SSSNet(ZooNetwork):
    """Unpadded 5x5 and 3x3 convolutions of 32 and 64 filters with max pools 3 and 2, then a layer of 256.

    Takes maps ``[batch, 3, 28, 28]`` and enlarges them to 64 x 64; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        dropout: Share of channels, and of the hidden layer, dropped in training.
    """

    def __init__(self, classes: int = len(EXPRESSIONS), dropout: float = 0.5) -> None:
        super().__init__()
        self.look = nn.Sequential(_layer(3, 32, 5, 3, dropout), _layer(32, 64, 3, 2, dropout))
        self.name = nn.Sequential(
            nn.Flatten(), nn.Linear(64 * 9 * 9, 256), nn.ReLU(), nn.Dropout(dropout), nn.Linear(256, classes)
        )

    def forward(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        return self.name(self.look(enlarged(maps, SIDE)))


def _layer(channels: int, filters: int, kernel: int, pool: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, filters, kernel),
        nn.ReLU(),
        nn.MaxPool2d(pool),
        nn.BatchNorm2d(filters),
        nn.Dropout2d(dropout),
    )
