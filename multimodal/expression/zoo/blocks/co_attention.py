"""Attention of two sets of tokens to each other."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class CoAttention(nn.Module):
    """Pools two sets of tokens, each by weights that know the other set.

    C = tanh(A W B^T); H_a = tanh(A W_a + C B W_b / m), H_b = tanh(B W_b + C^T A W_a / n) of n tokens A and m tokens B;
    the weights are the softmax over tokens of H w, with a w a set (parallel co-attention of Lu et al. 2016, eq. 3 to
    5). There the sums are not divided by m and n; of some hundred tokens they would hold tanh where it is flat.

    Args:
        width: Of a token.
        hidden: Of H.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.affinity = nn.Linear(width, width, bias=False)
        self.of_first = nn.Linear(width, hidden, bias=False)
        self.of_second = nn.Linear(width, hidden, bias=False)
        self.score_first = nn.Linear(hidden, 1, bias=False)
        self.score_second = nn.Linear(hidden, 1, bias=False)

    def weights(
        self, first: Float[Tensor, "batch n width"], second: Float[Tensor, "batch m width"]
    ) -> tuple[Float[Tensor, "batch n"], Float[Tensor, "batch m"]]:
        """Return the weights of each set's tokens; those of a set sum to 1."""
        related = torch.tanh(self.affinity(first) @ second.transpose(1, 2))
        a, b = self.of_first(first), self.of_second(second)
        heard_a = torch.tanh(a + related @ b / b.shape[1])
        heard_b = torch.tanh(b + related.transpose(1, 2) @ a / a.shape[1])
        of_a, of_b = self.score_first(heard_a), self.score_second(heard_b)
        return of_a.squeeze(2).softmax(dim=1), of_b.squeeze(2).softmax(dim=1)

    def forward(
        self, first: Float[Tensor, "batch n width"], second: Float[Tensor, "batch m width"]
    ) -> tuple[Float[Tensor, "batch width"], Float[Tensor, "batch width"]]:
        """Return one vector a set: the weighted sum of its tokens."""
        a, b = self.weights(first, second)
        return (a[:, None] @ first).squeeze(1), (b[:, None] @ second).squeeze(1)
