"""Surgical and cloth masks: from the nose bridge over the cheeks to below the chin, with loops to the ears."""

from __future__ import annotations

import cv2
import numpy as np

from occlusion.canvas import filled, rounded, stroked
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder

COLOURS: dict[str, tuple[float, float, float]] = {
    "light blue": (0.62, 0.78, 0.88),
    "white": (0.92, 0.92, 0.91),
    "black": (0.09, 0.09, 0.10),
    "pink": (0.90, 0.70, 0.74),
    "green": (0.60, 0.78, 0.66),
    "grey": (0.48, 0.49, 0.50),
    "navy": (0.13, 0.17, 0.30),
    "burgundy": (0.42, 0.12, 0.17),
    "beige": (0.80, 0.71, 0.60),
    "denim": (0.33, 0.43, 0.58),
}
"""The fabrics, RGB in white light."""

_LEFT_EDGE = (50, 123, 147, 132, 58, 172, 136, 150, 149, 176)
_RIGHT_EDGE = (280, 352, 376, 361, 288, 397, 365, 379, 378, 400)
_ANCHORS = (123, 352, 132, 361, 6, 152, 195, 199)


@register_occluder("mask", styles=tuple(COLOURS))
def draw_mask(scene: Scene) -> Drawing:
    """Draw a mask whose colour, pleats, height and looseness come from chance."""
    rng, unit = scene.rng, scene.unit
    outline = rounded(_outline(scene, float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.02, 0.14))))
    body = filled(scene.shape, outline)
    loops = stroked(scene.shape, _loops(scene), 0.035 * unit)
    colour = np.array(COLOURS[scene.style]) * rng.uniform(0.92, 1.05)
    pleated = bool(rng.random() < 0.7)
    light = _folds(scene, outline, pleated) * _roundness(scene, outline)
    picture = np.clip(colour * light[..., None], 0, 1)
    alpha = np.maximum(body, 0.85 * loops)
    # Loops are pale; where they lie over the body the body wins.
    only_loop = np.clip(loops - body, 0, 1)[..., None]
    picture = picture * (1 - only_loop) + 0.85 * only_loop
    return Drawing(picture.astype(np.float32), alpha, outline, _ANCHORS, shadow=0.25)


def _outline(scene: Scene, height: float, loose: float) -> np.ndarray:
    """Go round the mask: ``height`` 0 to 1 is how far up the nose it reaches, ``loose`` how far it stands off."""
    top = scene.points(4) * (1 - height) + scene.points(6) * height
    left, right = scene.points(*_LEFT_EDGE), scene.points(*_RIGHT_EDGE)
    chin = scene.points(148, 152, 377)
    # On a turned head nose, lips and chin stand out beyond the far cheek and stretch the mask.
    front = scene.points(4, 0, 17, 199)
    ring = np.concatenate([top, right, chin, left, front])
    middle = scene.points(2).mean(axis=0)
    away = ring - middle
    reach = 1.04 + loose * np.clip(away @ _down(scene) / scene.unit, 0, 1.2)
    ring = middle + away * reach[:, None]
    return cv2.convexHull(ring.astype(np.float32))[:, 0].astype(np.float64)


def _down(scene: Scene) -> np.ndarray:
    """Return the picture's direction from the nose bridge to the chin."""
    axis = (scene.points(152) - scene.points(168))[0]
    return axis / max(float(np.hypot(*axis)), 1e-6)


def _loops(scene: Scene) -> list[np.ndarray]:
    """Return the loops to the ears that can be seen: on a turned head the far ear lies behind the cheek."""
    pairs = ((123, 127, -1), (58, 93, -1), (352, 356, 1), (288, 323, 1))
    across = (scene.points(263) - scene.points(33))[0]
    lines = [(scene.points(start, end), side) for start, end, side in pairs]
    return [line for line, side in lines if side * float((line[1] - line[0]) @ across) > 0]


def _folds(scene: Scene, outline: np.ndarray, pleated: bool) -> np.ndarray:
    """Return brightness with a stitched rim and, for a surgical mask, three pleats."""
    unit, shape = scene.unit, scene.shape
    rim = stroked(shape, [np.concatenate([outline, outline[:1]])], 0.03 * unit)
    light = 1 - 0.18 * rim
    if not pleated:
        return light
    left, right = scene.points(123, 58), scene.points(352, 288)
    sag = 0.18 * unit * _down(scene)
    for share in (0.2, 0.5, 0.8):
        ends = [left[0] + share * (left[1] - left[0]), right[0] + share * (right[1] - right[0])]
        middle = (ends[0] + ends[1]) / 2 + 2 * sag
        line = rounded(np.array([ends[0], middle, ends[1]]), closed=False)
        light = light - 0.22 * stroked(shape, [line], 0.018 * unit)
        light = light + 0.10 * stroked(shape, [line + 0.025 * unit * _down(scene)], 0.02 * unit)
    return light


def _roundness(scene: Scene, outline: np.ndarray) -> np.ndarray:
    """Return brightness that falls off towards the edges, as on a curved sheet."""
    inside = filled(scene.shape, outline)
    soft = cv2.GaussianBlur(inside, (0, 0), max(0.22 * scene.unit, 0.5))
    return 0.62 + 0.42 * np.clip(soft, 0, 1)
