"""Things that hands hold: a phone, a cup."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from multimodal.data.people.gestures.light import Layer
from multimodal.data.people.gestures.model import Body
from multimodal.data.people.gestures.walls import any_colour

_SURFACE = (0.1, 40.0, 0.0)
_HALVES = ((0, 1, 2), (0, 2, 3))
"""The two triangles of a face with four corners."""


def held_thing(
    kind: str, wrist: Float[np.ndarray, "3"], turn: Float[np.ndarray, "3 3"], rng: np.random.Generator
) -> Body:
    """Return a ``phone`` or a ``cup`` in a hand; ``wrist`` and ``turn`` carry the hand frame to the world."""
    if kind == "phone":
        points, quads = _box(np.array([1.5, 0.74, 0.09]) / 2)
        middle = np.array([0.15 + rng.normal(0, 0.15), 1.0, 0.36])
    else:
        points, quads = _tube(float(rng.uniform(0.32, 0.45)), float(rng.uniform(0.8, 1.1)))
        middle = np.array([0.0, 0.85, 0.52])
    return solid((points + middle) @ turn.T + wrist, quads, _cover(kind, rng))


def solid(
    points: Float[np.ndarray, "points 3"], quads: Int[np.ndarray, "faces 4"], texture: Float[np.ndarray, "h w 4"]
) -> Body:
    """Return a body of flat faces, anticlockwise seen from outside; each has corners of its own: edges are sharp."""
    corners = points[quads]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    count = len(quads)
    table = np.zeros((4 * count, 10), np.float32)
    table[:, :3], table[:, 3:6] = corners.reshape(-1, 3), np.repeat(normals, 4, axis=0)
    table[:, 6:] = (0.9, -1.0, -1.0, -1.0)
    first = 4 * np.arange(count)[:, None]
    triangles = np.concatenate([first + np.array(half) for half in _HALVES])
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    uv = np.concatenate([np.repeat(square[None, list(half)], count, axis=0) for half in _HALVES])
    return Body(table, [(Layer(triangles, uv, texture, _SURFACE), np.zeros((1, 1, 3), np.float32))])


def _box(half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    return signs * half, quads


def box_at(
    middle: Float[np.ndarray, "3"], axes: Float[np.ndarray, "3 3"], half: Float[np.ndarray, "3"]
) -> tuple[Float[np.ndarray, "8 3"], Int[np.ndarray, "6 4"]]:
    """Return corners and faces of a box; ``axes`` are its directions as columns, right-handed."""
    points, quads = _box(half)
    return points @ axes.T + middle, quads


def textured(colour: Float[np.ndarray, "3"], gloss: float = 0.2) -> Float[np.ndarray, "1 1 4"]:
    """Return a texture of one colour."""
    return np.array([[[*colour, gloss]]], np.float32)


def _tube(radius: float, length: float, sides: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Return a tube along x, the direction of the thumb, closed at its lower end."""
    angle = np.arange(sides) / sides * 2 * np.pi
    ring = np.stack([np.zeros(sides), np.cos(angle), np.sin(angle)], axis=1) * radius
    end = np.array([length / 2, 0.0, 0.0])
    points = np.concatenate([ring - end, ring + end])
    k = np.arange(sides)
    after = (k + 1) % sides
    outside = np.stack([k, after, after + sides, k + sides], axis=1)
    return points, np.concatenate([outside, outside[:, ::-1]])


def _cover(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Paint the thing; a phone has the black eyes of its cameras."""
    texture = np.zeros((64, 64, 4), np.float32)
    texture[..., :3], texture[..., 3] = any_colour(rng), 0.2
    if kind == "phone":
        texture[6:22, 44:58, :3] *= 0.3
        for x, y in ((9, 47), (9, 53), (16, 50)):
            texture[y - 3 : y, x : x + 4, :3] = 0.01
    return texture
