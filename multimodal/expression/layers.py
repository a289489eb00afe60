"""The building blocks of the expression networks."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.normalise import HIDDEN_BELOW
from multimodal.face.canonical import GRID
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


LIVELINESS = 6
"""Numbers that ``liveliness`` returns for each region."""

LINEAR_NUMBERS = 3 * (GRID // 2) ** 2
"""Numbers that ``LinearReaders`` look at."""


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


class VisibleNorm(nn.Module):
    """Batch normalisation whose statistics come from the cells that can be seen alone; hidden cells stay zero.

    With half of the face behind something, plain statistics over all cells would mix what is seen with zeros, and
    differ between covered and free faces.

    Args:
        channels: Channels of the input.
        momentum: Share of the running statistics that each batch renews.
    """

    def __init__(self, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.momentum = momentum

    def forward(
        self, features: Float[Tensor, "batch channels time height width"], seen: Float[Tensor, "batch 1 1 height width"]
    ) -> Float[Tensor, "batch channels time height width"]:
        """Normalise; ``seen`` is 1 where a cell can be seen, else 0."""
        mean, variance = self._statistics(features, seen) if self.training else (self.mean, self.variance)
        scale = self.weight * torch.rsqrt(variance + 1e-5)
        shift = self.bias - mean * scale
        return (features * scale[:, None, None, None] + shift[:, None, None, None]) * seen

    def _statistics(self, features: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        count = (seen.sum() * features.shape[2]).clamp_min(1)
        mean = (features * seen).sum(dim=(0, 2, 3, 4)) / count
        away = (features - mean[:, None, None, None]) * seen
        variance = away.square().sum(dim=(0, 2, 3, 4)) / count
        self.mean.lerp_(mean.detach(), self.momentum)
        self.variance.lerp_(variance.detach(), self.momentum)
        return mean, variance


class FaceStem(nn.Module):
    """Shallow 3D stem over the whole face: a 5x5x5 and a 3x3x3 convolution, each normalised and halved over space.

    The convolutions see visible cells alone: hidden ones are zero, and averages are over those that can be seen. Time
    is never pooled, so that one map is enough.

    Args:
        width: Channels after the first convolution; the output has ``2 * width``.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.wide = Conv3dSame(3, width, 5)
        self.wide_norm = VisibleNorm(width)
        self.narrow = Conv3dSame(width, 2 * width, 3)
        self.narrow_norm = VisibleNorm(2 * width)

    def forward(
        self, clips: Float[Tensor, "batch 3 time 28 28"], seen: Float[Tensor, "batch 28 28"]
    ) -> Float[Tensor, "batch channels time 7 7"]:
        """Return the features of each map, ``channels = 2 * width``; ``seen`` is 1 where a cell can be seen."""
        cells = seen[:, None, None]
        features = torch.relu(self.wide_norm(self.wide(clips * cells), cells))
        features, cells = _halve(features, cells)
        features = torch.relu(self.narrow_norm(self.narrow(features), cells))
        return _halve(features, cells)[0]


def liveliness(
    clips: Float[Tensor, "batch 3 time 28 28"], regions: Float[Tensor, "12 28 28"]
) -> Float[Tensor, "batch 12 6"]:
    """Return how far the flow differs from cell to cell, and from the face's median, in each region.

    Args:
        clips: Normalised maps.
        regions: 1 for the cells of each region, else 0.

    Returns:
        For u, v, strain the logarithm of the mean difference of neighbouring cells, then that of the mean size of the
        values; the largest over the clip's maps.
    """
    right = functional.pad((clips[..., 1:] - clips[..., :-1]).abs(), (0, 1))
    down = functional.pad((clips[..., 1:, :] - clips[..., :-1, :]).abs(), (0, 0, 0, 1))
    measures = torch.cat((right + down, clips.abs()), dim=1)
    means = torch.einsum("bctij,rij->brct", measures, regions / regions.sum(dim=(1, 2), keepdim=True))
    return torch.log(means.amax(dim=3) + 0.03)


class LinearReaders(nn.Module):
    """Two linear readers of a clip's liveliest map, one for free faces and one for covered ones; silent until fitted.

    Their errors are unlike a network's, so that both together are better than either. One alone cannot serve both kinds
    of faces: what covered cells leave out pulls on its weights, and a free face then pays for it.

    Args:
        classes: How many there are.
    """

    KINDS = ("free", "covered")
    """For whom each reader is, in the order of the weights."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(len(self.KINDS), classes, LINEAR_NUMBERS))
        self.bias = nn.Parameter(torch.zeros(len(self.KINDS), classes))

    def forward(
        self, clips: Float[Tensor, "batch 3 time 28 28"], visibility: Float[Tensor, "batch 12"]
    ) -> Float[Tensor, "batch classes"]:
        """Return logits; the maps are normalised, and zero where nothing can be seen."""
        numbers = liveliest(clips)
        each = torch.einsum("bn,kcn->bkc", numbers, self.weight) + self.bias
        covered = (visibility < HIDDEN_BELOW).any(dim=1)[:, None]
        return torch.where(covered, each[:, 1], each[:, 0])


def liveliest(clips: Float[Tensor, "batch 3 time 28 28"]) -> Float[Tensor, "batch 588"]:
    """Return the map with the most motion (mean size of u and v) of each clip, averaged over 2 x 2 cells, as a row."""
    motion = clips[:, :2].abs().mean(dim=(1, 3, 4)).argmax(dim=1)
    chosen = motion[:, None, None, None, None].expand(-1, *clips.shape[1:2], 1, *clips.shape[3:])
    return functional.avg_pool2d(clips.gather(2, chosen)[:, :, 0], 2).flatten(1)


class RegionAttention(nn.Module):
    """How far each region is listened to, from its own features, its place and its visibility (RRRN, reconstructed).

    ``a_i = v_i * sigma(w2 . relu(W1 [f_i; s_i; p_i; v_i]))``: what is known to be hidden is 0, the rest is learned, so
    that a region whose flow looks covered is turned down without being told. ``s_i`` tells how lively the flow is
    there (``liveliness``): things before a face move as one piece, skin does not.

    Args:
        width: Length of a region's feature vector.
        place: Length of its learned position embedding.
    """

    def __init__(self, width: int, place: int = 8) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.randn(len(REGIONS), place) * 0.1)
        self.hidden = nn.Linear(width + LIVELINESS + place + 1, 32)
        self.score = nn.Linear(32, 1)

    def forward(
        self,
        features: Float[Tensor, "batch 12 width"],
        lively: Float[Tensor, "batch 12 6"],
        visibility: Float[Tensor, "batch 12"],
    ) -> Float[Tensor, "batch 12"]:
        """Return the attention, 0 to ``visibility``."""
        place = self.place.expand(features.shape[0], -1, -1)
        evidence = torch.cat((features, lively, place, visibility[:, :, None]), dim=2)
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


def _halve(features: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    """Average 2 x 2 cells, over those that can be seen; a new cell counts as seen if one of the four is."""
    # Over height and width only; as a 2D pooling it takes a fifth of the time of the 3D one.
    shares = functional.avg_pool2d(cells[:, :, 0], 2)[:, :, None]
    means = functional.avg_pool2d(features.flatten(1, 2), 2).unflatten(1, features.shape[1:3])
    return means / shares.clamp_min(0.25), (shares > 0).to(features.dtype)
