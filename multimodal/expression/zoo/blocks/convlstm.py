"""Convolutional LSTM: the recurrent layer whose state is a map."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

State = tuple[Tensor, Tensor]
"""Hidden state and cell, each ``[batch, hidden, height, width]``."""


class ConvLSTM(nn.Module):
    """i, f, o = sigmoid(W * [x; h] + b), g = tanh(W * [x; h] + b), c = f c + i g, h = o tanh(c); * is a convolution.

    Shi et al. 2015, eq. 3, without the weights from the cell to the gates, as the usual libraries have it. Each forget
    gate begins open, its bias at 1 (Jozefowicz et al. 2015).

    Args:
        channels: Of the input.
        hidden: Of the state.
        kernel: Side of the convolutions, odd.
    """

    def __init__(self, channels: int, hidden: int, kernel: int = 3) -> None:
        super().__init__()
        self.hidden = hidden
        self.gates = nn.Conv2d(channels + hidden, 4 * hidden, kernel, padding=kernel // 2)
        nn.init.zeros_(self.gates.bias)
        nn.init.ones_(self.gates.bias[hidden : 2 * hidden])

    def step(self, maps: Float[Tensor, "batch channels h w"], state: State) -> State:
        """Return the state after one more frame."""
        hidden, cell = state
        entry, keep, out, new = self.gates(torch.cat((maps, hidden), dim=1)).chunk(4, dim=1)
        cell = torch.sigmoid(keep) * cell + torch.sigmoid(entry) * torch.tanh(new)
        return torch.sigmoid(out) * torch.tanh(cell), cell

    def forward(self, clips: Float[Tensor, "batch channels time h w"]) -> Float[Tensor, "batch hidden time h w"]:
        """Return the hidden state after every frame; it begins at zero."""
        start = torch.zeros_like(clips[:, :1, 0]).expand(-1, self.hidden, -1, -1)
        state, states = (start, start), []
        for maps in clips.unbind(dim=2):
            state = self.step(maps, state)
            states.append(state[0])
        return torch.stack(states, dim=2)
