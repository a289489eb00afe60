"""Dual-stream spatiotemporal attention network.

Wang, Huang, Liu, Gu, Yang, Wang, Zhang: Micro expression recognition via dual-stream spatiotemporal attention network,
Journal of Healthcare Engineering 2021 (doi 10.1155/2021/7799100). Sizes are reconstructed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.frames import FrameFront
from multimodal.expression.zoo.blocks.gates import ChannelGate, SpatialGate
from multimodal.expression.zoo.blocks.temporal import TemporalPool
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS


class Stream(nn.Module):
    """A small CNN a frame, a GRU over the frames, and attention over time (STAN-A and STMN-A).

    Each block is a 3x3 convolution, batch normalisation, ReLU, max pool 2. After the second block stand the gates: the
    global dual-pool channel gate, sigmoid(f([mean; max])), and the multiscale-kernel spatial gate, sigmoid of the sum
    of convolutions of sides 3, 5, 7. Takes ``[batch, channels, time, height, width]``; gives ``[batch, hidden]``.

    Args:
        channels: Of the input.
        filters: Of the blocks.
        hidden: Of the GRU.
    """

    def __init__(self, channels: int, filters: Sequence[int], hidden: int) -> None:
        super().__init__()
        blocks = [_block(*pair) for pair in pairwise((channels, *filters))]
        gated = filters[1]
        gates = [ChannelGate(gated, max(gated // 8, 4), "concat", slope=0.2), SpatialGate((3, 5, 7))]
        self.look = nn.Sequential(*blocks[:2], *gates, *blocks[2:], nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.over_time = TemporalPool(filters[-1], "attention", hidden)

    def forward(self, clips: Float[Tensor, "batch channels time h w"]) -> Float[Tensor, "batch hidden"]:
        """Return one vector a clip."""
        rows = self.look(clips.transpose(1, 2).flatten(0, 1))
        pooled: Tensor = self.over_time(rows.reshape(clips.shape[0], clips.shape[2], -1))
        return pooled


@register_model("dstan")
class Dstan(ZooNetwork):
    """An appearance stream over grey frames and a motion stream over flow; a linear SVM on both their features.

    The streams learn apart, each by the cross entropy of a layer of its own. The SVM is a linear layer on the
    standardised features, trained beside them by the multi-class hinge loss; its gradient does not reach the streams.

    Takes frames ``[batch, 3, time, height, width]``, 0 to 1, and flows ``[batch, 3, time, 28, 28]``; gives the SVM's
    decision values ``[batch, classes]``.

    Args:
        classes: Number of classes.
        side: Of the frames that it looks at.
        time: Frames that it looks at; 0 takes all.
        difference: Take the onset frame from all.
        filters: Of the blocks of each stream, two or more.
        hidden: Of each GRU.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        side: int = 64,
        time: int = 0,
        difference: bool = False,
        filters: Sequence[int] = (16, 32, 64, 128),
        hidden: int = 128,
    ) -> None:
        super().__init__()
        self.front = FrameFront(side, time, grey=True, difference=difference)
        self.appearance = Stream(self.front.channels, filters, hidden)
        self.motion = Stream(3, filters, hidden)
        self.teach = nn.ModuleList(nn.Linear(hidden, classes) for _ in range(2))
        self.name = nn.Sequential(nn.BatchNorm1d(2 * hidden, affine=False), nn.Linear(2 * hidden, classes))

    def features(
        self, frames: Float[Tensor, "batch 3 time h w"], flows: Float[Tensor, "batch 3 later 28 28"]
    ) -> tuple[Float[Tensor, "batch hidden"], Float[Tensor, "batch hidden"]]:
        """Return what each stream makes of the clips."""
        return self.appearance(self.front(frames)), self.motion(flows)

    def forward(
        self, frames: Float[Tensor, "batch 3 time h w"], flows: Float[Tensor, "batch 3 later 28 28"]
    ) -> Float[Tensor, "batch classes"]:
        """Return the SVM's decision values."""
        named: Tensor = self.name(torch.cat(self.features(frames, flows), dim=1))
        return named

    def loss(
        self,
        inputs: tuple[Tensor, ...],
        labels: Int[Tensor, "batch"],
        weights: Float[Tensor, "classes"],
        smoothing: float = 0.0,
        target: tuple[Tensor, ...] = (),
    ) -> Float[Tensor, ""]:
        """Return the cross entropy of each stream and the hinge loss of the SVM, which share no parameter."""
        seen = self.features(*inputs)
        apart = [
            functional.cross_entropy(layer(rows), labels, weights, label_smoothing=smoothing)
            for layer, rows in zip(self.teach, seen, strict=True)
        ]
        values = self.name(torch.cat(seen, dim=1).detach())
        return apart[0] + apart[1] + functional.multi_margin_loss(values, labels, weight=weights)


def _block(channels: int, filters: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(2)
    )
