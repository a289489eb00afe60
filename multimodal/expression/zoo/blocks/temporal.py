"""From one vector a frame to one vector a clip."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

How = Literal["mean", "last", "attention"]
"""Mean over time; the last frame's; or a weighted sum, see ``TemporalPool``."""


class TemporalPool(nn.Module):
    """Optionally a GRU, then mean, last, or softmax attention over time.

    Attention: a = softmax over t of v . tanh(W h + b), z = sum of a h (after Bahdanau et al. 2015).

    Args:
        width: Of the vectors.
        how: See ``How``.
        hidden: Width of a GRU before the pool; 0 has none.
    """

    def __init__(self, width: int, how: How = "attention", hidden: int = 0) -> None:
        super().__init__()
        self.how = how
        self.recur = nn.GRU(width, hidden, batch_first=True) if hidden else None
        self.width = hidden or width
        """Of the vectors that come out."""
        self.score = (
            nn.Sequential(nn.Linear(self.width, self.width), nn.Tanh(), nn.Linear(self.width, 1, bias=False))
            if how == "attention"
            else None
        )

    def forward(self, frames: Float[Tensor, "batch time width"]) -> Float[Tensor, "batch width_out"]:
        """Return one vector a clip."""
        if self.recur is not None:
            frames = self.recur(frames)[0]
        if self.score is not None:
            return (torch.softmax(self.score(frames), dim=1) * frames).sum(dim=1)
        return frames[:, -1] if self.how == "last" else frames.mean(dim=1)
