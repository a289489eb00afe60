"""Attention inside the blocks of a map, and what merges four places into one (NesT, Zhang et al. 2022)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class Nested(nn.Module):
    """Transformer layers that see one block of the map at a time, all blocks with the same weights.

    Each layer: self-attention and a perceptron four times as wide, each normalised first and added to its input. Before
    the first, every place is given its learned position in the block.

    Args:
        width: Channels of the map.
        heads: Of the attention; each takes ``width // heads`` numbers of a query, so that 256 may have 3.
        layers: Their number.
        side: Of a block, places.
    """

    def __init__(self, width: int, heads: int, layers: int, side: int) -> None:
        super().__init__()
        self.side = side
        self.place = nn.Parameter(torch.randn(side * side, width) * 0.02)
        self.layers = nn.Sequential(*(_Layer(width, heads) for _ in range(layers)))

    def forward(self, maps: Float[Tensor, "batch width h w"]) -> Float[Tensor, "batch width h w"]:
        """Return the map; its sides are multiples of a block's."""
        tokens = self.layers(blocks_of(maps, self.side) + self.place)
        down, across = (int(size) // self.side for size in maps.shape[2:])  # while exported, sizes are tensors
        return map_of(tokens, self.side, down, across)


class Merge(nn.Module):
    """A 3x3 convolution to more channels, layer norm, and max pool 3 with stride 2: places meet over blocks' borders.

    Args:
        width: Channels of the map.
        wider: Of the result, which is half as wide and high.
    """

    def __init__(self, width: int, wider: int) -> None:
        super().__init__()
        self.convolve, self.norm = nn.Conv2d(width, wider, 3, padding=1), nn.LayerNorm(wider)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)

    def forward(self, maps: Float[Tensor, "batch width h w"]) -> Float[Tensor, "batch wider _ _"]:
        """Return the smaller map."""
        return self.pool(self.norm(self.convolve(maps).permute(0, 2, 3, 1)).permute(0, 3, 1, 2))


def blocks_of(maps: Float[Tensor, "batch width h w"], side: int) -> Float[Tensor, "blocks places width"]:
    """Return the places of each block, in reading order; the blocks of a map follow each other in reading order too."""
    rows = maps.unflatten(3, (-1, side)).unflatten(2, (-1, side))
    return rows.permute(0, 2, 4, 3, 5, 1).flatten(3, 4).flatten(0, 2)


def map_of(
    tokens: Float[Tensor, "blocks places width"], side: int, down: int, across: int
) -> Float[Tensor, "batch width h w"]:
    """Put maps of ``down`` times ``across`` blocks together again: the reverse of ``blocks_of``."""
    blocks = tokens.unflatten(1, (side, side)).unflatten(0, (-1, down, across))
    return blocks.permute(0, 5, 1, 3, 2, 4).flatten(4, 5).flatten(2, 3)


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, inner = heads, heads * (width // heads)
        self.norm = nn.LayerNorm(width)
        self.ask = nn.Linear(width, 3 * inner, bias=False)
        self.answer = nn.Linear(inner, width)
        self.think = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, tokens: Float[Tensor, "blocks places width"]) -> Float[Tensor, "blocks places width"]:
        query, key, value = self.ask(self.norm(tokens)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        heard = functional.scaled_dot_product_attention(query, key, value)
        tokens = tokens + self.answer(heard.transpose(1, 2).flatten(2))
        return tokens + self.think(tokens)
