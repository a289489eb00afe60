"""OFF-ApexNet: two shallow streams over u and v.

Gan, Liong, Yau, Huang, Tan: OFF-ApexNet on micro-expression recognition system, Signal Processing: Image Communication
2019 (arXiv 1805.08699).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.face.canonical import GRID
from multimodal.results import EXPRESSIONS


@register_model("off-apexnet")
class OffApexNet(ZooNetwork):
    """A stream each for u and v: 5x5 convolutions of 6 and 16 filters, each with ReLU and max pool 2; then two layers.

    Takes maps ``[batch, 3, 28, 28]`` (strain is left out); gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        hidden: Width of the two layers after the streams.
    """

    def __init__(self, classes: int = len(EXPRESSIONS), hidden: int = 1024) -> None:
        super().__init__()
        self.streams = nn.ModuleList(_stream() for _ in "uv")
        self.name = nn.Sequential(
            nn.Linear(2 * 16 * (GRID // 4) ** 2, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )

    def forward(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        seen = [stream(maps[:, [number]]).flatten(1) for number, stream in enumerate(self.streams)]
        return self.name(torch.cat(seen, dim=1))


def _stream() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
