"""Pictures of fabricated clips: a texture of which a part moves, or a rendered person who shows the expression."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import UInt8

from multimodal.testing.takes import Take

if TYPE_CHECKING:
    from multimodal.data.people.person import Person

_MOVING = {"negative": (0.35, 1.0), "positive": (0.7, -1.0), "surprise": (0.25, -1.0)}
"""Where the moving part lies from top to bottom, 0 to 1, and whether it goes down or up."""


def draw(take: Take, frame: int, side: int, faces: bool, seed: int) -> UInt8[np.ndarray, "side side 3"]:
    """Draw one frame of a take, RGB.

    Args:
        take: The expression.
        frame: Number of the frame.
        side: Of the picture, pixels; for faces at least 120.
        faces: A rendered person instead of a texture; the face tracker finds it.
        seed: Of the people.
    """
    return _face(take, frame, side, seed) if faces else _texture(take, frame, side, seed)


def _texture(take: Take, frame: int, side: int, seed: int) -> UInt8[np.ndarray, "side side 3"]:
    rng = np.random.default_rng([seed, take.person])
    grain = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), 1.5)
    where, way = _MOVING[take.expression]
    y, x = np.mgrid[:side, :side].astype(np.float32)
    push = 2 * way * take.strength(frame) * np.exp(-(((y / side - where) / 0.15) ** 2))
    moved = cv2.remap(grain, x, (y - push).astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    grey = np.clip(128 + 160 * moved, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _face(take: Take, frame: int, side: int, seed: int) -> UInt8[np.ndarray, "side side 3"]:
    from multimodal.data.people.person import Pose
    from multimodal.data.people.render import Camera, Lighting, develop, render

    who = _person(seed, take.person)
    x, y, z = (float(value) for value in who.eye_middle())
    camera = Camera((x, y - 0.35, z + 10), 0.25 * side * 10 / who.eye_distance(), side, side)
    level = 0.35 * take.strength(frame)
    moved = {(int(unit), part): level for unit in take.units.split("+") for part in ("left", "right")}
    wall = np.full((side, side, 3), 0.25, np.float32)
    noise = np.random.default_rng([seed, take.person, take.number, frame])
    return develop(render(who.meshes(Pose(moved)), camera, Lighting(), wall, 2), noise)


@functools.lru_cache(maxsize=4)
def _person(seed: int, number: int) -> Person:
    from multimodal.data.people.person import Person

    return Person.sample(np.random.default_rng([seed, number]))
