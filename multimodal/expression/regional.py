"""The regional branch: region crops, 3D stem, GRU, region attention, relation reasoning, three heads."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.layers import DualBranchStem, RegionAttention, RelationReasoning
from multimodal.expression.normalise import HIDDEN_BELOW
from multimodal.expression.registry import register_model
from multimodal.results import ACTION_UNITS, EXPRESSIONS, OBJECTIVE_CLASSES, REGIONS

EMBEDDING = 64
"""Length of the face's vector for the fusion head."""


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

    Region crops go through one 3D stem (shared), a GRU over time, a gate a region and two graph convolutions; the gated
    regions, side by side, make the face's vector, on which three linear heads stand.

    Args:
        stem: Channels of each branch of the stem.
        width: Length of a region's feature vector.
        relations: Number of graph convolutions.
        dropout: Share of features dropped in training.
    """

    def __init__(self, stem: int = 8, width: int = 48, relations: int = 2, dropout: float = 0.3) -> None:
        super().__init__()
        self.stem = DualBranchStem(stem)
        self.project = nn.Linear(4 * stem * 25, width)
        self.place = nn.Parameter(torch.randn(len(REGIONS), width) * 0.1)
        self.over_time = nn.GRU(width, width, batch_first=True)
        self.attention = RegionAttention(width)
        self.relations = RelationReasoning(width, relations)
        self.dropout = nn.Dropout(dropout)
        self.embed = nn.Linear(len(REGIONS) * width, EMBEDDING)
        self.expression = nn.Linear(EMBEDDING, len(EXPRESSIONS))
        self.objective = nn.Linear(EMBEDDING, len(OBJECTIVE_CLASSES))
        self.action_units = nn.Linear(EMBEDDING, len(ACTION_UNITS))

    def forward(self, clips: Float[Tensor, "batch 12 3 time 10 10"], visibility: Float[Tensor, "batch 12"]) -> Heads:
        """Read a batch of clips.

        Args:
            clips: Region crops of u, v, strain, normalised per clip (``normalise.region_clips``). Crops of regions of
                which less than ``HIDDEN_BELOW`` can be seen are not looked at.
            visibility: Visibility of each region, 0 to 1, known or estimated.
        """
        seen = visibility * (visibility >= HIDDEN_BELOW)
        regions = self.regions(clips * (seen > 0)[:, :, None, None, None, None])
        attention = self.attention(regions, seen)
        related = self.relations(regions, attention)
        embedding = torch.tanh(self.embed(self.dropout(related.flatten(1))))
        kept = self.dropout(embedding)
        return Heads(self.expression(kept), self.objective(kept), self.action_units(kept), embedding, attention)

    def regions(self, clips: Float[Tensor, "batch 12 3 time 10 10"]) -> Float[Tensor, "batch 12 width"]:
        """Return one vector a region: stem, then the GRU's last state."""
        batch, count, _, time = clips.shape[:4]
        features = self.stem(clips.flatten(0, 1)).transpose(1, 2).flatten(2)
        placed = self.project(features).reshape(batch, count, time, -1) + self.place[:, None]
        _, last = self.over_time(self.dropout(torch.relu(placed)).flatten(0, 1))
        return last[0].reshape(batch, count, -1)


@register_model("regional")
def regional(stem: int = 8, width: int = 48, relations: int = 2, dropout: float = 0.3) -> Regional:
    """The regional branch as shipped."""
    return Regional(stem, width, relations, dropout)
