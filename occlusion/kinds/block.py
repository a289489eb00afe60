"""A black square somewhere on the face, as in the RRRN protocol."""

from __future__ import annotations

import numpy as np

from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder
from occlusion.shapes.canvas import filled

STYLES = tuple(f"{ratio / 100:.2f}" for ratio in range(5, 55, 5))
"""Each is the ratio of the face's box that is hidden."""


@register_occluder("block", styles=STYLES)
def draw_block(scene: Scene) -> Drawing:
    """Draw a black square at a random place within the box around the face.

    Source: the occluded data of RRRN (ratios .05 to .50 by .05); reconstructed.
    """
    low, high = scene.landmarks[:, :2].min(axis=0), scene.landmarks[:, :2].max(axis=0)
    side = np.minimum(np.sqrt(float(scene.style) * np.prod(high - low)), high - low)
    corner = low + scene.rng.random(2) * (high - low - side)
    outline = corner + side * np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)
    picture = np.zeros((*scene.shape, 3), np.float32)
    return Drawing(picture, filled(scene.shape, outline), outline, (33, 263, 61, 291, 1, 152), lit=False)
