"""DCBAM-EfficientNet: CBAM with a dilated spatial gate in an EfficientNet.

Journal of Physics: Conference Series 2504 (2023). Reconstructed from its abstract: the 7 x 7 convolution of CBAM's
spatial gate (Woo et al. 2018, 98 weights) is replaced by a 3 x 3 one of dilation 3, which sees as far with 18. That the
network is EfficientNet-B0 (Tan and Le 2019) and that a gate stands after each of its stages is our reading.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models.efficientnet import EfficientNet, MBConvConfig

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.enlarge import enlarged
from multimodal.expression.zoo.blocks.gates import CBAM
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS

_STAGES = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)
"""EfficientNet-B0: expansion, kernel, stride, channels in and out, blocks (Tan and Le 2019, table 1)."""


@register_model("dcbam-efficientnet")
class DcbamEfficientNet(ZooNetwork):
    """EfficientNet-B0 without weights, a dilated CBAM after each of its seven stages.

    Takes apex images ``[batch, 3, h, w]``, RGB, 0 to 1; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        side: The image is brought to it, pixels; published: 224.
        width: Times the published channels.
        depth: Times the published blocks a stage.
        stochastic: How often the last block is passed by in training; it grows from 0 at the first.
        dropout: Share of features dropped in training.
        momentum: Of the running statistics: the gates make maps so faint that few steps need more of it.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        side: int = 224,
        width: float = 1.0,
        depth: float = 1.0,
        stochastic: float = 0.2,
        dropout: float = 0.2,
        momentum: float = 0.1,
    ) -> None:
        super().__init__()
        self.side = side
        trunk = EfficientNet(
            [MBConvConfig(*stage, width_mult=width, depth_mult=depth) for stage in _STAGES],
            dropout,
            stochastic_depth_prob=stochastic,
            num_classes=classes,
            norm_layer=functools.partial(nn.BatchNorm2d, momentum=momentum),
        )
        first, *stages, last = trunk.features
        self.stages = nn.Sequential(first, *_gated(stages), last)
        self.name = nn.Sequential(trunk.avgpool, nn.Flatten(), trunk.classifier)

    def forward(self, apex: Float[Tensor, "batch 3 h w"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        return self.name(self.stages(enlarged(apex, self.side)))


def _gated(stages: Sequence[nn.Module]) -> list[nn.Module]:
    """Return each stage with its gate behind it."""
    return [nn.Sequential(stage, CBAM(_channels(stage), ratio=4, kernel=3, dilation=3)) for stage in stages]


def _channels(stage: nn.Module) -> int:
    """Return how many channels come out of a stage: its last normalisation has them."""
    return [layer.num_features for layer in stage.modules() if isinstance(layer, nn.BatchNorm2d)][-1]
