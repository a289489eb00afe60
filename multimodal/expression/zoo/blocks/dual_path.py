"""Dual-path blocks: a residual path that is added to and a dense path that grows, side by side in one map."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.zoo.blocks.gates import CBAM


class DualPath(nn.Module):
    """A bottleneck of 1x1, grouped 3x3 and 1x1 convolutions, its CBAM, and both paths (Chen et al. 2017, eq. 6 to 8).

    Of what the bottleneck says, the first ``residual`` channels are added to as many of the input; the other ``dense``
    ones are put behind the rest of it. The first block of a stage carries the input over by a 1x1 convolution.

    Args:
        channels: Of the input.
        width: Of the bottleneck.
        residual: Channels of the residual path.
        dense: Channels by which the dense path grows.
        groups: Of the 3x3 convolution; divides ``width``.
        stride: 2 halves the map; only in the first block of a stage.
        first: Whether it is the first block of its stage.
    """

    def __init__(
        self, channels: int, width: int, residual: int, dense: int, groups: int, stride: int = 1, first: bool = False
    ) -> None:
        super().__init__()
        self.residual = residual
        said = residual + dense
        self.bottleneck = nn.Sequential(
            *_layer(channels, width, 1),
            *_layer(width, width, 3, stride, groups),
            *_layer(width, said, 1)[:2],
            CBAM(said),
        )
        self.carry = nn.Sequential(*_layer(channels, residual + 2 * dense, 1, stride)[:2]) if first else nn.Identity()
        self.channels = (residual + 2 * dense if first else channels) + dense
        """Channels that come out."""

    def forward(self, maps: Float[Tensor, "batch channels h w"]) -> Float[Tensor, "batch more h2 w2"]:
        """Return both paths, the residual one first."""
        said, carried, r = self.bottleneck(maps), self.carry(maps), self.residual
        return torch.relu(torch.cat((carried[:, :r] + said[:, :r], carried[:, r:], said[:, r:]), dim=1))


def _layer(channels: int, filters: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, filters, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(filters),
        nn.ReLU(),
    ]
