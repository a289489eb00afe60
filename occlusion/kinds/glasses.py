"""Sunglasses and clear glasses: lenses before both eyes, a bridge and temples."""

from __future__ import annotations

import numpy as np

from occlusion.canvas import ellipse, filled, rounded, stroked
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder

_ANCHORS = (33, 263, 133, 362, 168, 6, 117, 346)
_TINTS = ((0.03, 0.03, 0.03), (0.10, 0.06, 0.03), (0.04, 0.07, 0.05), (0.05, 0.06, 0.12), (0.14, 0.05, 0.06))
_FRAMES = ((0.05, 0.05, 0.05), (0.30, 0.18, 0.08), (0.55, 0.48, 0.25), (0.65, 0.66, 0.68), (0.45, 0.08, 0.10))


@register_occluder("sunglasses", styles=("dark",))
def draw_sunglasses(scene: Scene) -> Drawing:
    """Draw sunglasses whose shape, size, tint and frame come from chance."""
    return _spectacles(scene, float(scene.rng.uniform(0.86, 0.99)))


@register_occluder("glasses", styles=("thin",))
def draw_glasses(scene: Scene) -> Drawing:
    """Draw clear glasses: the frame hides, the lenses hardly do."""
    return _spectacles(scene, float(scene.rng.uniform(0.0, 0.12)))


def _spectacles(scene: Scene, darkness: float) -> Drawing:
    rng, unit = scene.rng, scene.unit
    lenses = _lenses(scene)
    glass = np.maximum(*(filled(scene.shape, lens) for lens in lenses))
    wires = [np.concatenate([lens, lens[:1]]) for lens in lenses] + _bars(scene, lenses)
    wire = stroked(scene.shape, wires, float(rng.uniform(0.03, 0.09)) * unit)
    tint, frame = (np.array(table[int(rng.integers(len(table)))]) for table in (_TINTS, _FRAMES))
    picture = tint * _gradient(scene, lenses, float(rng.uniform(0, 2)))[..., None]
    picture = picture * (1 - wire[..., None]) + frame * wire[..., None]
    alpha = np.maximum(glass * darkness, wire)
    outline = np.concatenate([lenses[0], lenses[1]])
    return Drawing(np.clip(picture, 0, 1).astype(np.float32), alpha, outline, _ANCHORS, shadow=0.2 * darkness)


def _axes(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return the face's right and down directions in the picture, each as long as one eye distance seen there."""
    left, right = scene.points(33, 133).mean(axis=0), scene.points(362, 263).mean(axis=0)
    down = scene.points(197)[0] - scene.points(9)[0]
    return right - left, down * (scene.unit / max(float(np.hypot(*down)), 1e-6))


def _lenses(scene: Scene) -> list[np.ndarray]:
    rng = scene.rng
    wide, high, power, drop = (
        rng.uniform(0.36, 0.45),
        rng.uniform(0.26, 0.38),
        rng.uniform(2, 4),
        rng.uniform(0.02, 0.1),
    )
    across, down = _axes(scene)
    shape = ellipse(np.zeros(2), (float(wide), float(high)), float(power))
    centres = scene.points(33, 133).mean(axis=0), scene.points(362, 263).mean(axis=0)
    return [c + (shape[:, :1] * across + (shape[:, 1:] + drop) * down) for c in centres]


def _bars(scene: Scene, lenses: list[np.ndarray]) -> list[np.ndarray]:
    """Return the bridge and, where the ears can be seen, the temples."""
    across, down = _axes(scene)
    inner = lenses[0][np.argmax(lenses[0] @ across)], lenses[1][np.argmin(lenses[1] @ across)]
    arch = (inner[0] + inner[1]) / 2 - 0.06 * down
    outer = lenses[0][np.argmin(lenses[0] @ across)], lenses[1][np.argmax(lenses[1] @ across)]
    ears = scene.points(127, 356)
    # On a turned head the far temple lies behind the face.
    temples = [
        np.stack([end, ear])
        for end, ear, sign in zip(outer, ears, (-1, 1), strict=True)
        if sign * (ear - end) @ across > 0
    ]
    return [rounded(np.array([inner[0], arch, inner[1]]), closed=False), *temples]


def _gradient(scene: Scene, lenses: list[np.ndarray], strength: float) -> np.ndarray:
    """Return brightness that grows downwards, as in graded lenses, with a faint reflection of the sky."""
    _, down = _axes(scene)
    y, x = np.mgrid[: scene.shape[0], : scene.shape[1]]
    middle = np.mean(lenses, axis=(0, 1))
    along = ((x - middle[0]) * down[0] + (y - middle[1]) * down[1]) / max(scene.unit, 1) ** 2
    return 1 + strength * np.clip(along + 0.4, 0, 1) + 1.5 * np.clip(-along - 0.15, 0, 1)
