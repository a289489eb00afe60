"""The detector's own modules: residual blocks and efficient downsampling.

Residual-lite blocks and the downsampling after the improved YOLOv5 of Li and Jettanasen (Computation 2025, 13(12):277),
whose code is not public: reconstructed from the paper's abstract and figures. The dense block is ours: in a neck as
narrow as YOLOv5n's a depthwise 3x3 saves little and lost accuracy where both were tried (docs/gesture.md).

They keep the number of channels. Ultralytics' YAML parser takes just that for modules it does not know (output
channels = input channels), so they need no change in it: a plain ``Conv`` before them changes the number where needed.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from ultralytics.nn import tasks
from ultralytics.nn.modules import Conv


class _Residual(nn.Module):
    """``n`` times 1x1 reduce, 3x3, 1x1 expand, added to the input."""

    def __init__(self, channels: int, n: int, reduction: int, *, depthwise: bool) -> None:
        super().__init__()
        inner = channels // reduction
        groups = inner if depthwise else 1
        self.blocks = nn.ModuleList(
            nn.Sequential(
                Conv(channels, inner, 1), Conv(inner, inner, 3, g=groups), Conv(inner, channels, 1, act=False)
            )
            for _ in range(n)
        )
        self.act = nn.SiLU()

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels height width"]:
        """Return ``act(x + block(x))``, block after block."""
        for block in self.blocks:
            x = self.act(x + block(x))
        return x


class ResidualLite(_Residual):
    """Residual-lite stage: ``n`` times 1x1 reduce, 3x3 depthwise, 1x1 expand, added to the input.

    Args:
        channels: Channels in and out.
        n: Number of blocks.
        reduction: The inner width is ``channels / reduction``.
    """

    def __init__(self, channels: int, n: int = 1, reduction: int = 2) -> None:
        super().__init__(channels, n, reduction, depthwise=True)


class ResidualDense(_Residual):
    """As ``ResidualLite``, with a dense 3x3 in place of the depthwise one.

    Args:
        channels: Channels in and out.
        n: Number of blocks.
        reduction: The inner width is ``channels / reduction``.
    """

    def __init__(self, channels: int, n: int = 1, reduction: int = 2) -> None:
        super().__init__(channels, n, reduction, depthwise=False)


class EfficientDown(nn.Module):
    """Halves height and width; one half of the output is pooled, the other convolved.

    Half a: 2x2 maximum, then 1x1 convolution. Half b: 3x3 depthwise convolution of stride 2, then 1x1. Concatenated.

    Args:
        channels: Channels in and out; even.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.pooled = nn.Sequential(nn.MaxPool2d(2, 2), Conv(channels, half, 1))
        self.convolved = nn.Sequential(Conv(channels, channels, 3, 2, g=channels), Conv(channels, half, 1))

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels down across"]:
        """Return the map at half the size; height and width must be even."""
        return torch.cat([self.pooled(x), self.convolved(x)], dim=1)


def install() -> None:
    """Make the modules known by name to Ultralytics' YAML parser; doing it twice is harmless."""
    tasks.ResidualLite = ResidualLite
    tasks.ResidualDense = ResidualDense
    tasks.EfficientDown = EfficientDown
