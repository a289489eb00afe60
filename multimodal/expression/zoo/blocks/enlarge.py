"""Maps made larger for networks that want more cells than they have."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def enlarged(maps: Float[Tensor, "batch channels h w"], side: int) -> Float[Tensor, "batch channels side side"]:
    """Return square maps of that side, bilinear between the cells. Nothing is added to what the maps say."""
    return functional.interpolate(maps, size=(side, side), mode="bilinear", align_corners=False)
