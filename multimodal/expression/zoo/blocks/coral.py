"""The loss that brings two domains' features together."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def coral(source: Float[Tensor, "n width"], target: Float[Tensor, "m width"]) -> Float[Tensor, ""]:
    """Return how far the covariances of two sets of features are apart: |C_s - C_t|^2 / (4 width^2), Frobenius norm.

    Sun and Saenko: Deep CORAL, 2016, eq. 1 to 3.

    Args:
        source: Features of one domain, two clips or more.
        target: Those of the other, two or more.

    Raises:
        ValueError: A side has fewer than two clips, which have no covariance.
    """
    if min(len(source), len(target)) < 2:
        raise ValueError(f"a covariance takes two clips or more, given {len(source)} and {len(target)}")
    apart = torch.cov(source.T) - torch.cov(target.T)
    return apart.square().sum() / (4 * source.shape[1] ** 2)
