"""Squares of the canonical face, cut out of flow maps or marked on them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from multimodal.face.canonical import GRID

Corner = tuple[int, int]
"""Top left cell of a square: column, row."""


def corner_around(place: tuple[float, float], side: int) -> Corner:
    """Return where a square lies whose middle is as near to a place as the map's rim lets it.

    Args:
        place: x and y as fractions of the map's side.
        side: Of the square, cells.
    """
    x, y = (min(max(round(GRID * along - side / 2), 0), GRID - side) for along in place)
    return x, y


def cut(
    maps: Float[Tensor, "batch channels 28 28"], corners: Sequence[Corner], side: int
) -> Float[Tensor, "batch areas channels side side"]:
    """Return the squares of that side, in the order of their corners."""
    return torch.stack([maps[:, :, y : y + side, x : x + side] for x, y in corners], dim=1)


def marked(corners: Sequence[Corner], side: int) -> Float[Tensor, "28 28"]:
    """Return a map that is 1 inside the squares, else 0."""
    mask = torch.zeros(GRID, GRID)
    for x, y in corners:
        mask[y : y + side, x : x + side] = 1
    return mask
