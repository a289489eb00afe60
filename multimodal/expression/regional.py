"""The regional branch: 3D stem, regions, GRU, region attention, relation reasoning, three heads."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.layers import FaceStem, LinearReaders, RegionAttention, RelationReasoning, liveliness
from multimodal.expression.normalise import HIDDEN_BELOW, region_masks
from multimodal.expression.registry import register_model
from multimodal.face.canonical import CROP_CORNERS, GRID
from multimodal.results import ACTION_UNITS, EXPRESSIONS, OBJECTIVE_CLASSES, REGIONS

EMBEDDING = 64
"""Length of the face's vector, from which all that is named is read."""

PART = 3
"""Side of a region's part of the stem's output, cells of a 7 x 7 grid."""

CORNERS: tuple[tuple[int, int], ...] = tuple(
    (min(round(x / 4), GRID // 4 - PART), min(round(y / 4), GRID // 4 - PART)) for x, y in CROP_CORNERS.values()
)
"""Top left cell (column, row) of each region's part."""


class Heads(NamedTuple):
    """What a network says of a batch of clips.

    Attributes:
        expression: ``[batch, 3]`` logits over ``EXPRESSIONS``.
        objective: ``[batch, 5]`` logits over ``OBJECTIVE_CLASSES``.
        action_units: ``[batch, 12]`` logits over ``ACTION_UNITS``, each on its own.
        embedding: ``[batch, 64]``, the face's vector.
        attention: ``[batch, 12]`` over ``REGIONS``, 0 to 1.
    """

    expression: Float[Tensor, "batch 3"]
    objective: Float[Tensor, "batch 5"]
    action_units: Float[Tensor, "batch 12"]
    embedding: Float[Tensor, "batch 64"]
    attention: Float[Tensor, "batch 12"]


class Regional(nn.Module):
    """The regional branch.

    A 3D stem goes over the visible cells of the whole face; each region takes its part of what the stem has found
    through a projection of its own, then a GRU over time, a gate and graph convolutions. The gated regions, side by
    side, make the face's vector, on which three linear heads stand. Linear readers of the maps themselves may have
    their say beside that of the expression.

    Args:
        stem: Channels of the stem's first convolution.
        width: Length of a region's feature vector.
        relations: Number of graph convolutions; 0 leaves relation reasoning out.
        attention: Gate regions by what is found in them; else by their visibility alone.
        over_time: Let a GRU follow each region through the clip's maps; else the stem's last map alone counts.
        dropout: Share of features dropped in training.
        linear: Let linear readers add what they say of the expression; they are fitted apart, see
            ``training.expression_linear``.
    """

    def __init__(
        self,
        stem: int = 16,
        width: int = 32,
        relations: int = 1,
        attention: bool = True,
        over_time: bool = True,
        dropout: float = 0.5,
        linear: bool = False,
    ) -> None:
        super().__init__()
        features = 2 * stem * PART * PART
        self.stem = FaceStem(stem)
        self.project = nn.Parameter(torch.randn(len(REGIONS), features, width) / features**0.5)
        self.place = nn.Parameter(torch.zeros(len(REGIONS), width))
        self.over_time = nn.GRU(width, width, batch_first=True) if over_time else None
        self.attention = RegionAttention(width) if attention else None
        self.relations = RelationReasoning(width, relations) if relations else None
        self.dropout = nn.Dropout(dropout)
        self.embed = nn.Linear(len(REGIONS) * width, EMBEDDING)
        self.expression = nn.Linear(EMBEDDING, len(EXPRESSIONS))
        self.objective = nn.Linear(EMBEDDING, len(OBJECTIVE_CLASSES))
        self.action_units = nn.Linear(EMBEDDING, len(ACTION_UNITS))
        self.linear = LinearReaders(len(EXPRESSIONS)) if linear else None
        self.register_buffer("masks", torch.from_numpy(region_masks()).float(), persistent=False)

    def forward(self, clips: Float[Tensor, "batch 3 time 28 28"], visibility: Float[Tensor, "batch 12"]) -> Heads:
        """Read a batch of clips.

        Args:
            clips: Maps of u, v, strain, normalised per clip (``normalise.normalised_clip``). Cells of regions of which
                less than ``HIDDEN_BELOW`` can be seen are not looked at.
            visibility: Visibility of each region, 0 to 1, known or estimated.
        """
        seen = visibility * (visibility >= HIDDEN_BELOW)
        shown = clips * self.cells(seen)[:, None, None]
        regions = self.regions(shown, seen)
        attention = seen if self.attention is None else self.attention(regions, liveliness(shown, self.masks), seen)
        gated = attention[:, :, None] * regions
        related = gated if self.relations is None else gated + self.relations(regions, attention)
        embedding = self.embed(self.dropout(related.flatten(1)))
        expression = self.expression(embedding)
        if self.linear is not None:
            expression = expression + self.linear(shown, visibility)
        return Heads(expression, self.objective(embedding), self.action_units(embedding), embedding, attention)

    def regions(
        self, clips: Float[Tensor, "batch 3 time 28 28"], seen: Float[Tensor, "batch 12"]
    ) -> Float[Tensor, "batch 12 width"]:
        """Return one vector a region: its part of the stem's last map, and what the GRU makes of all maps."""
        features = self.stem(clips, self.cells(seen))
        parts = torch.stack([features[..., y : y + PART, x : x + PART] for x, y in CORNERS], dim=1)
        flat = self.dropout(parts.permute(0, 1, 3, 2, 4, 5).flatten(3))
        vectors = torch.einsum("brtk,rkw->brtw", flat, self.project) + self.place[:, None]
        last = vectors[:, :, -1]
        if self.over_time is None:
            return last
        _, state = self.over_time(vectors.flatten(0, 1))
        return last + state[0].unflatten(0, last.shape[:2])

    def cells(self, seen: Float[Tensor, "batch 12"]) -> Float[Tensor, "batch 28 28"]:
        """Return 1 for cells in a region that can be seen and in none that is hidden (``normalise.visible_cells``)."""
        shown = (seen > 0).to(seen.dtype)
        visible = (torch.einsum("br,rij->bij", shown, self.masks) > 0).to(seen.dtype)
        hidden = (torch.einsum("br,rij->bij", 1 - shown, self.masks) > 0).to(seen.dtype)
        clear = visible * (1 - hidden)
        some = (clear.sum(dim=(1, 2), keepdim=True) > 0).to(seen.dtype)
        return some * clear + (1 - some) * visible


@register_model("regional")
def regional(**options: Any) -> Regional:
    """The regional branch as shipped; ``options`` are those of ``Regional``."""
    return Regional(**options)
