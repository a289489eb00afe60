"""The two-branch 3D stem of clip networks, and the plain 3D block."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Stem3d(nn.Module):
    """Branches of different kernels side by side, then a 3x3x3 convolution over all their channels.

    Each convolution is followed by a leaky ReLU and max pool 2 along time, height and width; a last odd frame is kept
    ("same"). After Fang, Liu, Liu (ICIP 2024).

    Args:
        channels: Of the input.
        filters: Of each convolution; so many channels come out.
        kernels: Sides of the branches' kernels.
        slope: Of the leaky ReLU.
    """

    def __init__(self, channels: int, filters: int = 32, kernels: Sequence[int] = (5, 3), slope: float = 0.2) -> None:
        super().__init__()
        self.branches = nn.ModuleList(_halving(channels, filters, kernel, slope) for kernel in kernels)
        self.join = _halving(filters * len(kernels), filters, 3, slope)

    def forward(
        self, clips: Float[Tensor, "batch channels time h w"]
    ) -> Float[Tensor, "batch filters t_out h_out w_out"]:
        """Return the features, a quarter as many along each axis, rounded up."""
        joined: Tensor = self.join(torch.cat([branch(clips) for branch in self.branches], dim=1))
        return joined


class Block3d(nn.Sequential):
    """A 3x3x3 convolution, batch normalisation, ReLU, max pool.

    Args:
        channels: Of the input.
        filters: So many channels come out.
        pool: Of the max pool, along time, height and width.
    """

    def __init__(self, channels: int, filters: int, pool: tuple[int, int, int]) -> None:
        super().__init__(
            nn.Conv3d(channels, filters, 3, padding=1, bias=False),
            nn.BatchNorm3d(filters),
            nn.ReLU(),
            nn.MaxPool3d(pool),
        )


def _halving(channels: int, filters: int, kernel: int, slope: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(channels, filters, kernel, padding=kernel // 2), nn.LeakyReLU(slope), nn.MaxPool3d(2, ceil_mode=True)
    )
