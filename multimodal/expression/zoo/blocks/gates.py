"""Gates that turn channels or places up and down: the channel-gate and the spatial-gate family.

Both work on maps ``[batch, channels, height, width]`` and on clips ``[batch, channels, time, height, width]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

Combine = Literal["sum", "difference", "concat", "mean"]
"""How a channel gate puts mean and maximum together: see ``ChannelGate``."""

_CONVOLUTIONS: dict[int, type[nn.Conv2d | nn.Conv3d]] = {2: nn.Conv2d, 3: nn.Conv3d}


class ChannelGate(nn.Module):
    """A weight of 0 to 1 a channel, from what the channel holds on average and at most.

    ``sum``: sigmoid(f(mean) + f(max)) (CBAM, Woo et al. 2018, eq. 2). ``difference``: sigmoid(scale (g(max) - f(mean)))
    (ICIP 2024). ``concat``: sigmoid(f([mean; max])) (after DSTAN). ``mean``: sigmoid(f(mean)) (squeeze and excitation,
    Hu et al. 2018). f and g have one hidden layer.

    Args:
        channels: Of the input.
        hidden: Width of the hidden layer, at least 1.
        combine: See above.
        shared: Whether f and g are the same layers.
        scale: Of ``difference``.
        slope: Of the leaky ReLU between the layers; 0 is a ReLU.
    """

    def __init__(
        self,
        channels: int,
        hidden: int,
        combine: Combine = "sum",
        shared: bool = True,
        scale: float = 0.5,
        slope: float = 0.0,
    ) -> None:
        super().__init__()
        self.combine, self.scale = combine, scale
        width = 2 * channels if combine == "concat" else channels
        self.of_mean = _two_layers(width, hidden, channels, slope)
        self.of_most = (
            self.of_mean if shared or combine in {"concat", "mean"} else _two_layers(width, hidden, channels, slope)
        )

    def weights(self, features: Float[Tensor, "batch channels *size"]) -> Float[Tensor, "batch channels"]:
        """Return the gate alone."""
        flat = features.flatten(2)
        mean, most = flat.mean(dim=2), flat.amax(dim=2)
        if self.combine == "sum":
            return torch.sigmoid(self.of_mean(mean) + self.of_most(most))
        if self.combine == "difference":
            return torch.sigmoid(self.scale * (self.of_most(most) - self.of_mean(mean)))
        return torch.sigmoid(self.of_mean(torch.cat((mean, most), dim=1) if self.combine == "concat" else mean))

    def forward(self, features: Float[Tensor, "batch channels *size"]) -> Float[Tensor, "batch channels *size"]:
        """Return the features, each channel times its weight."""
        return features * _spread(self.weights(features), features)


class SpatialGate(nn.Module):
    """A weight of 0 to 1 a place, from the mean and the maximum over channels there (CBAM, eq. 3).

    Args:
        kernels: Sides of the convolutions, odd; what several say is summed.
        dilation: Of the convolutions.
        channels: Weights a place: 1, or as many as the gated features have channels.
        dimensions: 2 for maps, 3 for clips.
        bias: Whether the convolutions have one.
    """

    def __init__(
        self,
        kernels: Sequence[int] = (7,),
        dilation: int = 1,
        channels: int = 1,
        dimensions: int = 2,
        bias: bool = False,
    ) -> None:
        super().__init__()
        convolution = _CONVOLUTIONS[dimensions]
        self.convolve = nn.ModuleList(
            convolution(2, channels, kernel, padding=dilation * (kernel // 2), dilation=dilation, bias=bias)
            for kernel in kernels
        )

    def weights(self, features: Float[Tensor, "batch channels *size"]) -> Float[Tensor, "batch gates *size"]:
        """Return the gate alone."""
        both = torch.cat((features.amax(dim=1, keepdim=True), features.mean(dim=1, keepdim=True)), dim=1)
        return torch.sigmoid(torch.stack([convolve(both) for convolve in self.convolve]).sum(dim=0))

    def forward(self, features: Float[Tensor, "batch channels *size"]) -> Float[Tensor, "batch channels *size"]:
        """Return the features, each place times its weight."""
        return features * self.weights(features)


class CBAM(nn.Sequential):
    """Convolutional block attention module: a channel gate, then a spatial gate (Woo et al. 2018).

    Args:
        channels: Of the input.
        ratio: Channels over hidden units of the channel gate.
        kernel: Side of the spatial gate's convolution.
        dilation: Of it.
        dimensions: 2 for maps, 3 for clips.
    """

    def __init__(self, channels: int, ratio: int = 16, kernel: int = 7, dilation: int = 1, dimensions: int = 2) -> None:
        super().__init__(
            ChannelGate(channels, max(channels // ratio, 1)),
            SpatialGate((kernel,), dilation=dilation, dimensions=dimensions),
        )


def _two_layers(width: int, hidden: int, channels: int, slope: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, hidden), nn.LeakyReLU(slope) if slope else nn.ReLU(), nn.Linear(hidden, channels)
    )


def _spread(weights: Float[Tensor, "batch channels"], features: Tensor) -> Tensor:
    index = (..., *(None,) * (features.dim() - 2))
    return weights[index]
