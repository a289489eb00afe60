"""What glass reflects: windows and lamps of a room, or a landscape under the sky, by the direction one looks in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from occlusion.shapes.texture import RGB, mix, noise

Directions = Float[np.ndarray, "places 3"]

Room = Callable[[Directions], Float[np.ndarray, "places"]]
"""Brightness, 0 to 1, in directions of the picture (x right, y down, z away)."""

Land = Callable[[Directions], Float[np.ndarray, "places 3"]]
"""Colour, 0 to 1, in directions of the picture."""


def mirrored(normals: Directions) -> Directions:
    """Return where the camera's look, which goes away from it, is turned by a mirror with unit normals."""
    return np.asarray(np.array([0.0, 0.0, 1.0]) - 2 * normals[:, 2:] * normals)


def windows(rng: np.random.Generator) -> Room:
    """Return a dim room with windows all round and a lamp above; chance decides where, how large and how bright."""
    start, gap = float(rng.uniform(-0.6, 0.6)), float(rng.uniform(0.8, 1.2))
    boxes = [_box(rng, start + gap * step) for step in range(-3, 4)]
    sheen = float(rng.uniform(0.05, 0.2))

    def room(look: Directions) -> np.ndarray:
        azimuth, up = _angles(look)
        light = sheen * np.clip(0.6 + up, 0, 1.5)
        for box in boxes:
            light = np.maximum(light, box(azimuth, up))
        return np.clip(light, 0, 1)

    return room


def _box(rng: np.random.Generator, azimuth: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return a window of two by two panes, or, one time in three, the long panel of a lamp."""
    lamp = bool(rng.random() < 0.33)
    wide, high = (0.3, 0.05) if lamp else rng.uniform((0.10, 0.12), (0.2, 0.26))
    up = float(rng.uniform(0.0, 0.25) if lamp else rng.uniform(-0.3, 0.1))
    bright, soft, lean = float(rng.uniform(0.35, 1.0)), float(rng.uniform(0.02, 0.07)), float(rng.normal(0, 0.12))

    def box(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        x, y = np.arctan2(np.sin(x - azimuth), np.cos(x - azimuth)) + lean * (y - up), y - up
        inside = _step(wide - np.abs(x), soft) * _step(high - np.abs(y), soft)
        bars = 0.0 if lamp else np.maximum(np.exp(-((x / 0.018) ** 2)), np.exp(-((y / 0.018) ** 2)))
        return np.asarray(bright * inside * (1 - 0.7 * bars))

    return box


def landscape(rng: np.random.Generator) -> Land:
    """Return a bright sky with clouds over a dark line of trees or houses and the ground; chance decides the rest."""
    horizon, ridge, clouds = float(rng.uniform(-0.32, -0.12)), noise(rng, 0.3, 0.035), noise(rng, 0.5, 0.35)
    sun = rng.uniform((-0.7, 0.0), (0.7, 0.2))
    ground: RGB = ((0.40, 0.36, 0.30), (0.33, 0.36, 0.28), (0.38, 0.38, 0.40))[int(rng.integers(3))]

    def land(look: Directions) -> np.ndarray:
        azimuth, up = _angles(look)
        high = up - horizon
        sky = mix((0.93, 0.95, 0.97), (0.38, 0.55, 0.80), np.clip(1.6 * high, 0, 1))
        cloudy = np.clip(0.25 + clouds(azimuth, 3 * up), 0, 0.8)[:, None]
        sky = sky * (1 - cloudy) + 0.95 * cloudy
        earth = np.array(ground, np.float32) * np.clip(1.15 + 1.3 * high, 0.35, 1.1)[:, None]
        scene = _over(sky, earth, _step(-high, 0.02))
        trees = 0.07 + ridge(azimuth, np.zeros_like(azimuth))
        scene = _over(scene, np.full(3, 0.13), _step(trees - high, 0.02) * _step(high + 0.03, 0.02))
        glow = np.exp(-((azimuth - sun[0]) ** 2 + (up - sun[1]) ** 2) / 0.006)
        return np.clip(scene + glow[:, None], 0, 1)

    return land


def _over(back: np.ndarray, front: np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.asarray(back * (1 - share[:, None]) + front * share[:, None])


def _angles(look: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return azimuth (0 towards the camera, growing to the right) and elevation, radians."""
    return np.arctan2(look[:, 0], -look[:, 2]), -np.arcsin(np.clip(look[:, 1], -1, 1))


def _step(value: np.ndarray, soft: float) -> np.ndarray:
    """Turn the sign of a field into 0 and 1 with an edge about twice ``soft`` wide."""
    share = np.clip(0.5 + value / soft / 2, 0, 1)
    return np.asarray(share * share * (3 - 2 * share))
