"""Networks of several shallow streams that look at the same map side by side."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Streams(nn.ModuleList):
    """Sends the same input through each of its modules and puts their channels beside each other."""

    def forward(self, maps: Float[Tensor, "batch channels_in height width"]) -> Float[Tensor, "batch channels h w"]:
        """Return the streams' outputs, concatenated in their order."""
        return torch.cat([stream(maps) for stream in self], dim=1)
