"""FACS action units as vertex displacements at full intensity, the two sides of the face apart.

Most are sums of the mesh's 52 face units. Three had to be completed, since the stock units lack what observers code
(Ekman, Friesen and Hager 2002): the inner brows drawn together in AU4, the fold between nose and cheek in AU12 and
AU10, and the chin boss pushed up in AU17. The completions are smooth bumps of our own, in the mesh's neutral shape.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from multimodal.data.people.body import SIDES, SKIN_VERTICES, Body, load_body

UNITS: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26, 45)
"""The action units that can be animated; 45 is the blink."""

GAZES: tuple[str, ...] = ("left", "right", "up", "down")
"""Where an eye can look, in the picture."""

# The face units that make up each action unit. {s} is the side, spelled as the mesh does; names without it cover
# both sides and are shared out by a smooth step across the midline.
_RECIPES: dict[int, dict[str, float]] = {
    1: {"browInnerUp": 1.0},
    2: {"browOuterUp{s}": 1.0},
    4: {"browDown{s}": 0.8},
    5: {"eyeWide{s}": 1.0},
    6: {"cheekSquint{s}": 0.8, "eyeSquint{s}": 0.4},
    7: {"eyeSquint{s}": 1.0, "eyeBlink{s}": 0.12},
    9: {"noseSneer{s}": 1.0, "mouthUpperUp{s}": 0.25, "browDown{s}": 0.15},
    10: {"mouthUpperUp{s}": 1.0, "noseSneer{s}": 0.2},
    12: {"mouthSmile{s}": 0.45},
    14: {"mouthDimple{s}": 0.7},
    15: {"mouthFrown{s}": 1.0},
    17: {"mouthShrugLower": 0.9, "mouthShrugUpper": 0.3},
    20: {"mouthStretch{s}": 1.0},
    23: {"mouthRollUpper": 0.35, "mouthRollLower": 0.35, "mouthPucker": 0.25},
    24: {"mouthRollUpper": 0.5, "mouthRollLower": 0.3},
    25: {"mouthLowerDown{s}": 0.8, "mouthUpperUp{s}": 0.25},
    26: {"jawOpen": 0.4},
    45: {"eyeBlink{s}": 1.0},
}

# Bumps for the picture's right side: centre, radius (both dm), displacement (dm). The left side mirrors them.
_Bump = tuple[tuple[float, float, float], float, tuple[float, float, float]]
_BUMPS: dict[int, tuple[_Bump, ...]] = {
    4: (((0.15, 7.47, 1.46), 0.11, (-0.030, -0.008, 0.008)), ((0.07, 7.40, 1.49), 0.08, (-0.012, -0.008, 0.004))),
    10: (((0.28, 6.86, 1.38), 0.10, (0.004, 0.030, 0.020)),),
    12: (((0.48, 6.74, 1.34), 0.18, (0.018, 0.070, 0.045)), ((0.25, 6.78, 1.42), 0.06, (0.010, 0.020, -0.022))),
    17: (((0.05, 6.30, 1.45), 0.13, (0.000, 0.042, 0.014)),),
    24: (((0.28, 6.60, 1.42), 0.14, (-0.022, 0.000, 0.000)),),
}

# Skin drawn together towards a point: centre and radius (dm), share of the way. The dimpler and the lip presser tighten
# the corner of the mouth; the stock units lift it, which is a smile.
_SINKS: dict[int, tuple[tuple[float, float, float], float, float]] = {
    14: ((0.38, 6.60, 1.36), 0.20, 0.40),
    24: ((0.30, 6.60, 1.42), 0.12, 0.15),
}

_LOOKS: dict[tuple[str, str], str] = {
    ("left", "left"): "eyeLookOutRight",
    ("left", "right"): "eyeLookInRight",
    ("right", "left"): "eyeLookInLeft",
    ("right", "right"): "eyeLookOutLeft",
}


@functools.lru_cache(maxsize=1)
def action_units() -> Mapping[tuple[int, str], Float[np.ndarray, "vertices 3"]]:
    """Return the displacement of every action unit and side at full intensity.

    Returns:
        ``{(unit, "left" | "right"): displacement [V, 3]}`` in decimetres, for every unit in ``UNITS``; left and right
        are the picture's for a person who faces the camera. Displacements add up linearly.
    """
    return {(unit, side): _build(load_body(), unit, side) for unit in UNITS for side in SIDES}


@functools.lru_cache(maxsize=1)
def gaze_units() -> Mapping[tuple[str, str], Float[np.ndarray, "vertices 3"]]:
    """Return what the lids do when an eye looks aside: ``{(direction, eye's side): displacement [V, 3]}``."""
    body, looks = load_body(), {}
    for side in SIDES:
        for direction in GAZES:
            name = _LOOKS.get((side, direction)) or f"eyeLook{direction.title()}{_mesh_side(side)}"
            looks[direction, side] = _skin(body.units[name].dense(len(body.vertices)))
    return looks


def displace(
    vertices: Float[np.ndarray, "vertices 3"], intensities: Mapping[tuple[int, str], float]
) -> Float[np.ndarray, "vertices 3"]:
    """Return ``vertices`` with the action units at these intensities (0 none, 1 full), in decimetres."""
    moved = vertices.copy()
    for key, intensity in intensities.items():
        moved += np.float32(intensity) * action_units()[key]
    return moved


def _build(body: Body, unit: int, side: str) -> np.ndarray:
    total = np.zeros_like(body.vertices)
    share = _side_share(body.vertices, side)
    for pattern, weight in _RECIPES[unit].items():
        name = pattern.format(s=_mesh_side(side))
        moved = body.units[name].dense(len(body.vertices)) * np.float32(weight)
        total += moved if "{s}" in pattern else moved * share
    sign = 1.0 if side == "right" else -1.0
    for centre, radius, offset in _BUMPS.get(unit, ()):
        total += _bump(body.vertices, np.array(centre), radius, np.array(offset), sign)
    if unit in _SINKS:
        centre, radius, part = _SINKS[unit]
        total += _sink(body.vertices, np.array(centre) * [sign, 1.0, 1.0], radius, part)
    return _skin(total)


def _bump(vertices: np.ndarray, centre: np.ndarray, radius: float, offset: np.ndarray, sign: float) -> np.ndarray:
    mirror = np.array([sign, 1.0, 1.0])
    squared = ((vertices - centre * mirror) ** 2).sum(axis=1, keepdims=True)
    return (np.exp(-0.5 * squared / radius**2) * offset * mirror).astype(np.float32)


def _sink(vertices: np.ndarray, centre: np.ndarray, radius: float, part: float) -> np.ndarray:
    away = vertices - centre
    near = np.exp(-0.5 * (away**2).sum(axis=1, keepdims=True) / radius**2)
    return (-part * near * away).astype(np.float32)


def _side_share(vertices: np.ndarray, side: str) -> np.ndarray:
    """Share midline tissue out between the sides: a smooth step of 0.2 dm half width; both sides add up to one."""
    step = np.clip(vertices[:, :1] / 0.4 + 0.5, 0.0, 1.0)
    right = step * step * (3 - 2 * step)
    return (right if side == "right" else 1 - right).astype(np.float32)


def _skin(displacement: np.ndarray) -> np.ndarray:
    """Leave helpers where they are: eyeballs turn, they do not bend."""
    displacement[SKIN_VERTICES:] = 0.0
    return displacement


def _mesh_side(side: str) -> str:
    """Return the mesh's word for the picture's side: its Left is the person's."""
    return "Right" if side == "left" else "Left"
