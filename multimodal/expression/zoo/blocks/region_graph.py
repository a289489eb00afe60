"""Regions of the face as the nodes of a graph: what is cut out of a map, gated, and reasoned over (after RRRN)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.face.canonical import CROP, CROP_CORNERS, GRID
from multimodal.results import REGIONS


class RegionAlign(nn.Module):
    """RoIAlign of the twelve regions of the canonical face (He et al. 2017).

    The regions never move and RoIAlign is linear, so it is one matrix, which torchvision makes when the network is
    built: unlike boxes by clip, that can be exported for any batch.

    Args:
        side: Of the feature map, which shows the whole canonical square.
        bins: Side of what is cut out of each region.
    """

    def __init__(self, side: int, bins: int) -> None:
        super().__init__()
        self.register_buffer("shares", region_shares(side, bins), persistent=False)

    def forward(
        self, features: Float[Tensor, "batch channels side side"]
    ) -> Float[Tensor, "batch 12 channels_times_bins"]:
        """Return each region's features, channel by channel, bins in reading order."""
        return torch.einsum("bcp,rkp->brck", features.flatten(2), self.shares).flatten(2)


class RegionGate(nn.Module):
    """How far each region is listened to, from itself alone: sigmoid(u . relu(U r)), 0 to 1.

    Args:
        width: Of a region's features.
        hidden: Rows of U.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, regions: Float[Tensor, "batch 12 width"]) -> Float[Tensor, "batch 12 1"]:
        """Return a weight a region."""
        return torch.sigmoid(self.score(regions))


class RegionGraph(nn.Module):
    """Graph convolutions R <- R + relu(A R W) over the regions.

    A = (softmax over each row of theta(R) phi(R)' + P) / 2 is made anew before every layer; P spreads each row evenly
    over the region and its anatomical neighbours. Rows of A sum to 1.

    Args:
        width: Of a region's features.
        hidden: Width of theta and phi.
        layers: Their number.
        neighbours: 1 where regions are neighbours or the same, else 0.
    """

    def __init__(self, width: int, hidden: int, layers: int, neighbours: Float[Tensor, "12 12"]) -> None:
        super().__init__()
        self.register_buffer("prior", neighbours / neighbours.sum(dim=1, keepdim=True), persistent=False)
        self.theta = nn.ModuleList(nn.Linear(width, hidden) for _ in range(layers))
        self.phi = nn.ModuleList(nn.Linear(width, hidden) for _ in range(layers))
        self.turn = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))

    def forward(self, regions: Float[Tensor, "batch 12 width"]) -> Float[Tensor, "batch 12 width"]:
        """Return the regions' features after reasoning."""
        for layer, turn in enumerate(self.turn):
            regions = regions + torch.relu(turn(self.edges(layer, regions) @ regions))
        return regions

    def edges(self, layer: int, regions: Float[Tensor, "batch 12 width"]) -> Float[Tensor, "batch 12 12"]:
        """Return A: row i says how far region i listens to each."""
        query, key = self.theta[layer](regions), self.phi[layer](regions)
        learned = torch.softmax(query @ key.transpose(1, 2) / query.shape[2] ** 0.5, dim=2)
        return (learned + self.prior) / 2


def region_boxes() -> Float[Tensor, "12 4"]:
    """Return left, top, right, bottom of each region's crop, in cells of the 28 x 28 grid."""
    corners = torch.tensor([CROP_CORNERS[name] for name in REGIONS], dtype=torch.float32)
    return torch.cat((corners, corners + CROP), dim=1)


def region_shares(side: int, bins: int) -> Float[Tensor, "12 cells places"]:
    """Return what each place of a map gives to each of the ``bins ** 2`` cells of every region, by RoIAlign."""
    from torchvision.ops import roi_align

    each_place_alone = torch.eye(side * side).reshape(1, side * side, side, side)
    return roi_align(each_place_alone, [region_boxes()], bins, side / GRID, aligned=True).flatten(2).transpose(1, 2)
