"""Residual blocks with attention."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.zoo.blocks.gates import CBAM


class GatedResidual(nn.Module):
    """ResNet's basic block whose result passes a CBAM before it is added (He et al. 2016; Woo et al. 2018, fig. 3).

    Args:
        channels: Of the input.
        filters: Of the output.
        stride: 2 halves the map.
        ratio: Of the CBAM, see there.
    """

    def __init__(self, channels: int, filters: int, stride: int = 1, ratio: int = 4) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(channels, filters, 3, stride),
            nn.ReLU(),
            *_convolution(filters, filters, 3),
            CBAM(filters, ratio),
        )
        same = stride == 1 and channels == filters
        self.skip = nn.Identity() if same else nn.Sequential(*_convolution(channels, filters, 1, stride))

    def forward(self, maps: Float[Tensor, "batch channels h w"]) -> Float[Tensor, "batch filters _ _"]:
        """Return the maps, gated and added."""
        return torch.relu(self.body(maps) + self.skip(maps))


def small_resnet(widths: Sequence[int]) -> nn.Sequential:
    """Return a 3x3 convolution of u, v, strain, a gated block a width, halving from the second on, and the mean.

    It gives ``[batch, widths[-1]]``; with four widths it is a ResNet-10 for small maps.
    """
    layers: list[nn.Module] = [*_convolution(3, widths[0], 3), nn.ReLU()]
    for number, width in enumerate(widths):
        layers.append(GatedResidual(widths[max(number - 1, 0)], width, stride=2 if number else 1))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _convolution(channels: int, filters: int, kernel: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    convolve = nn.Conv2d(channels, filters, kernel, stride=stride, padding=kernel // 2, bias=False)
    return convolve, nn.BatchNorm2d(filters)
