"""R(2+1)D-18, the video network of torchvision, without weights.

Tran, Wang, Torresani, Ray, LeCun, Paluri: A closer look at spatiotemporal convolutions for action recognition, CVPR
2018 (arXiv 1711.11248).
"""

from __future__ import annotations

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.frames import FrameFront
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS

_WIDTH = 64
"""Channels of the first stage, as published."""


@register_model("r2plus1d-18")
class R2Plus1d(ZooNetwork):
    """Four stages of residual blocks; each 3x3x3 convolution is parted into one over places and one over time.

    Takes frames ``[batch, 3, time, height, width]``, 0 to 1; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        side: Of the frames that it looks at.
        time: Frames that it looks at; 0 takes all.
        difference: Take the onset frame from all.
        width: Channels of the first stage; each further one has twice as many.
        blocks: Residual blocks a stage.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        side: int = 112,
        time: int = 0,
        difference: bool = False,
        width: int = _WIDTH,
        blocks: int = 2,
    ) -> None:
        super().__init__()
        self.front = FrameFront(side, time, difference=difference)
        filters = [width, 2 * width, 4 * width, 8 * width]
        stages = [_stage(*pair, blocks) for pair in pairwise((width, *filters))]
        pool = (nn.AdaptiveAvgPool3d(1), nn.Flatten())
        self.name = nn.Sequential(_stem(width), *stages, *pool, nn.Linear(filters[-1], classes))
        self.apply(_begin)

    def forward(self, frames: Float[Tensor, "batch 3 time h w"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        named: Tensor = self.name(self.front(frames))
        return named


def _begin(module: nn.Module) -> None:
    """Give a convolution the first weights that torchvision gives it."""
    if isinstance(module, nn.Conv3d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def _stem(width: int) -> nn.Sequential:
    """Return torchvision's ``R2Plus1dStem`` with so many channels: 7x7 over places, then 3 over time."""
    between = 45 * width // _WIDTH
    return nn.Sequential(
        nn.Conv3d(3, between, (1, 7, 7), stride=(1, 2, 2), padding=(0, 3, 3), bias=False),
        nn.BatchNorm3d(between),
        nn.ReLU(inplace=True),
        nn.Conv3d(between, width, (3, 1, 1), padding=(1, 0, 0), bias=False),
        nn.BatchNorm3d(width),
        nn.ReLU(inplace=True),
    )


def _stage(channels: int, filters: int, blocks: int) -> nn.Sequential:
    """Return torchvision's residual blocks; the first of them halves the clip where the channels change."""
    from torchvision.models.video.resnet import BasicBlock, Conv2Plus1D

    first = BasicBlock(channels, filters, Conv2Plus1D)
    if channels != filters:
        skip = nn.Sequential(nn.Conv3d(channels, filters, 1, stride=2, bias=False), nn.BatchNorm3d(filters))
        first = BasicBlock(channels, filters, Conv2Plus1D, 2, skip)
    return nn.Sequential(first, *(BasicBlock(filters, filters, Conv2Plus1D) for _ in range(blocks - 1)))
