"""Test labels are sealed: they can be read once every clip has been named, in every condition and with every seed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, Int, Shaped

from multimodal.data.samples import LabelLeakError

Run = tuple[str, int]
"""Condition and seed."""


class SealedLabels:
    """Takes predictions in, and gives the labels out when all are there.

    Args:
        labels: A row a clip: ``[n]`` classes, or ``[n, 12]`` action units.
        classes: Number of scores a clip.
        runs: The conditions and seeds in which every clip is to be named.
    """

    def __init__(self, labels: Shaped[np.ndarray, "n *each"], classes: int, runs: Iterable[Run]) -> None:
        self._labels = labels
        self._scores = {run: np.full((len(labels), classes), np.nan) for run in runs}

    def file(self, run: Run, rows: Int[np.ndarray, "some"], scores: Float[np.ndarray, "some classes"]) -> None:
        """Take the scores of some clips in.

        Raises:
            LabelLeakError: One of them was named before: each is named once.
            ValueError: A score is not a number.
        """
        if not np.isfinite(scores).all():
            raise ValueError(f"{run}: a score is not finite; the classifier diverged: lower its learning rate")
        if np.isfinite(self._scores[run][rows]).any():
            raise LabelLeakError(f"{run}: a clip is named a second time; each is in one fold's test side only")
        self._scores[run][rows] = scores

    def scores(self, run: Run) -> Float[np.ndarray, "n classes"]:
        """Return what was filed; rows that are missing hold no numbers."""
        return self._scores[run]

    def open(self) -> Shaped[np.ndarray, "n *each"]:
        """Return the labels.

        Raises:
            LabelLeakError: A clip has not been named yet.
        """
        for run, scores in self._scores.items():
            missing = int(np.isnan(scores).any(axis=1).sum())
            if missing:
                raise LabelLeakError(f"{run}: {missing} clips are not named yet; labels are read after the predictions")
        return self._labels
