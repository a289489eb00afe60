"""ADP-DSTN: action units from the apex image and from motion, and the emotion from the units.

"Microexpression recognition method based on ADP-DSTN feature fusion and convolutional block attention module",
Electronics 2024. Reconstructed but for the outline: a dual-path network (Chen et al. 2017) with CBAM (Woo et al. 2018)
after every bottleneck on the apex image, a shallow three-stream network as in STSTNet (Liong et al. 2019) on u, v and
strain, a binary classifier for each action unit, and the emotion told from the units. Published: 6.356 M parameters and
1,087.35 M multiply-adds at 112 x 112; these widths give 6.365 M and 1,098 M.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.dual_path import DualPath
from multimodal.expression.zoo.network import UnitNetwork, masked_unit_loss
from multimodal.expression.zoo.ststnet import STREAMS, STSTNet
from multimodal.results import ACTION_UNITS, EXPRESSIONS


@register_model("adp-dstn")
class AdpDstn(UnitNetwork):
    """Static and dynamic branch, concatenated; a head a unit; a small classifier over the units' probabilities.

    Takes apex images ``[batch, 3, side, side]``, RGB, 0 to 1, and maps ``[batch, 3, 28, 28]``; gives logits
    ``[batch, classes]``. Where units are coded, their heads learn from them by binary cross entropy; the expression's
    label, which every clip has, teaches the whole by way of the units' probabilities.

    Args:
        classes: Number of classes.
        stem: Filters of the 7x7 convolution, stride 2, before the stages.
        width: Of the first stage's bottlenecks; each stage doubles it. The residual path is half as wide again.
        blocks: Number of dual-path blocks of each stage.
        dense: By how many channels the dense path of each stage grows a block.
        groups: Of the 3x3 convolutions.
        static: Numbers that tell the apex image.
        hidden: Width of a unit's head.
        dropout: Share of the joined numbers dropped in training.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        stem: int = 64,
        width: int = 52,
        blocks: Sequence[int] = (3, 4, 6, 3),
        dense: Sequence[int] = (32, 32, 16, 16),
        groups: int = 4,
        static: int = 512,
        hidden: int = 64,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        stages = _stages(stem, width, blocks, dense, groups)
        self.look = nn.Sequential(
            nn.Conv2d(3, stem, 7, 2, 3, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
            *stages,
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(stages[-1].channels, static),
            nn.ReLU(),
        )
        shallow = STSTNet(classes)
        self.move = nn.Sequential(shallow.streams, shallow.flat)
        self.drop = nn.Dropout(dropout)
        joined = static + sum(STREAMS) * 25
        self.units = nn.ModuleList(_head(joined, hidden) for _ in ACTION_UNITS)
        self.name = nn.Sequential(nn.Linear(len(ACTION_UNITS), 32), nn.ReLU(), nn.Linear(32, classes))

    def unit_logits(self, *inputs: Tensor) -> Float[Tensor, "batch 12"]:
        """Return a logit a unit, from apex images and maps."""
        apex, maps = inputs
        seen = self.drop(torch.cat((self.look(apex), self.move(maps)), dim=1))
        return torch.cat([head(seen) for head in self.units], dim=1)

    def forward(
        self, apex: Float[Tensor, "batch 3 side side"], maps: Float[Tensor, "batch 3 28 28"]
    ) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        return self.name(torch.sigmoid(self.unit_logits(apex, maps)))

    def unit_loss(
        self,
        inputs: tuple[Tensor, ...],
        labels: Int[Tensor, "batch"],
        weights: Float[Tensor, "classes"],
        smoothing: float,
        units: Float[Tensor, "batch 12"],
        positive: Float[Tensor, "12"],
    ) -> Float[Tensor, ""]:
        """Return the cross entropy of the expression and, where units are known, their heads' binary one."""
        logits = self.unit_logits(*inputs)
        named = functional.cross_entropy(self.name(torch.sigmoid(logits)), labels, weights, label_smoothing=smoothing)
        return named + masked_unit_loss(logits, units, positive)


def _stages(stem: int, width: int, blocks: Sequence[int], dense: Sequence[int], groups: int) -> list[DualPath]:
    """Return the blocks of all stages, one after the other; every stage but the first halves the map."""
    channels, stages = stem, []
    for stage, (count, grown) in enumerate(zip(blocks, dense, strict=True)):
        wide = width * 2**stage
        for number in range(count):
            first = number == 0
            stride = 2 if first and stage else 1
            stages.append(DualPath(channels, wide, wide * 3 // 2, grown, groups, stride, first))
            channels = stages[-1].channels
    return stages


def _head(width: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, 1))
