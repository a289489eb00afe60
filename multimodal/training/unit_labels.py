"""Coded action units of a fold's training side, as networks learn from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from multimodal.data.samples import UNITS, FlowSamples

MOST = 20.0
"""A shown unit weighs at most so much: rarer ones would make single clips decide each step."""


@dataclass(frozen=True)
class UnitLabels:
    """What is known of the units of some clips.

    Attributes:
        rows: ``[n, 12]``: 1 shown, 0 not, NaN unknown.
        positive: ``[12]``, weight of a shown unit against one that is not, so that both sides weigh the same in all.
    """

    rows: Float[Tensor, "n 12"]
    positive: Float[Tensor, "12"]


def unit_labels(train: FlowSamples) -> UnitLabels | None:
    """Return the units of a training side; None where its clips came without."""
    if UNITS not in train.features:
        return None
    rows = train.features[UNITS].astype(np.float32)
    return UnitLabels(torch.from_numpy(rows), torch.from_numpy(positive_weights(rows)))


def positive_weights(rows: Float[np.ndarray, "n 12"]) -> Float[np.ndarray, "12"]:
    """Return clips without over clips with each unit, at most ``MOST``; 1 where one of them is missing."""
    shown, other = (rows == 1).sum(axis=0), (rows == 0).sum(axis=0)
    ratio = np.divide(other, shown, out=np.ones(rows.shape[1]), where=(shown > 0) & (other > 0))
    return np.minimum(ratio, MOST).astype(np.float32)
