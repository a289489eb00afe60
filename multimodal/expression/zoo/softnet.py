"""SOFTNet: shallow optical flow three-stream CNN for spotting in long videos.

Liong, See, Wong: Shallow optical flow three-stream CNN for macro- and micro-expression spotting from long videos,
ICIP 2021 (arXiv 2106.06489).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.network import SpottingNetwork

STREAMS = (3, 5, 8)
"""Filters of the streams over u, v and strain, as published."""

SIDE = 42
"""Of the input: brows, 21 rows, over the mouth, 21 rows."""


@register_model("softnet")
class SoftNet(SpottingNetwork):
    """A stream each for u, v and strain: one 5x5 convolution, ReLU, max pool 3; together max pool 2 and two layers.

    Takes ``[batch, 3, 42, 42]``, each map and channel from 0 to 1; gives ``[batch]``, trained to be 1 where the flow's
    frames reach into an expression. 314,817 parameters.

    Args:
        streams: Filters of each stream.
        hidden: Width of the layer before the score.
    """

    def __init__(self, streams: Sequence[int] = STREAMS, hidden: int = 400) -> None:
        super().__init__()
        self.streams = nn.ModuleList(_stream(filters) for filters in streams)
        side = SIDE // 3 // 2
        self.pool = nn.MaxPool2d(2)
        self.name = nn.Sequential(nn.Linear(sum(streams) * side * side, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, strips: Float[Tensor, "batch 3 42 42"]) -> Float[Tensor, "batch"]:
        """Return a score a frame."""
        seen = [stream(strips[:, [number]]) for number, stream in enumerate(self.streams)]
        return self.name(self.pool(torch.cat(seen, dim=1)).flatten(1)).squeeze(1)


def _stream(filters: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, filters, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3))
