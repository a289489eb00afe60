"""MFE-Net: multi-scale residual blocks with squeeze and excitation, and self-attention between places.

Multi-scale feature extraction network with attention for micro-expression recognition, Signal, Image and Video
Processing 2024. Known from its abstract are the parts; their sizes and order are reconstructed.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.gates import ChannelGate
from multimodal.expression.zoo.blocks.tokens import TokenBlock, tokens_of
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.expression.zoo.streams import Streams
from multimodal.results import EXPRESSIONS


@register_model("mfe-net")
class MFENet(ZooNetwork):
    """A convolution, two multi-scale blocks, each with max pool 2, and attention between the 7 x 7 places.

    Takes maps ``[batch, 3, 28, 28]``; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        width: Channels after the first convolution; each block doubles them.
        heads: Of the self-attention.
        dropout: Share of the mean over places dropped in training.
    """

    def __init__(self, classes: int = len(EXPRESSIONS), width: int = 16, heads: int = 4, dropout: float = 0.5) -> None:
        super().__init__()
        self.look = nn.Sequential(
            _convolution(3, width, 3),
            MultiScale(width, 2 * width),
            nn.MaxPool2d(2),
            MultiScale(2 * width, 4 * width),
            nn.MaxPool2d(2),
        )
        self.listen = TokenBlock(4 * width, heads)
        self.name = nn.Sequential(nn.Dropout(dropout), nn.Linear(4 * width, classes))

    def forward(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        return self.name(self.listen(tokens_of(self.look(maps))).mean(dim=1))


class MultiScale(nn.Module):
    """Convolutions of 3x3, 5x5 and 7x7 side by side, put together by a 1x1, gated by channel, added to the input.

    Args:
        channels: Of the input.
        filters: Of the output; each convolution has half as many.
    """

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        scales = Streams(_convolution(channels, filters // 2, kernel) for kernel in (3, 5, 7))
        self.body = nn.Sequential(
            scales,
            nn.Conv2d(3 * (filters // 2), filters, 1),
            nn.BatchNorm2d(filters),
            ChannelGate(filters, filters // 4, combine="mean"),
        )
        self.skip = nn.Conv2d(channels, filters, 1)

    def forward(self, maps: Float[Tensor, "batch channels h w"]) -> Float[Tensor, "batch filters h w"]:
        """Return maps of the same size."""
        return torch.relu(self.body(maps) + self.skip(maps))


def _convolution(channels: int, filters: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, filters, kernel, padding=kernel // 2), nn.BatchNorm2d(filters), nn.ReLU())
