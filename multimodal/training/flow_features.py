"""Flow maps as rows of numbers for classical classifiers."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def raw(flow: Float[np.ndarray, "n 3 28 28"]) -> Float[np.ndarray, "n features"]:
    """Return every cell of u, v and strain as it is."""
    return np.ascontiguousarray(flow.reshape(len(flow), -1), np.float64)


def centred(flow: Float[np.ndarray, "n 3 28 28"]) -> Float[np.ndarray, "n features"]:
    """Return every cell, each map and channel centred by its median and divided by its standard deviation.

    Head motion and recording set-up drop out: it is the same for ``a * flow + b`` with any ``a > 0``.
    """
    return raw(_centred(flow))


def pooled(flow: Float[np.ndarray, "n 3 28 28"]) -> Float[np.ndarray, "n features"]:
    """Return ``centred`` maps averaged to 14 x 14 cells."""
    cells = _centred(flow).reshape(len(flow), 3, 14, 2, 14, 2)
    return np.ascontiguousarray(cells.mean(axis=(3, 5)).reshape(len(flow), -1), np.float64)


def _centred(flow: np.ndarray) -> np.ndarray:
    away = flow - np.median(flow, axis=(2, 3), keepdims=True)
    spread = away.std(axis=(2, 3), keepdims=True)
    return np.asarray(away / np.where(spread > 0, spread, 1))
