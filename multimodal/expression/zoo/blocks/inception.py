"""The Inception block of small flow networks."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Inception(nn.Module):
    """Four branches side by side: 1x1; 1x1 and 3x3; 1x1 and 5x5; max pool 3 and 1x1 (Szegedy et al. 2015).

    Args:
        channels: Of the input.
        filters: Of each branch; four times as many channels come out.
        reduced: Channels between the two convolutions of a branch.
        norm: Whether batch normalisation stands between each convolution and its ReLU.
    """

    def __init__(self, channels: int, filters: int, reduced: int = 6, norm: bool = True) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                _convolution(channels, filters, 1, norm),
                nn.Sequential(_convolution(channels, reduced, 1, norm), _convolution(reduced, filters, 3, norm)),
                nn.Sequential(_convolution(channels, reduced, 1, norm), _convolution(reduced, filters, 5, norm)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), _convolution(channels, filters, 1, norm)),
            ]
        )

    def forward(self, maps: Float[Tensor, "batch channels h w"]) -> Float[Tensor, "batch four_filters h w"]:
        """Return the branches' channels, one after the other."""
        return torch.cat([branch(maps) for branch in self.branches], dim=1)


class InceptionPair(nn.Sequential):
    """Two Inception blocks, each followed by max pool 2.

    Args:
        channels: Of the input.
        filters: Of each branch of both blocks; ``4 * filters[1]`` channels come out, a quarter as wide and high.
        reduced: Channels between the two convolutions of a branch, in both blocks.
        norm: See ``Inception``.
    """

    def __init__(self, channels: int, filters: tuple[int, int], reduced: tuple[int, int], norm: bool) -> None:
        super().__init__(
            Inception(channels, filters[0], reduced[0], norm),
            nn.MaxPool2d(2),
            Inception(4 * filters[0], filters[1], reduced[1], norm),
            nn.MaxPool2d(2),
        )


def _convolution(channels: int, filters: int, kernel: int, norm: bool) -> nn.Sequential:
    layers = [nn.Conv2d(channels, filters, kernel, padding=kernel // 2), nn.ReLU()]
    return nn.Sequential(layers[0], nn.BatchNorm2d(filters), layers[1]) if norm else nn.Sequential(*layers)
