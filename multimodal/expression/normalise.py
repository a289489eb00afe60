"""Normalisation of flow clips so that head motion, recording set-up and storage drop out.

Published maps are min-max scaled per channel and image to 8 bit, live maps are in percent of the eye distance, with an
offset wherever the head has moved. Whatever is invariant to a positive factor and an offset per channel makes them
agree: subtract the median, divide by the spread.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from multimodal.face.canonical import CROP, CROP_CORNERS, GRID
from multimodal.results import REGIONS

HIDDEN_BELOW = 0.3
"""A region of which less than this can be seen is hidden: its pixels are not used at all."""

LIMIT = 4.0
"""Normalised values are cut off here: a few cells at the rim of the face may be off by any amount."""


def visible_cells(visibility: Float[np.ndarray, "12"]) -> Bool[np.ndarray, "28 28"]:
    """Return the cells of the canonical grid that lie in a region that can be seen, and in none that is hidden."""
    shown = visibility >= HIDDEN_BELOW
    seen, hidden = region_masks()[shown].any(axis=0), region_masks()[~shown].any(axis=0)
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


def normalised_clip(
    flow: Float[np.ndarray, "time 3 28 28"], visibility: Float[np.ndarray, "12"]
) -> Float[np.ndarray, "3 time 28 28"]:
    """Normalise a clip and lay it out as the network takes it; cells that cannot be seen are zero.

    Args:
        flow: u, v, strain.
        visibility: Visibility of each region, 0 to 1.
    """
    return np.ascontiguousarray((normalise(flow, visibility) * visible_cells(visibility)).transpose(1, 0, 2, 3))


def region_masks() -> Bool[np.ndarray, "12 28 28"]:
    """Return the cells of each region's crop, in the order of ``REGIONS``."""
    masks = np.zeros((len(REGIONS), GRID, GRID), dtype=bool)
    for mask, name in zip(masks, REGIONS, strict=True):
        x, y = CROP_CORNERS[name]
        mask[y : y + CROP, x : x + CROP] = True
    return masks
