"""A black square somewhere on the face, as in the RRRN protocol."""

from __future__ import annotations

import numpy as np

from occlusion.canvas import filled
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder

DEFAULT_RATIO = 0.2


@register_occluder("block")
def draw_block(scene: Scene) -> Drawing:
    """Draw a black square that hides ``ratio`` of the box around the face, at a random place within the box.

    Source: the occluded data of RRRN (ratios .05 to .50 by .05); reconstructed. Option ``ratio``, 0 to 1.
    """
    low, high = scene.landmarks[:, :2].min(axis=0), scene.landmarks[:, :2].max(axis=0)
    ratio = scene.options.get("ratio", DEFAULT_RATIO)
    side = np.minimum(np.sqrt(ratio * np.prod(high - low)), high - low)
    corner = low + scene.rng.random(2) * (high - low - side)
    outline = corner + side * np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)
    picture = np.zeros((*scene.shape, 3), np.float32)
    return Drawing(picture, filled(scene.shape, outline), outline, (33, 263, 61, 291, 1, 152), lit=False)
