"""Attention over the cells of a map, of which only the telling ones are kept."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

_SHARP = 4.0
"""How steeply the soft mask rises where a cell's weight passes the even share."""


class TellingCells(nn.Module):
    """Weighs the cells of a map against each other, masks the redundant ones, and adds up the rest.

    w = softmax over cells of f(cell), f with one hidden layer. The mask keeps the cells of the largest weights; since
    being among them has no slope, its gradient is that of sigmoid(4 (n w - 1)), n cells: a cell counts as kept where
    its weight passes the even share (straight-through estimator, Bengio et al. 2013).

    Args:
        channels: Of the map.
        grid: Cells a side.
        pool: Places of the map a side of each cell; the cell is their mean.
        keep: Share of the cells that are kept.
        hidden: Width of f.
    """

    def __init__(self, channels: int, grid: int, pool: int = 1, keep: float = 0.5, hidden: int = 64) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(pool)
        self.weigh = nn.Sequential(nn.Linear(channels, hidden), nn.Tanh(), nn.Linear(hidden, 1))
        self.cells = grid * grid
        self.kept = max(round(keep * self.cells), 1)

    def forward(
        self, maps: Float[Tensor, "batch channels h w"]
    ) -> tuple[Float[Tensor, "batch channels"], Float[Tensor, "batch cells"]]:
        """Return the weighted sum of the kept cells, and the soft mask, 0 to 1."""
        cells = self.pool(maps).flatten(2).transpose(1, 2)
        weights = torch.softmax(self.weigh(cells).squeeze(2), dim=1)
        soft = torch.sigmoid(_SHARP * (self.cells * weights - 1))
        mask = top_mask(weights, self.kept) + soft - soft.detach()
        return ((mask * weights).unsqueeze(2) * cells).sum(dim=1), soft


def top_mask(weights: Float[Tensor, "batch cells"], kept: int) -> Float[Tensor, "batch cells"]:
    """Return 1 for so many of each row's largest weights, 0 for the rest."""
    return torch.zeros_like(weights).scatter(1, weights.topk(kept, dim=1).indices, 1.0)
