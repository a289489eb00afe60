"""The focal loss."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional


def focal_loss(
    logits: Float[Tensor, "batch classes"],
    labels: Int[Tensor, "batch"],
    weights: Float[Tensor, "classes"],
    gamma: float = 2.0,
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Return the mean cross entropy in which clips that are named well already count less.

    A clip counts (1 - p)^gamma, p being the probability of its label (Lin, Goyal, Girshick, He, Dollar: Focal loss for
    dense object detection, 2017, eq. 4). With ``gamma`` 0 it is ``torch.nn.functional.cross_entropy``.

    Args:
        logits: Of each class.
        labels: Class of each clip.
        weights: Of the classes in the mean.
        gamma: How strongly clips that are right count less, at least 0.
        smoothing: Share of the label that is spread over all classes.
    """
    each = functional.cross_entropy(logits, labels, weights, reduction="none", label_smoothing=smoothing)
    right = torch.softmax(logits, dim=1).gather(1, labels[:, None])[:, 0]
    return ((1 - right) ** gamma * each).sum() / weights[labels].sum()
