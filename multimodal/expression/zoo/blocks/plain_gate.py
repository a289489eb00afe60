"""The channel gate without constants."""

from __future__ import annotations

import torch
from torch import nn

from multimodal.expression.zoo.blocks.gates import ChannelGate


class PlainChannelGate(ChannelGate):
    """CBAM's channel gate (``ChannelGate`` with ``sum``) whose two layers have no bias.

    Its input is at least 0, as after a ReLU. First weights of the hidden layer are at least 0 too (reconstructed): with
    one hidden unit as narrow gates have it, it would otherwise be silent for every clip, and so for ever, in half of
    all networks.

    Args:
        channels: Of the input.
        hidden: Width of the hidden layer, at least 1.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__(channels, hidden)
        first, last = nn.Linear(channels, hidden, bias=False), nn.Linear(hidden, channels, bias=False)
        with torch.no_grad():
            first.weight.abs_()
        self.of_mean = self.of_most = nn.Sequential(first, nn.ReLU(), last)
