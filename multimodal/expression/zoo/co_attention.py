"""Two 3D streams, over frames and over flow, that attend to each other.

After "dual-stream 3D convolution and co-attention" (SPIE 2023, doi 10.1117/12.2671575), of which only the abstract was
read: sizes are reconstructed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.co_attention import CoAttention
from multimodal.expression.zoo.blocks.frames import FrameFront
from multimodal.expression.zoo.blocks.gates import ChannelGate, SpatialGate
from multimodal.expression.zoo.blocks.stem3d import Block3d
from multimodal.expression.zoo.blocks.tokens import tokens_of
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS


@register_model("co-attention")
class DualStream3d(ZooNetwork):
    """Three 3D blocks a stream, gated after the second (CBAM); then each stream is pooled by what the other shows.

    Takes frames ``[batch, 3, time, height, width]``, 0 to 1, and flows ``[batch, 3, time, 28, 28]``; gives logits
    ``[batch, classes]``.

    Args:
        classes: Number of classes.
        side: Of the frames that it looks at.
        time: Frames that it looks at; 0 takes all.
        difference: Take the onset frame from all.
        filters: Of the three blocks of each stream.
        dropout: Share of features dropped before the last layer.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        side: int = 64,
        time: int = 0,
        difference: bool = False,
        filters: Sequence[int] = (32, 64, 128),
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.front = FrameFront(side, time, difference=difference)
        self.appearance, self.motion = _stream(self.front.channels, filters), _stream(3, filters)
        self.attend = CoAttention(filters[-1], filters[-1])
        self.name = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * filters[-1], classes))

    def forward(
        self, frames: Float[Tensor, "batch 3 time h w"], flows: Float[Tensor, "batch 3 later 28 28"]
    ) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        seen, moved = tokens_of(self.appearance(self.front(frames))), tokens_of(self.motion(flows))
        named: Tensor = self.name(torch.cat(self.attend(seen, moved), dim=1))
        return named


def _stream(channels: int, filters: Sequence[int]) -> nn.Sequential:
    first, second, third = filters
    return nn.Sequential(
        Block3d(channels, first, (1, 2, 2)),
        Block3d(first, second, (2, 2, 2)),
        ChannelGate(second, max(second // 16, 4), slope=0.2),
        SpatialGate((7,), dimensions=3),
        Block3d(second, third, (2, 2, 2)),
    )
