"""Attention in which each channel's map is multiplied by itself as a matrix (after Off-TANet)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class MapAttention(nn.Module):
    """Weighs the places of every channel by matrix products of its own query and key maps.

    With q, k, v from 1x1 convolutions, each channel a square matrix: softmax over all places of q k' + q P', times v
    place by place. P = S + S' is fixed, S the sines and cosines of Vaswani et al. 2017. Sharing the channels out to
    heads, as published, changes nothing: no channel looks at another.

    Args:
        channels: Of the maps.
        side: Of the maps.
    """

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Conv2d(channels, channels, 1) for _ in range(3))
        waves = sines(side)
        self.register_buffer("place", waves + waves.T, persistent=False)

    def forward(self, maps: Float[Tensor, "batch channels side side"]) -> Float[Tensor, "batch channels side side"]:
        """Return the value maps, each place times its weight; the weights of a channel sum to 1."""
        query, key, value = self.query(maps), self.key(maps), self.value(maps)
        affinity = query @ (key + self.place).transpose(2, 3)
        return torch.softmax(affinity.flatten(2), dim=2).reshape(affinity.shape) * value


def sines(side: int) -> Float[Tensor, "side side"]:
    """Return sin(row / 10000^(c / side)) in even columns c, cos(row / 10000^((c - 1) / side)) in odd ones."""
    row, column = torch.arange(side)[:, None], torch.arange(side)
    angle = row / 10000 ** ((column - column % 2) / side)
    return torch.where(column % 2 == 0, torch.sin(angle), torch.cos(angle))
