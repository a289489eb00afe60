"""Hybrid of a convolutional LSTM and a vision transformer.

Zheng, Blasch: Facial micro-expression recognition enhanced by score fusion and a hybrid model from convolutional LSTM
and vision transformer, Sensors 2023. The abstract was read: sizes are reconstructed. This is the hybrid; the fusion of
several models' scores is no network.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.convlstm import ConvLSTM
from multimodal.expression.zoo.blocks.frames import FrameFront
from multimodal.expression.zoo.blocks.tokens import TokenBlock, tokens_of
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS


@register_model("convlstm-vit")
class ConvLstmVit(ZooNetwork):
    """Two ConvLSTMs with max pool 2 between; their last state is read by patches, by a transformer, and as a mean.

    The transformer is the usual one: a linear layer a patch, a class token, learned places (Dosovitskiy et al. 2021).
    Takes frames ``[batch, 3, time, height, width]``, 0 to 1; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        side: Of the frames that it looks at, an even multiple of ``patch``.
        time: Frames that it looks at; 0 takes all.
        difference: Take the onset frame from all.
        filters: Of the two ConvLSTMs.
        patch: Side of a patch of the last state.
        width: Of a token.
        heads, layers, hidden: Of the transformer: heads of its attention, its layers, width of their perceptrons.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        side: int = 64,
        time: int = 0,
        difference: bool = False,
        filters: Sequence[int] = (32, 64),
        patch: int = 8,
        width: int = 64,
        heads: int = 4,
        layers: int = 4,
        hidden: int = 128,
    ) -> None:
        super().__init__()
        self.front = FrameFront(side, time, difference=difference)
        self.first = ConvLSTM(self.front.channels, filters[0])
        self.second = ConvLSTM(filters[0], filters[1])
        self.cut = nn.Conv2d(filters[1], width, patch, stride=patch)
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.places = nn.Parameter(0.02 * torch.randn(1, 1 + (side // 2 // patch) ** 2, width))
        self.attend = nn.Sequential(*(TokenBlock(width, heads, hidden) for _ in range(layers)), nn.LayerNorm(width))
        self.name = nn.Linear(width + filters[1], classes)

    def forward(self, frames: Float[Tensor, "batch 3 time h w"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        states = functional.max_pool3d(self.first(self.front(frames)), (1, 2, 2))
        last = self.second(states)[:, :, -1]
        tokens = torch.cat((self.token.expand(last.shape[0], -1, -1), tokens_of(self.cut(last))), dim=1)
        told = self.attend(tokens + self.places)[:, 0]
        named: Tensor = self.name(torch.cat((told, last.mean(dim=(2, 3))), dim=1))
        return named
