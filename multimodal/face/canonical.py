"""The canonical face: where eyes and mouth lie on the square grid on which motion is measured.

Positions are fractions of the square's side, x to the right and y down. They follow the flow maps that the field
publishes (28 x 28, eyes near row 6.8 and 15.7 columns apart, mouth near row 20.4), so that clips of a camera, rendered
clips and published maps are cut in the same way.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from multimodal.results import REGIONS

GRID = 28
"""Side of the flow maps that the expression networks see, cells."""

CROP = 10
"""Side of one region's crop, cells of the grid."""

EYE_LEFT = (0.2196, 0.2607)
EYE_RIGHT = (0.7804, 0.2607)
MOUTH = (0.5, 0.7464)

EYE_DISTANCE = EYE_RIGHT[0] - EYE_LEFT[0]
"""Distance between the eyes, as a fraction of the square's side."""

EYE_TO_MOUTH = 1.10
"""How far the mouth lies below the eyes in a mean face seen from the front, in distances between the eyes.

The square shows faces a little flattened, as the published maps do: this mean face reaches from ``EYE_LEFT`` and
``EYE_RIGHT`` to ``MOUTH``. Faces are never stretched one by one, since behind a mask mouth landmarks slide.
"""

SCALE = (EYE_DISTANCE, (MOUTH[1] - EYE_LEFT[1]) / EYE_TO_MOUTH)
"""What one distance between the eyes measures on the square, along x and along y, as a fraction of its side."""

CROP_CORNERS: dict[str, tuple[int, int]] = {
    "brow_outer_left": (0, 0),
    "brow_inner_left": (5, 0),
    "brow_inner_right": (13, 0),
    "brow_outer_right": (18, 0),
    "eye_left": (1, 4),
    "eye_right": (17, 4),
    "nose_left": (5, 9),
    "nose_right": (13, 9),
    "mouth_corner_left": (2, 15),
    "mouth_corner_right": (16, 15),
    "upper_lip": (9, 13),
    "chin": (9, 18),
}
"""Top left cell (column, row) of each region's crop."""

MIRROR: tuple[int, ...] = tuple(
    REGIONS.index(name.replace("left", "#").replace("right", "left").replace("#", "right")) for name in REGIONS
)
"""``MIRROR[i]`` is the region that region ``i`` becomes when the picture is mirrored."""


def to_percent(flow: Float[np.ndarray, "*lead 2 height width"]) -> Float[np.ndarray, "*lead 2 height width"]:
    """Turn flow in pixels of the canonical square into percent of the distance between the eyes.

    Args:
        flow: u, v in pixels of maps that show the whole square, of any resolution.
    """
    height, width = flow.shape[-2:]
    unit = np.array([SCALE[0] * width, SCALE[1] * height], flow.dtype)
    return flow * (100.0 / unit)[:, None, None].astype(flow.dtype)


def crop_regions(flow: Float[np.ndarray, "*lead grid grid"]) -> Float[np.ndarray, "*lead 12 crop crop"]:
    """Cut the twelve region crops out of maps on the canonical grid.

    Args:
        flow: ``[..., 28, 28]``, any number of leading axes.

    Returns:
        ``[..., 12, 10, 10]`` in the order of ``REGIONS``.

    Raises:
        ValueError: The maps are not 28 x 28.
    """
    if flow.shape[-2:] != (GRID, GRID):
        raise ValueError(f"expected maps of {GRID} x {GRID}, given shape {flow.shape}")
    crops = [flow[..., y : y + CROP, x : x + CROP] for x, y in (CROP_CORNERS[name] for name in REGIONS)]
    return np.stack(crops, axis=-3)
