"""Attention between tokens."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn


class TokenBlock(nn.Module):
    """Multi-head self-attention and, if wanted, a two-layer perceptron, each normalised first and added to its input.

    After Vaswani et al. 2017 with the norm in front (Dosovitskiy et al. 2021).

    Args:
        width: Of a token.
        heads: Of the attention; divides ``width``.
        hidden: Width of the perceptron's middle; 0 has none.
        dropout: Share of what both add that is dropped in training.
    """

    def __init__(self, width: int, heads: int, hidden: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attend = nn.MultiheadAttention(width, heads, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.think = (
            nn.Sequential(
                nn.LayerNorm(width), nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width), nn.Dropout(dropout)
            )
            if hidden
            else None
        )

    def forward(self, tokens: Float[Tensor, "batch tokens width"]) -> Float[Tensor, "batch tokens width"]:
        """Return the tokens, each having listened to all."""
        normed = self.norm(tokens)
        tokens = tokens + self.drop(self.attend(normed, normed, normed, need_weights=False)[0])
        return tokens if self.think is None else tokens + self.think(tokens)


def tokens_of(maps: Float[Tensor, "batch channels *size"]) -> Float[Tensor, "batch tokens channels"]:
    """Return a token a place, in reading order."""
    return maps.flatten(2).transpose(1, 2)
