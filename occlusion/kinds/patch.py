"""Something held before the face: a shape, colour and pattern of chance; it stands for cups, phones, scarves, hair."""

from __future__ import annotations

import cv2
import numpy as np

from occlusion.canvas import filled, rounded
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder


@register_occluder("patch", styles=("plain",))
def draw_patch(scene: Scene) -> Drawing:
    """Draw a smooth shape over part of the face, in any colour, plain, striped or mottled."""
    rng = scene.rng
    centre = scene.landmarks[int(rng.integers(468)), :2] + rng.normal(0, 0.3 * scene.unit, 2)
    radii = scene.unit * np.exp(rng.uniform(np.log(0.3), np.log(1.1), 2))
    angle = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 10))))
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) * rng.uniform(0.7, 1.2, (len(angle), 1))
    tilt = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    outline = rounded(centre + (ring * radii) @ turn.T)
    picture = _pattern(scene)
    return Drawing(picture, filled(scene.shape, outline), outline, (33, 263, 61, 291, 1, 152), shadow=0.2)


def _pattern(scene: Scene) -> np.ndarray:
    rng, (height, width) = scene.rng, scene.shape
    first, second = rng.random((2, 3)) ** 1.3
    kind = int(rng.integers(3))
    if kind == 0:
        share = np.zeros((height, width))
    elif kind == 1:
        y, x = np.mgrid[:height, :width] / scene.unit
        angle, turns = rng.uniform(0, np.pi), rng.uniform(8, 40)
        share = 0.5 + 0.5 * np.sin((x * np.cos(angle) + y * np.sin(angle)) * turns)
    else:
        grain = rng.standard_normal((height // 2 + 1, width // 2 + 1)).astype(np.float32)
        grain = cv2.GaussianBlur(grain, (0, 0), float(rng.uniform(0.01, 0.08)) * scene.unit + 0.3)
        share = cv2.resize(grain / (grain.std() + 1e-6) * 0.3 + 0.5, (width, height))
    share = np.clip(share, 0, 1)[..., None] * rng.uniform(0.1, 1)
    return np.clip(first * (1 - share) + second * share, 0, 1).astype(np.float32)
