"""A hand laid over part of the face: a palm and five fingers, modelled as rounded limbs."""

from __future__ import annotations

import cv2
import numpy as np

from occlusion.canvas import ellipse, stroked
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder

_TONES = (
    *((0.94, 0.78, 0.68), (0.87, 0.68, 0.55), (0.76, 0.56, 0.42)),
    *((0.58, 0.40, 0.29), (0.40, 0.26, 0.19), (0.27, 0.18, 0.14)),
)
_TARGETS = (61, 291, 13, 199, 4, 33, 263, 9, 205, 425)
_FINGERS = ((-0.42, -0.62, 0.80), (-0.15, -0.78, 1.0), (0.14, -0.78, 0.95), (0.40, -0.66, 0.75))
"""For each finger where it leaves the palm (x, y) and its length, in palm widths; fingers point up (-y)."""


@register_occluder("hand", styles=("relaxed",))
def draw_hand(scene: Scene) -> Drawing:
    """Draw a hand in any tone of skin whose fingers cover a random feature of the face."""
    rng = scene.rng
    fine = _limbs(rng)
    size = scene.unit * float(rng.uniform(0.85, 1.15))
    target = scene.landmarks[int(rng.choice(_TARGETS)), :2] + rng.normal(0, 0.15 * scene.unit, 2)
    tilt = float(rng.normal(0, 0.6))
    turn = size * np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    turn[:, 0] *= rng.choice((-1, 1))
    grip = np.array([0.0, float(rng.uniform(-1.3, -0.2))])
    place = [(path - grip) @ turn.T + target for path, _ in fine]
    alpha, height = _relief(scene, place, [width * size for _, width in fine])
    tone = np.array(_TONES[int(rng.integers(len(_TONES)))]) * rng.uniform(0.9, 1.1)
    picture = np.clip(tone * _shade(height, size)[..., None], 0, 1)
    hull = cv2.convexHull(np.concatenate(place).astype(np.float32))[:, 0].astype(np.float64)
    return Drawing(picture.astype(np.float32), alpha, hull, (33, 263, 61, 291, 1, 152), shadow=0.2)


def _limbs(rng: np.random.Generator) -> list[tuple[np.ndarray, float]]:
    """Return the paths of wrist, palm, fingers and thumb with their widths, in palm widths."""
    spread, limbs = float(rng.uniform(0.0, 0.5)), []
    for x, y, length in _FINGERS:
        lean = x * spread + float(rng.normal(0, 0.05))
        tip = np.array([x, y]) + length * float(rng.uniform(0.85, 1.05)) * np.array([np.sin(lean), -np.cos(lean)])
        limbs.append((np.array([(x * 0.8, y + 0.45), (x, y), tip]), 0.25))
    thumb = np.array([(-0.3, 0.25), (-0.62, -0.15), (-0.75 - 0.5 * spread, -0.6)])
    palm = ellipse(np.zeros(2), (0.22, 0.3), 3.0, 24)
    return [(np.array([(0.0, 0.2), (0.0, 2.5)]), 0.75), (np.concatenate([palm, palm[:1]]), 0.62), (thumb, 0.27), *limbs]


def _relief(scene: Scene, paths: list[np.ndarray], widths: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return what the limbs cover, and how far each pixel lies inside its limb, in pixels."""
    alpha, height = np.zeros(scene.shape, np.float32), np.zeros(scene.shape, np.float32)
    for path, width in zip(paths, widths, strict=True):
        cover = stroked(scene.shape, [path], width)
        inside = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        # The later limb lies in front: its edge draws the line between fingers.
        height = np.where(cover > 0.5, np.maximum(inside, 0.6 * height * (inside > 0.12 * width)), height)
        alpha = np.maximum(alpha, cover)
    return alpha, height


def _shade(height: np.ndarray, size: float) -> np.ndarray:
    """Return brightness: dim at the limbs' edges, even towards their middle."""
    soft = cv2.GaussianBlur(height.astype(np.float32), (0, 0), max(0.02 * size, 0.5))
    return 0.62 + 0.38 * np.clip(soft / (0.10 * size), 0, 1) ** 0.6
