"""Large faces: what is drawn for them is drawn smaller and enlarged, since sheets cannot be sampled at any density."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from occlusion.occluder import Scene
from occlusion.shapes.surface import Layer


def no_finer(scene: Scene, draw: Callable[[Scene], Layer], finest: float = 110.0) -> Layer:
    """Draw into a scene with eyes at most ``finest`` pixels apart, and bring the layer to the scene's own size.

    Args:
        scene: The scene.
        draw: Draws into a scene.
        finest: In pixels; things some 150 mm long then still have more samples than pixels.
    """
    scale = finest / max(scene.unit, 1e-3)
    if scale >= 1:
        return draw(scene)
    small = max(round(scene.shape[0] * scale), 2), max(round(scene.shape[1] * scale), 2)
    # Pixel centres have whole coordinates: pixel 0 reaches from -.5 to +.5.
    landmarks = scene.landmarks * scale
    landmarks[:, :2] += 0.5 * scale - 0.5
    colour, alpha = draw(replace(scene, landmarks=landmarks.astype(np.float32), shape=small))
    both = np.dstack([colour * alpha[..., None], alpha]).astype(np.float32)
    matrix = np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    large = cv2.warpAffine(both, matrix, scene.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    # Cubic weights overshoot colour and alpha alike; only their ratio is the colour.
    colour = large[..., :3] / np.maximum(large[..., 3:], 1e-3)
    return np.clip(colour, 0, 1), np.clip(large[..., 3], 0, 1)
