"""The building blocks of the expression networks."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from multimodal.offline import no_socket_probe
from multimodal.results import REGIONS

with no_socket_probe():
    from torch_geometric.nn import DenseGraphConv

ANATOMY: tuple[tuple[str, str], ...] = (
    ("brow_outer_left", "brow_inner_left"),
    ("brow_outer_right", "brow_inner_right"),
    ("brow_inner_left", "brow_inner_right"),
    ("brow_outer_left", "brow_outer_right"),
    ("brow_outer_left", "eye_left"),
    ("brow_inner_left", "eye_left"),
    ("brow_outer_right", "eye_right"),
    ("brow_inner_right", "eye_right"),
    ("eye_left", "eye_right"),
    ("brow_inner_left", "nose_left"),
    ("brow_inner_right", "nose_right"),
    ("eye_left", "nose_left"),
    ("eye_right", "nose_right"),
    ("eye_left", "mouth_corner_left"),
    ("eye_right", "mouth_corner_right"),
    ("nose_left", "nose_right"),
    ("nose_left", "mouth_corner_left"),
    ("nose_right", "mouth_corner_right"),
    ("nose_left", "upper_lip"),
    ("nose_right", "upper_lip"),
    ("upper_lip", "mouth_corner_left"),
    ("upper_lip", "mouth_corner_right"),
    ("mouth_corner_left", "mouth_corner_right"),
    ("chin", "mouth_corner_left"),
    ("chin", "mouth_corner_right"),
    ("chin", "upper_lip"),
)
"""Regions that the same muscles or neighbouring ones move: the fixed edges of the region graph, both ways."""


class Conv3dSame(nn.Conv3d):
    """A 3D convolution with zero padding that keeps the size; a clip of one map costs no more than a 2D one.

    Padded in time, a single map meets only the kernel's middle slice; only that slice is computed then.

    Args:
        channels_in, channels_out: Channels.
        kernel: Odd side of the cubic kernel.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int) -> None:
        super().__init__(channels_in, channels_out, kernel, padding=kernel // 2)

    def forward(
        self, clips: Float[Tensor, "batch channels_in time height width"]
    ) -> Float[Tensor, "batch channels_out time height width"]:
        """Convolve."""
        if clips.shape[2] > 1:
            return super().forward(clips)
        middle = self.kernel_size[0] // 2
        weight = self.weight[:, :, middle]
        return functional.conv2d(clips[:, :, 0], weight, self.bias, padding=middle)[:, :, None]


class MaxMinusAverageGate(nn.Module):
    """Channel gate on max-minus-average pooling, ``sigma(0.5 * (MLP_max(GMP(x)) - MLP_avg(GAP(x))))``, times ``x``.

    From "Micro-expression recognition with a dual-branch 3D CNN" (ICIP 2024); reconstructed from the description, with
    two MLPs of their own weights as its code has them.

    Args:
        channels: Channels of the input.
        reduction: The MLPs' hidden layer has ``channels // reduction`` units.
    """

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.of_maximum = _bottleneck(channels, channels // reduction)
        self.of_average = _bottleneck(channels, channels // reduction)

    def forward(
        self, features: Float[Tensor, "batch channels time height width"]
    ) -> Float[Tensor, "batch channels time height width"]:
        """Gate the channels."""
        difference = self.of_maximum(features.amax(dim=(2, 3, 4))) - self.of_average(features.mean(dim=(2, 3, 4)))
        gate = torch.sigmoid(0.5 * difference)
        return features * gate[:, :, None, None, None]


class DualBranchStem(nn.Module):
    """Shallow 3D stem: a 5x5x5 and a 3x3x3 branch, concatenated, gated, and a 3x3x3 convolution after it.

    After the dual-branch 3D CNN of ICIP 2024 (reconstructed); time is never pooled, so that one map is enough.

    Args:
        width: Channels of each branch; the output has ``4 * width``.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.wide = Conv3dSame(3, width, 5)
        self.narrow = Conv3dSame(3, width, 3)
        self.norm = nn.BatchNorm3d(2 * width)
        self.gate = MaxMinusAverageGate(2 * width)
        self.joint = Conv3dSame(2 * width, 4 * width, 3)
        self.joint_norm = nn.BatchNorm3d(4 * width)

    def forward(self, clips: Float[Tensor, "batch 3 time 10 10"]) -> Float[Tensor, "batch channels time 5 5"]:
        """Return the features of each map, ``channels = 4 * width``."""
        both = torch.cat((self.wide(clips), self.narrow(clips)), dim=1)
        pooled = _halve(functional.leaky_relu(self.norm(both), 0.1))
        return functional.leaky_relu(self.joint_norm(self.joint(self.gate(pooled))), 0.1)


class RegionAttention(nn.Module):
    """How far each region is listened to, from its own features, its place and its visibility (RRRN, reconstructed).

    ``a_i = v_i * sigma(w2 . relu(W1 [f_i; p_i; v_i]))``: what is known to be hidden is 0, the rest is learned, so that
    a region whose flow looks covered is turned down without being told.

    Args:
        width: Length of a region's feature vector.
        place: Length of its learned position embedding.
    """

    def __init__(self, width: int, place: int = 8) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.randn(len(REGIONS), place) * 0.1)
        self.hidden = nn.Linear(width + place + 1, 32)
        self.score = nn.Linear(32, 1)

    def forward(
        self, features: Float[Tensor, "batch 12 width"], visibility: Float[Tensor, "batch 12"]
    ) -> Float[Tensor, "batch 12"]:
        """Return the attention, 0 to ``visibility``."""
        place = self.place.expand(features.shape[0], -1, -1)
        evidence = torch.cat((features, place, visibility[:, :, None]), dim=2)
        return visibility * torch.sigmoid(self.score(torch.relu(self.hidden(evidence))))[:, :, 0]


class RelationReasoning(nn.Module):
    """Graph convolutions over the regions, along fixed anatomical and learned edges (RRRN, reconstructed).

    Each layer: ``x <- a * (x + relu(W x + V A x))`` with ``A = softmax_j(theta(x)_i . phi(x)_j + prior_ij + log a_j)``,
    where ``a`` is the attention and the prior is learned, starting high on the anatomical edges. Progressive: every
    layer reasons over the gated output of the last, and a region with no attention sends nothing.

    Args:
        width: Length of a region's feature vector.
        layers: Number of graph convolutions.
    """

    def __init__(self, width: int, layers: int = 2) -> None:
        super().__init__()
        self.prior = nn.Parameter(2.0 * anatomy().repeat(layers, 1, 1))
        self.query = nn.ModuleList(nn.Linear(width, 16) for _ in range(layers))
        self.key = nn.ModuleList(nn.Linear(width, 16) for _ in range(layers))
        self.convolutions = nn.ModuleList(DenseGraphConv(width, width, aggr="add") for _ in range(layers))

    def forward(
        self, features: Float[Tensor, "batch 12 width"], attention: Float[Tensor, "batch 12"]
    ) -> Float[Tensor, "batch 12 width"]:
        """Return the regions' features after reasoning, gated."""
        gate = attention[:, :, None]
        features = gate * features
        for layer, convolution in enumerate(self.convolutions):
            edges = self.edges(layer, features, attention)
            features = gate * (features + torch.relu(convolution(features, edges)))
        return features

    def edges(
        self, layer: int, features: Float[Tensor, "batch 12 width"], attention: Float[Tensor, "batch 12"]
    ) -> Float[Tensor, "batch 12 12"]:
        """Return the weights of the edges in one layer: row ``i`` sums to 1 over what region ``i`` listens to."""
        affinity = self.query[layer](features) @ self.key[layer](features).transpose(1, 2) / 4.0
        heard = torch.log(attention.clamp_min(1e-6))[:, None, :]
        return torch.softmax(affinity + self.prior[layer] + heard, dim=2) * (attention > 0)[:, None, :]


def anatomy() -> Float[Tensor, "12 12"]:
    """Return the fixed adjacency of the regions, 1 on the anatomical edges and on the diagonal, else 0."""
    adjacency = torch.eye(len(REGIONS))
    for one, other in ANATOMY:
        i, j = REGIONS.index(one), REGIONS.index(other)
        adjacency[i, j] = adjacency[j, i] = 1.0
    return adjacency


def _halve(
    features: Float[Tensor, "batch channels time height width"],
) -> Float[Tensor, "batch channels time half_height half_width"]:
    # Over height and width only; as a 2D pooling it takes a fifth of the time of the 3D one.
    return functional.max_pool2d(features.flatten(1, 2), 2).unflatten(1, features.shape[1:3])


def _bottleneck(channels: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(channels, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, channels))
