"""What a clip network sees of its frames, before anything is learned."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

_GREY = (0.299, 0.587, 0.114)
"""Of red, green, blue in the luma of ITU-R BT.601."""

_LEAST = 1e-3
"""A clip's spread is no less than this: a clip in which nothing moves is no noise."""


class FrameFront(nn.Module):
    """Brings a clip's frames to a size, takes away what is the same in all of them, and divides by the clip's spread.

    Frames are made smaller by means over a whole number of pixels; what is left to do, or to grow, is bilinear.
    Each clip is scaled by itself: published code often divides by figures of the whole set, its test side included.

    Args:
        side: Of the frames that come out, pixels.
        time: Frames that come out, evenly picked, the first and the last among them; 0 leaves all.
        grey: One channel instead of three.
        difference: Take the first frame, the onset, from all; else the clip's mean.
    """

    def __init__(self, side: int, time: int = 0, grey: bool = False, difference: bool = False) -> None:
        super().__init__()
        self.side, self.time, self.grey, self.difference = side, time, grey, difference
        self.channels = 1 if grey else 3
        """Of what comes out."""

    def forward(self, frames: Float[Tensor, "batch 3 time_in h w"]) -> Float[Tensor, "batch channels time side side"]:
        """Return what the network sees.

        Args:
            frames: RGB, 0 to 1.
        """
        seen = self._sized(self._picked(frames))
        seen = seen - (seen[:, :, :1] if self.difference else seen.mean(dim=(1, 2, 3, 4), keepdim=True))
        return seen / seen.std(dim=(1, 2, 3, 4), keepdim=True).clamp_min(_LEAST)

    def _picked(self, frames: Tensor) -> Tensor:
        if self.time:
            frames = frames[:, :, torch.linspace(0, frames.shape[2] - 1, self.time).round().long()]
        if self.grey:
            frames = (frames * frames.new_tensor(_GREY).reshape(3, 1, 1, 1)).sum(dim=1, keepdim=True)
        return frames

    def _sized(self, frames: Tensor) -> Tensor:
        step = int(frames.shape[-1]) // self.side
        if step > 1:
            frames = functional.avg_pool3d(frames, (1, step, step))
        if frames.shape[-1] == self.side:
            return frames
        return functional.interpolate(frames, (frames.shape[2], self.side, self.side), mode="trilinear")
