"""MFVAN: the telling cells of an apex image at three scales, and no trace of whose face it is.

Multi-scale attention network with masks and identity removal, Frontiers in Neuroscience 2023. Reconstructed from its
abstract: maps of several scales, local attention, masks of redundant regions, and a loss of classification at every
scale, of the mask, and of identity. There, networks come pre-trained on macro-expressions; this one starts from random
weights. The paper removes identity by generating images: here one painter draws the onset face from an identity code,
and another tries the same from what names the expression, with its gradient reversed (Ganin and Lempitsky 2015), so
that this can no longer be drawn from it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.resnet import BasicBlock, ResNet

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.cells import TellingCells
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS

_PICTURE = 32
"""Side of the painted onset face, pixels."""

_CHANNELS = (128, 256, 512)
"""Of a ResNet's last three stages."""

_STRIDES = (8, 16, 32)
"""Pixels of the image a place of their maps."""


@register_model("mfvan")
class Mfvan(ZooNetwork):
    """ResNet-18 without weights; cells of its last three maps; a classifier a scale, and one over all.

    Takes apex images ``[batch, 3, h, w]`` and frames ``[batch, 3, time, height, width]``, RGB, 0 to 1; gives logits
    ``[batch, classes]``, from the apex image alone. The first frame, the onset face, is looked at by the loss only.

    Args:
        classes: Number of classes.
        blocks: Residual blocks a stage.
        side: The apex image is brought to it, pixels.
        pools: Places of each scale's map a side of a cell.
        keep: Share of cells that the masks keep, and the budget that the soft masks are held to.
        budget, identity: Weights of these losses.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        blocks: Sequence[int] = (2, 2, 2, 2),
        side: int = 112,
        pools: Sequence[int] = (2, 1, 1),
        keep: float = 0.5,
        budget: float = 0.1,
        identity: float = 0.1,
    ) -> None:
        super().__init__()
        self.side, self.keep, self.budget, self.identity = side, keep, budget, identity
        trunk = ResNet(BasicBlock, list(blocks))
        stem = (trunk.conv1, trunk.bn1, trunk.relu, trunk.maxpool, trunk.layer1)
        self.stages = nn.ModuleList((nn.Sequential(*stem, trunk.layer2), trunk.layer3, trunk.layer4))
        self.cells = nn.ModuleList(
            TellingCells(channels, -(-side // stride) // pool, pool, keep)
            for channels, stride, pool in zip(_CHANNELS, _STRIDES, pools, strict=True)
        )
        self.name_scales = nn.ModuleList(nn.Linear(channels, classes) for channels in _CHANNELS)
        self.name = nn.Linear(sum(_CHANNELS), classes)
        self.code = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(_CHANNELS[-1], 128), nn.ReLU())
        self.paint, self.spy = _painter(128), _painter(sum(_CHANNELS))

    def forward(
        self, apex: Float[Tensor, "batch 3 h w"], frames: Float[Tensor, "batch 3 time height width"]
    ) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        return self.name(torch.cat(self._look(apex)[0], dim=1))

    def loss(
        self,
        inputs: tuple[Tensor, ...],
        labels: Int[Tensor, "batch"],
        weights: Float[Tensor, "classes"],
        smoothing: float = 0.0,
        target: tuple[Tensor, ...] = (),
    ) -> Float[Tensor, ""]:
        """Return the sum of the cross entropies of all scales together and of each, of the masks' and identity's loss.

        Masks: (mean of the soft masks - keep)^2. Identity: mean absolute errors of both painters.
        """
        apex, frames = inputs
        seen, masks, deep = self._look(apex)
        joined = torch.cat(seen, dim=1)
        logits = [self.name(joined), *(name(one) for name, one in zip(self.name_scales, seen, strict=True))]
        named = [functional.cross_entropy(one, labels, weights, label_smoothing=smoothing) for one in logits]
        budget = (torch.cat(masks, dim=1).mean() - self.keep) ** 2
        face = functional.adaptive_avg_pool2d(frames[:, :, 0].mean(dim=1, keepdim=True), _PICTURE)
        drawn = self.paint(self.code(deep)), self.spy(reversed_gradient(joined))
        identity = torch.stack([(one - face).abs().mean() for one in drawn]).sum()
        return torch.stack(named).sum() + self.budget * budget + self.identity * identity

    def _look(self, apex: Tensor) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """Return what each scale's cells say, their soft masks, and the last map."""
        maps = functional.interpolate(apex, (self.side, self.side), mode="bilinear")
        seen, masks = [], []
        for stage, cells in zip(self.stages, self.cells, strict=True):
            maps = stage(maps)
            said, mask = cells(maps)
            seen.append(said)
            masks.append(mask)
        return seen, masks, maps


def reversed_gradient(features: Float[Tensor, "batch width"]) -> Float[Tensor, "batch width"]:
    """Return the features as they are; what learns from them teaches those behind them the opposite."""
    return 2 * features.detach() - features


def _painter(width: int) -> nn.Sequential:
    """Return layers that draw a grey picture, 0 to 1, from a code."""
    return nn.Sequential(
        nn.Linear(width, 32 * (_PICTURE // 4) ** 2),
        nn.ReLU(),
        nn.Unflatten(1, (32, _PICTURE // 4, _PICTURE // 4)),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(32, 16, 3, padding=1),
        nn.ReLU(),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(16, 1, 3, padding=1),
        nn.Sigmoid(),
    )
