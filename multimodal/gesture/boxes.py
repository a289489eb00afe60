"""Boxes as x0, y0, x1, y1 in pixels: overlap, and suppression of doubles."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def iou(a: Float[np.ndarray, "n 4"], b: Float[np.ndarray, "m 4"]) -> Float[np.ndarray, "n m"]:
    """Return the intersection over union of every box of ``a`` with every box of ``b``, 0 to 1.

    A box without area overlaps nothing.
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    union = _area(a)[:, None] + _area(b)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def suppress(
    boxes: Float[np.ndarray, "n 4"], scores: Float[np.ndarray, "n"], overlap: float = 0.5
) -> Int[np.ndarray, "kept"]:
    """Return the indices that greedy non-maximum suppression keeps, the best first.

    Args:
        boxes: x0, y0, x1, y1.
        scores: Higher is better; equal scores keep their order.
        overlap: A box that overlaps a better kept one by more than this IoU is dropped.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        order = rest[iou(boxes[best : best + 1], boxes[rest])[0] <= overlap]
    return np.array(kept, dtype=np.int64)


def _area(boxes: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n"]:
    return np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)
