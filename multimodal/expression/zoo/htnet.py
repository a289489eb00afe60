"""HTNet: a hierarchical transformer over four areas of the face.

Wang, Zhang, Luo, Sankaranarayana: HTNet for micro-expression recognition, Neurocomputing 2024 (arXiv 2307.14637), with
the authors' code. Three of its slips are put right:

* The code exchanges x and y of the landmarks and takes an eye for a lip; here the areas lie at the eyes and the corners
  of the mouth of the canonical face.
* It cuts areas of 14 x 14 cells into patches of 7. A block then holds one patch alone, and attention to nothing but
  itself does nothing. Here areas of 12 x 12 are cut into patches of 3, and each block holds 2 x 2.
* It adds to each place one number for all channels, which every layer norm takes off again; here a vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.areas import Corner, corner_around, cut
from multimodal.expression.zoo.blocks.nested import Merge, Nested
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.face.canonical import CROP, CROP_CORNERS, EYE_LEFT, EYE_RIGHT, GRID
from multimodal.results import EXPRESSIONS

AREA, PATCH, BLOCK = 12, 3, 2
"""Sides: of an area in cells of the map, of a patch in cells, of a block in patches."""

HIERARCHIES = 3
"""Blocks within an area; one area; all four."""


def _lip(side: str) -> tuple[float, float]:
    x, y = CROP_CORNERS[f"mouth_corner_{side}"]
    return (x + CROP / 2) / GRID, (y + CROP / 2) / GRID


AREAS: tuple[Corner, ...] = tuple(
    corner_around(place, AREA) for place in (EYE_LEFT, EYE_RIGHT, _lip("left"), _lip("right"))
)
"""Left eye, right eye, left and right corner of the mouth, as they lie in the picture."""


@register_model("htnet")
class HTNet(ZooNetwork):
    """Patches of four areas; transformer layers inside blocks, merged from hierarchy to hierarchy; one layer.

    139.6 million parameters in the code's form. Takes maps ``[batch, 3, 28, 28]``; gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes.
        width: Channels in the lowest hierarchy; each higher one has twice as many.
        heads: Of the attention in the lowest hierarchy, likewise.
        layers: Transformer layers in each hierarchy, from the lowest. With 8 in the highest, which is found too, there
            are 114.4 million parameters.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        width: int = 256,
        heads: int = 3,
        layers: Sequence[int] = (2, 2, 10),
    ) -> None:
        super().__init__()
        widths, times = [width * 2**level for level in range(HIERARCHIES)], [2**n for n in range(HIERARCHIES)]
        nested = [Nested(w, heads * n, depth, BLOCK) for w, n, depth in zip(widths, times, layers, strict=True)]
        merged = [Merge(narrow, wide) for narrow, wide in pairwise(widths)]
        self.embed = nn.Conv2d(3, width, PATCH, stride=PATCH)
        self.look = nn.Sequential(nested[0], merged[0], nested[1], merged[1], nested[2])
        self.norm = nn.LayerNorm(widths[-1])
        self.name = nn.Linear(widths[-1], classes)

    def forward(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        features = self.look(self.embed(four_areas(maps)))
        return self.name(self.norm(features.flatten(2).transpose(1, 2)).mean(dim=1))


def four_areas(maps: Float[Tensor, "batch channels 28 28"]) -> Float[Tensor, "batch channels 24 24"]:
    """Return the areas side by side: eyes above, corners of the mouth below, left ones on the left."""
    upper_left, upper_right, lower_left, lower_right = cut(maps, AREAS, AREA).unbind(dim=1)
    rows = torch.cat((upper_left, upper_right), dim=3), torch.cat((lower_left, lower_right), dim=3)
    return torch.cat(rows, dim=2)
