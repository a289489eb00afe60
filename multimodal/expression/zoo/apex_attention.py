"""Apex-frame spotting with attention on optical flow, reconstructed.

After "Apex frame spotting using attention networks for micro-expression recognition system", Computers, Materials and
Continua 73(3), 2022, of which the abstract is known: optical flow, five convolutions, local response normalisation,
attention.
"""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.enlarge import enlarged
from multimodal.expression.zoo.blocks.gates import CBAM
from multimodal.expression.zoo.network import SpottingNetwork

CHANNELS = (96, 256, 384, 384, 256)
"""AlexNet's (Krizhevsky et al. 2012)."""


@register_model("apex-attention")
class ApexAttention(SpottingNetwork):
    """An AlexNet-shaped trunk, CBAM, the mean over places, one score: how near the apex is, as a logit.

    Takes the flow from the onset to each frame, ``[batch, 3, height, width]``, and enlarges it.

    Args:
        side: Of the enlarged maps; small ones want a smaller first kernel.
        channels: Of the five convolutions.
        kernel, stride: Of the first of them.
        ratio: Channels over hidden units of the attention.
    """

    def __init__(
        self, side: int = 227, channels: Sequence[int] = CHANNELS, kernel: int = 11, stride: int = 4, ratio: int = 16
    ) -> None:
        super().__init__()
        self.side = side
        first, second, third, fourth, fifth = channels
        self.trunk = nn.Sequential(
            *_convolution(3, first, kernel, stride),
            *_shrink(normalised=True),
            *_convolution(first, second, 5),
            *_shrink(normalised=True),
            *_convolution(second, third, 3),
            *_convolution(third, fourth, 3),
            *_convolution(fourth, fifth, 3),
            *_shrink(normalised=False),
        )
        self.attend = CBAM(fifth, ratio)
        self.name = nn.Linear(fifth, 1)

    def forward(self, maps: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch"]:
        """Return a logit a frame."""
        return self.name(self.attend(self.trunk(enlarged(maps, self.side))).mean(dim=(2, 3))).squeeze(1)

    def loss(self, rows: Float[Tensor, "batch 3 height width"], wanted: Float[Tensor, "batch"]) -> Float[Tensor, ""]:
        """Return the binary cross entropy between the wanted nearness, 0 to 1, and the predicted one."""
        return functional.binary_cross_entropy_with_logits(self(rows), wanted)


def _convolution(into: int, out: int, kernel: int, stride: int = 1) -> tuple[nn.Module, ...]:
    # AlexNet's first convolution has no padding; on small maps the rim would be lost with it.
    padding = 0 if stride > 1 else kernel // 2
    return nn.Conv2d(into, out, kernel, stride, padding), nn.ReLU()


def _shrink(normalised: bool) -> tuple[nn.Module, ...]:
    pool = nn.MaxPool2d(3, stride=2)
    return (nn.LocalResponseNorm(5, k=2.0), pool) if normalised else (pool,)
