"""Normalisation of flow clips so that head motion, recording set-up and storage drop out.

Published maps are min-max scaled per channel and image to 8 bit, live maps are in percent of the eye distance, with an
offset wherever the head has moved. Whatever is invariant to a positive factor and an offset per channel makes them
agree: subtract the median, divide by the spread.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from multimodal.face.canonical import CROP, CROP_CORNERS, GRID, crop_regions
from multimodal.results import REGIONS

HIDDEN_BELOW = 0.3
"""A region of which less than this can be seen is hidden: its pixels are not used at all."""

LIMIT = 4.0
"""Normalised values are cut off here: a few cells at the rim of the face may be off by any amount."""


def visible_cells(visibility: Float[np.ndarray, "12"]) -> Bool[np.ndarray, "28 28"]:
    """Return the cells of the canonical grid that lie in a region that can be seen, and in none that is hidden."""
    seen = np.zeros((GRID, GRID), dtype=bool)
    hidden = np.zeros((GRID, GRID), dtype=bool)
    for name, share in zip(REGIONS, visibility, strict=True):
        x, y = CROP_CORNERS[name]
        target = hidden if share < HIDDEN_BELOW else seen
        target[y : y + CROP, x : x + CROP] = True
    return seen & ~hidden if (seen & ~hidden).any() else seen


def normalise(
    flow: Float[np.ndarray, "time 3 28 28"], visibility: Float[np.ndarray, "12"]
) -> Float[np.ndarray, "time 3 28 28"]:
    """Centre every map and channel by its median and divide by the clip's spread, over the cells that can be seen.

    The spread of a channel is its mean absolute deviation from the median, the largest over the clip's maps, so that
    the clip's rise and fall is kept and a single map is the case ``time = 1``.

    Args:
        flow: u, v, strain in any unit, any offset a map and channel.
        visibility: Visibility of each region, 0 to 1.

    Returns:
        float32, about -4 to 4, the same for ``a * flow + b`` with any ``a > 0``.
    """
    cells = visible_cells(visibility)
    inside = flow[:, :, cells] if cells.any() else flow.reshape(*flow.shape[:2], -1)
    centre = np.median(inside, axis=2)[:, :, None]
    spread = np.abs(inside - centre).mean(axis=2).max(axis=0)[None, :, None, None]
    scaled = (flow - centre[..., None]) / np.where(spread > 0, spread, 1)
    return np.clip(scaled, -LIMIT, LIMIT).astype(np.float32)


def region_clips(
    flow: Float[np.ndarray, "time 3 28 28"], visibility: Float[np.ndarray, "12"]
) -> Float[np.ndarray, "12 3 time 10 10"]:
    """Normalise a clip and cut it into the network's input; hidden regions are zero.

    Args:
        flow: u, v, strain.
        visibility: Visibility of each region, 0 to 1.
    """
    crops = crop_regions(normalise(flow, visibility)).transpose(2, 1, 0, 3, 4)
    seen = (visibility >= HIDDEN_BELOW).astype(np.float32)
    return np.ascontiguousarray(crops * seen[:, None, None, None, None])
