"""Dual-ATME: the whole face and a puzzle of its eyes and mouth, side by side.

Zhou, Huang, Li, Wang: Dual-ATME: dual-branch attention network for micro-expression recognition, Entropy 2023, with the
authors' code. The puzzle is reconstructed: the authors lay pictures of onset and apex together and measure the flow
between them anew; here the strips are cut out of the face's own flow.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.focal import focal_loss
from multimodal.expression.zoo.blocks.gates import ChannelGate, SpatialGate
from multimodal.expression.zoo.blocks.inception import InceptionPair
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.face.canonical import GRID
from multimodal.results import EXPRESSIONS

FILTERS = (6, 12)
"""Of each branch of the two Inception blocks."""

CHANNELS = 4 * FILTERS[1]

STRIPS = ((0, 11), (16, 27))
"""Rows of the map, from and to before, that hold brows and eyes, and the mouth (reconstructed)."""


@register_model("dual-atme")
class DualATME(ZooNetwork):
    """Two Inception blocks each over the face and over its puzzle; the face's features pass a CBAM; then two layers.

    The authors' code lets the puzzle's features pass the same CBAM, which their own table finds no help. Takes maps
    ``[batch, 3, 28, 28]``; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        hidden: Width of the layer after the branches.
        dropout: Share of it dropped in training.
        gamma: Of the focal loss.
        alike: Weight of the cosine distance between both branches' features in the loss.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        hidden: int = 1024,
        dropout: float = 0.5,
        gamma: float = 2.0,
        alike: float = 0.01,
    ) -> None:
        super().__init__()
        self.gamma, self.alike = gamma, alike
        self.face, self.puzzle = (InceptionPair(3, FILTERS, (6, 6), norm=True) for _ in range(2))
        self.attend = nn.Sequential(ChannelGate(CHANNELS, CHANNELS // 16), SpatialGate((3,), bias=True))
        self.name = nn.Sequential(
            nn.Linear(2 * CHANNELS * (GRID // 4) ** 2, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )

    def forward(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        return self.name(torch.cat(self.branches(maps), dim=1))

    def branches(
        self, maps: Float[Tensor, "batch 3 28 28"]
    ) -> tuple[Float[Tensor, "batch width"], Float[Tensor, "batch width"]]:
        """Return the features of the face and of its puzzle."""
        return self.attend(self.face(maps)).flatten(1), self.puzzle(puzzled(maps)).flatten(1)

    def loss(
        self,
        inputs: tuple[Tensor, ...],
        labels: Int[Tensor, "batch"],
        weights: Float[Tensor, "classes"],
        smoothing: float = 0.0,
        target: tuple[Tensor, ...] = (),
    ) -> Float[Tensor, ""]:
        """Return the focal loss and, weighted, how unlike both branches' features are; see ``ZooNetwork.loss``."""
        face, puzzle = self.branches(*inputs)
        logits = self.name(torch.cat((face, puzzle), dim=1))
        apart = 1 - functional.cosine_similarity(face, puzzle)
        return focal_loss(logits, labels, weights, self.gamma, smoothing) + self.alike * apart.mean()


def puzzled(maps: Float[Tensor, "batch channels 28 28"]) -> Float[Tensor, "batch channels 28 28"]:
    """Return maps whose upper half is the strip of brows and eyes, and whose lower half is that of the mouth."""
    halves = [
        functional.interpolate(maps[:, :, top:end], size=(GRID // 2, GRID), mode="bilinear", align_corners=False)
        for top, end in STRIPS
    ]
    return torch.cat(halves, dim=2)
