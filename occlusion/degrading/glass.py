"""What lies on a lens or stands before it: fog, grease, dirt, drops, pressed glass. None of it moves with the head.

Maps are drawn once, for a whole picture; places are measured from the face in the onset frame, in eye distances.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from occlusion.occluder import Scene
from occlusion.shapes.canvas import ellipse, filled, rounded, stroked
from occlusion.shapes.texture import noise

Map = Float[np.ndarray, "height width"]


def places(scene: Scene) -> tuple[Map, Map]:
    """Return how far each pixel lies to the right of the face's middle and below it, eye distances."""
    middle = scene.landmarks[:, :2].mean(axis=0)
    y, x = np.mgrid[: scene.shape[0], : scene.shape[1]].astype(np.float32)
    unit = max(scene.unit, 1.0)
    return (x - middle[0]) / unit, (y - middle[1]) / unit


def mottled(scene: Scene, size: float, turn: float = 0.0, stretch: float = 1.0) -> Map:
    """Return a smooth random field of mean 0 and deviation 1.

    Args:
        size: Of its grains, eye distances.
        turn: Along which direction grains are stretched, radians.
        stretch: How many times.
    """
    x, y = places(scene)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    field = noise(scene.rng, size)(along.ravel() / stretch, across.ravel())
    return field.reshape(scene.shape).astype(np.float32)


def fog(scene: Scene) -> Map:
    """Return how thick breath lies on a lens, 0 to 1: thick over the face, thinner in patches."""
    x, y = places(scene)
    thick = 1.15 - 0.12 * np.hypot(x, y) + 0.13 * mottled(scene, 1.2)
    return np.clip(thick, 0.35, 1).astype(np.float32)


def smears(scene: Scene) -> tuple[Map, float]:
    """Return how much grease lies where a finger was wiped across the lens, 0 to 1, and the direction, radians."""
    rng, unit = scene.rng, scene.unit
    turn = float(rng.uniform(-0.9, 0.9))
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    middle, strokes = scene.landmarks[:, :2].mean(axis=0), []
    for start in np.linspace(-0.75, 0.75, 4):
        bow, end = rng.normal(0, 0.2), rng.uniform(1.0, 1.8, 2)
        path = np.array([(-end[0], start + bow), (0, start - bow), (end[1], start + rng.normal(0, 0.2))])
        strokes.append(rounded(middle + unit * (path[:, :1] * along + path[:, 1:] * across), closed=False))
    wiped = cv2.GaussianBlur(stroked(scene.shape, strokes, 0.5 * unit), (0, 0), 0.06 * unit + 0.3)
    streaks = 0.8 + 0.25 * mottled(scene, 0.06, turn, 12.0)
    return np.clip(wiped * streaks, 0, 1).astype(np.float32), turn


def dirt(scene: Scene) -> tuple[Map, Map]:
    """Return how much light an old film lets through, and how much stray light it adds, both 0 to 1."""
    stain = np.clip(mottled(scene, 0.7) + 0.25 * mottled(scene, 0.12), -1.5, 1.5)
    specks, scratches = _specks(scene), _scratches(scene)
    through = (0.66 - 0.10 * stain) * (1 - 0.8 * specks)
    stray = (0.17 + 0.05 * stain) * (1 - specks) + 0.35 * scratches
    return np.clip(through, 0, 1).astype(np.float32), np.clip(stray, 0, 1).astype(np.float32)


def drops(scene: Scene, count: int = 160) -> tuple[Map, Map, Map]:
    """Return where, pixels, each pixel of a pane with drops on it looks (x, y), and how bright it is, 0 to 1."""
    y, x = np.mgrid[: scene.shape[0], : scene.shape[1]].astype(np.float32)
    look, light = (x.copy(), y.copy()), np.ones(scene.shape, np.float32)
    for place, radius in _apart(scene, count):
        part = _part(scene.shape, place, 1.3 * radius)
        away = x[part] - place[0], (y[part] - place[1]) * 0.85
        far = np.hypot(*away) / radius
        # A drop is a short lens: what lies around shows in it upside down and small, most of all at its rim.
        power = -1.5 - 2 * far**2
        for plane, offset, start in zip(look, away, place, strict=True):
            plane[part] = np.where(far < 1, start + power * offset, plane[part])
        # Its rim is dark above and hardly below, where the sky shows in it.
        rim = np.clip(1 - np.abs(far - 0.93) / 0.2, 0, 1) * (0.27 - 0.24 * np.clip(away[1] / radius, -1, 1))
        light[part] *= 1 - rim * (far < 1.13)
    return *look, light


def reeds(scene: Scene) -> tuple[Map, Map]:
    """Return where each pixel looks through reeded glass: every rib shows a wide strip of the picture, turned over."""
    rng, unit = scene.rng, max(scene.unit, 1.0)
    turn, wide = float(rng.normal(0, 0.05)), float(rng.uniform(0.2, 0.3)) * unit
    y, x = np.mgrid[: scene.shape[0], : scene.shape[1]].astype(np.float32)
    along = (x * np.cos(turn) + y * np.sin(turn)) / wide + float(rng.uniform(0, 1))
    off = (along - np.floor(along) - 0.5) * wide
    push = -2.6 * off
    return (x + push * np.cos(turn)).astype(np.float32), (y + push * np.sin(turn)).astype(np.float32)


def pebbles(scene: Scene) -> tuple[Map, Map]:
    """Return where each pixel looks through pebbled glass, which bends light by its bumps."""
    unit = scene.unit
    y, x = np.mgrid[: scene.shape[0], : scene.shape[1]].astype(np.float32)
    push = [0.085 * unit * mottled(scene, 0.16) for _ in range(2)]
    return x + push[0], y + push[1]


def _apart(scene: Scene, count: int) -> list[tuple[np.ndarray, float]]:
    """Return places and radii, pixels, of things around the face that do not touch, the large ones first."""
    rng, unit = scene.rng, max(scene.unit, 1.0)
    middle, kept = scene.landmarks[:, :2].mean(axis=0), list[tuple[np.ndarray, float]]()
    for radius in -np.sort(-np.exp(rng.uniform(np.log(0.05), np.log(0.3), count))) * unit:
        place = middle + rng.normal(0, 1.3 * unit, 2)
        if all(np.hypot(*(place - other)) > 1.15 * (radius + reach) for other, reach in kept):
            kept.append((place, float(radius)))
    return kept


def _specks(scene: Scene, count: int = 120) -> Map:
    """Return grains of dirt, 0 to 1, most of them small."""
    rng, unit = scene.rng, scene.unit
    middle, specks = scene.landmarks[:, :2].mean(axis=0), np.zeros(scene.shape, np.float32)
    for _ in range(count):
        centre, radius = middle + rng.normal(0, 1.3 * unit, 2), unit * float(np.exp(rng.uniform(-5.5, -3.2)))
        part = _part(scene.shape, centre, 3 * radius + 2)
        size = (specks[part].shape[0], specks[part].shape[1])
        if min(size) > 0:
            corner = np.array([part[1].start, part[0].start])
            grain = filled(size, ellipse(centre - corner, (radius, radius * float(rng.uniform(0.5, 1)))))
            specks[part] = np.maximum(specks[part], grain * float(rng.uniform(0.3, 1)))
    return specks


def _scratches(scene: Scene, count: int = 26) -> Map:
    """Return fine bright lines, mostly upright, as in film that has often run through a projector."""
    rng, unit = scene.rng, scene.unit
    middle, total = scene.landmarks[:, :2].mean(axis=0), np.zeros(scene.shape, np.float32)
    for _ in range(count):
        start, lean = middle + rng.normal(0, unit, 2), np.cumsum(rng.normal(0, 0.08, 5))
        line = start + unit * float(rng.uniform(0.3, 2.5)) * np.column_stack([lean, np.linspace(-0.5, 0.5, 5)])
        fine = stroked(scene.shape, [rounded(line, closed=False)], max(0.008 * unit, 0.34))
        total = np.maximum(total, fine * float(rng.uniform(0.2, 0.8)))
    return total


def _part(shape: tuple[int, int], centre: np.ndarray, reach: float) -> tuple[slice, slice]:
    """Return the part of a picture around a place, perhaps empty."""
    x0, y0 = (int(np.floor(v - reach)) for v in centre)
    x1, y1 = (int(np.ceil(v + reach)) + 1 for v in centre)
    return slice(max(y0, 0), max(min(y1, shape[0]), 0)), slice(max(x0, 0), max(min(x1, shape[1]), 0))
