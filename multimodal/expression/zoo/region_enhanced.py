"""Attention and region enhancement: the whole face with its regions turned up, and the regions by themselves.

Wang, Zheng, Sun, Guo, Lang: Micro-expression recognition with attention mechanism and region enhancement, Multimedia
Systems 2023. Its abstract alone could be read: Euler magnification of the face's lively areas, attention, and regions'
features, from an extractor pre-trained on AffectNet, beside global ones. Reconstructed over flow, from random weights:
a learned gain of the regions stands for the magnification.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.areas import Corner, corner_around, cut, marked
from multimodal.expression.zoo.blocks.focal import focal_loss
from multimodal.expression.zoo.blocks.residual import small_resnet
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.face.canonical import CROP, CROP_CORNERS, EYE_LEFT, EYE_RIGHT
from multimodal.results import EXPRESSIONS

NOSE_ROOT = ((EYE_LEFT[0] + EYE_RIGHT[0]) / 2, EYE_LEFT[1])

AREAS: tuple[Corner, ...] = (
    *(corner for name, corner in CROP_CORNERS.items() if name.startswith(("brow", "eye", "mouth_corner"))),
    corner_around(NOSE_ROOT, CROP),
)
"""Four parts of the brows, two eyes, two corners of the mouth, the root of the nose."""

RIM = 2
"""Cells at each side of an area that are not turned up; without it the areas cover nearly the whole face."""


@register_model("region-enhanced")
class RegionEnhanced(ZooNetwork):
    """A small ResNet with CBAM over the face, its regions times 1 + alpha, another over each region; then one layer.

    Takes maps ``[batch, 3, 28, 28]``; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        whole: Channels of the network over the face.
        part: Channels of the network over the regions, the same for all.
        dropout: Share of the features dropped in training.
        gamma: Of the focal loss, which is added to the cross entropy.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        whole: Sequence[int] = (32, 64, 128, 256),
        part: Sequence[int] = (32, 64),
        dropout: float = 0.5,
        gamma: float = 2.0,
    ) -> None:
        super().__init__()
        self.gamma = gamma
        self.alpha = nn.Parameter(torch.ones(()))
        self.register_buffer("mask", enhanced_cells(), persistent=False)
        self.whole, self.part = small_resnet(whole), small_resnet(part)
        self.name = nn.Sequential(nn.Dropout(dropout), nn.Linear(whole[-1] + len(AREAS) * part[-1], classes))

    def forward(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        parts = self.part(cut(maps, AREAS, CROP).flatten(0, 1)).unflatten(0, (-1, len(AREAS))).flatten(1)
        return self.name(torch.cat((self.whole(self.enhanced(maps)), parts), dim=1))

    def enhanced(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch 3 28 28"]:
        """Return the maps with the regions' motion, and so their strain, times 1 + alpha."""
        return maps * (1 + self.alpha * self.mask)

    def loss(
        self,
        inputs: tuple[Tensor, ...],
        labels: Int[Tensor, "batch"],
        weights: Float[Tensor, "classes"],
        smoothing: float = 0.0,
        target: tuple[Tensor, ...] = (),
    ) -> Float[Tensor, ""]:
        """Return cross entropy plus focal loss; see ``ZooNetwork.loss``."""
        logits = self(*inputs)
        named = functional.cross_entropy(logits, labels, weights, label_smoothing=smoothing)
        return named + focal_loss(logits, labels, weights, self.gamma, smoothing)


def enhanced_cells() -> Float[Tensor, "28 28"]:
    """Return 1 for the cells that are turned up: the regions less their rims."""
    return marked([(x + RIM, y + RIM) for x, y in AREAS], CROP - 2 * RIM)
