"""Choosing on an inner split: whole subjects of the training side are held out, the test side has no say."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from multimodal.data.samples import FlowSamples

Split = tuple[Int[np.ndarray, "learned"], Int[np.ndarray, "held_out"]]


def inner_splits(train: FlowSamples, k: int = 5, seed: int = 0) -> list[Split]:
    """Part a fold's training side by subject, classes spread evenly.

    Args:
        train: The training side.
        k: How many parts; fewer where there are fewer subjects, or fewer clips of each class.
        seed: Of the parting.

    Returns:
        Pairs of row numbers of ``train``; empty where there is one subject only.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    k = min(k, len(set(train.subjects)), int(np.bincount(train.labels).max()))
    if k < 2:
        return []
    parts = StratifiedGroupKFold(k, shuffle=True, random_state=seed)
    return [pair for pair in parts.split(np.zeros(len(train)), train.labels, train.subjects) if len(pair[1])]
