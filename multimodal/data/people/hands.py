"""The body's hand, posed into signs: fingers bent at their joints by linear blend skinning with the rig's weights.

Hand frame: origin at the wrist, y to the middle knuckle, z out of the palm, x to the thumb's side; with y up and z to
the camera it is the person's right hand, which is on the picture's left, palm shown. The other hand is its mirror.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from multimodal.data.people import skin
from multimodal.data.people.body import data_folder, load_body, vertex_normals
from multimodal.data.people.hand_bones import (
    Angles,
    Bone,
    Direction,
    Fingers,
    Thumb,
    between,
    finger_bones,
    held,
)
from multimodal.data.people.render import Mesh, Part, open_sky
from multimodal.data.people.skin import Look

_SURFACE = (0.35, 18.0, 0.35)
_SLEEVE = (0.2, 8.0, 0.0)

_STRAIGHT: Angles = (0, 5, 5, 4)
_BENT = (82, 100, 62)
_CLOSED = (-4, 0, 4, 9)
_THUMB_OUT: Thumb = ((0.80, 0.50, 0.35), (0.80, 0.60, 0.10), (0.72, 0.70, -0.02))
_THUMB_ACROSS: Thumb = ((0.45, 0.70, 0.55), (-0.10, 0.62, 0.78), (-0.80, 0.45, 0.40))


@dataclass(frozen=True)
class Sign:
    """A hand's shape, and how it is held to the camera.

    Attributes:
        fingers: Of the index, middle, ring and little finger: spread (degrees, to the thumb's side), then how far
            each of the three joints is bent.
        thumb: Direction of its three bones in the hand frame.
        turn: How the hand is held, degrees: first about its length (thumb away from the camera
            positive), then fingers tipped towards the camera, then turned in the picture plane (clockwise).
        arm: Where the elbow lies, seen from the wrist, in the world.
    """

    fingers: Fingers
    thumb: Thumb
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    arm: Direction = (-0.15, -1.0, -0.25)


def _fingers(*straight: int, spread: Sequence[float] = (9, 2, -5, -13)) -> Fingers:
    """Return the four fingers, those named (0 index to 3 little) straight, the others curled."""
    shapes = [(spread[k], *_STRAIGHT[1:]) if k in straight else (_CLOSED[k], *_BENT) for k in range(4)]
    return shapes[0], shapes[1], shapes[2], shapes[3]


_LIKE_THUMB: Thumb = ((0.80, 0.45, 0.38), (0.97, 0.20, 0.05), (0.98, 0.05, -0.18))

SIGNS: dict[str, Sign] = {
    "palm": Sign(_fingers(0, 1, 2, 3), _THUMB_OUT),
    "stop": Sign(_fingers(0, 1, 2, 3, spread=(2, 1, -1, -3)), ((0.6, 0.75, 0.3), (0.35, 0.93, 0.1), (0.25, 0.97, 0.0))),
    "fist": Sign(_fingers(), _THUMB_ACROSS),
    "like": Sign(_fingers(), _LIKE_THUMB, turn=(0.0, 120.0, -94.0), arm=(-0.3, -0.8, -0.5)),
    "dislike": Sign(_fingers(), _LIKE_THUMB, turn=(0.0, 104.0, 95.0), arm=(0.2, -0.8, -0.5)),
    "one": Sign(_fingers(0), _THUMB_ACROSS),
    "peace": Sign(_fingers(0, 1, spread=(13, -9, 0, 0)), _THUMB_ACROSS),
    "two_up": Sign(_fingers(0, 1, spread=(2, 0, 0, 0)), _THUMB_ACROSS),
    "three": Sign(_fingers(0, 1, 2, spread=(12, 1, -10, 0)), ((0.4, 0.7, 0.6), (-0.25, 0.6, 0.75), (-0.85, 0.2, 0.45))),
    "four": Sign(_fingers(0, 1, 2, 3, spread=(12, 3, -5, -14)), ((0.4, 0.7, 0.6), (-0.3, 0.6, 0.7), (-0.9, 0.3, 0.3))),
    "rock": Sign(_fingers(0, 3, spread=(8, 0, 0, -12)), _THUMB_ACROSS),
    "call": Sign(_fingers(3, spread=(0, 0, 0, -22)), _THUMB_OUT),
    # Found by a random search for tips that touch, thumb and index bent evenly.
    "ok": Sign(
        ((7, 46, 37, 45), (0, 12, 10, 8), (-6, 8, 8, 6), (-14, 5, 5, 4)),
        ((0.51, 0.60, 0.62), (0.01, 0.80, 0.60), (-0.48, 0.73, 0.50)),
        turn=(45.0, 0.0, 0.0),
    ),
}
"""The signs by their HaGRID names."""


@dataclass(frozen=True)
class _Rig:
    """Part of the body mesh: forearm and hand of the person's right, in the hand frame.

    ``vertices [V, 3]``, ``weights [V, 17]`` (forearm, palm, then three bones for each of five fingers, the thumb
    first), ``joints [5, 4, 3]``, ``index [V]`` in the body mesh, triangles and texture coordinates by patch.
    """

    vertices: Float[np.ndarray, "vertices 3"]
    weights: Float[np.ndarray, "vertices 17"]
    joints: Float[np.ndarray, "5 4 3"]
    index: Int[np.ndarray, "vertices"]
    triangles: Mapping[str, Int[np.ndarray, "_ 3"]]
    uv: Mapping[str, Float[np.ndarray, "_ 3 2"]]


class Hand:
    """A hand with its forearm, in the skin of one person.

    Args:
        look: The person's colours.
        vertices: The person's shape, or None for the neutral mesh's.
        mirrored: False for the person's right hand (the picture's left), True for the other.

    Attributes:
        rest, rest_normals: ``[V, 3]``, its vertices unposed, in the frame of a right hand (dm), and their normals.
        bones: ``[V, 17]``, how much each bone holds a vertex: forearm, palm, three for each finger, the thumb first.
        joints: ``[5, 4, 3]``, the fingers' joints unposed.
    """

    def __init__(self, look: Look, vertices: Float[np.ndarray, "body 3"] | None = None, mirrored: bool = False) -> None:
        self._rig = _cut_rig(load_body().vertices if vertices is None else vertices)
        self._flip = np.array([-1.0 if mirrored else 1.0, 1.0, 1.0])
        order = [0, 2, 1] if mirrored else [0, 1, 2]
        textures = {name: skin.paint(name, look) for name in self._rig.triangles}
        self._parts = [
            Part(triangles[:, order], self._rig.uv[name][:, order], textures[name],
                 _SURFACE if name == "hands" else _SLEEVE)
            for name, triangles in self._rig.triangles.items()
        ]  # fmt: skip
        self._triangles = np.concatenate([part.triangles for part in self._parts])
        self.rest, self.bones, self.joints = self._rig.vertices, self._rig.weights, self._rig.joints
        self.rest_normals = vertex_normals(self.rest, self._triangles[:, order])
        self._sky: dict[Sign, np.ndarray] = {}

    def mesh(self, sign: Sign, wrist: Direction, size: float = 1.0) -> Mesh:
        """Return the hand in a sign.

        Args:
            sign: Shape and how it is held; for a mirrored hand its mirror.
            wrist: Where the wrist is in the world, dm.
            size: How much larger than the body's own.
        """
        local = _place(self._rig, sign) * self._flip
        normals = vertex_normals(local, self._triangles)
        if sign not in self._sky:
            self._sky = {sign: open_sky(local, normals, self._triangles, directions=24)}
        place = (local * size + np.array(wrist)).astype(np.float32)
        return Mesh(place, normals, self._sky[sign], self._parts)


def blend(first: Sign, second: Sign, share: float) -> Sign:
    """Return a sign on the way from ``first`` (share 0) to ``second`` (share 1)."""

    def mix(a: Sequence[float], b: Sequence[float]) -> tuple[float, ...]:
        return tuple((1 - share) * x + share * y for x, y in zip(a, b, strict=True))

    fingers = tuple(mix(a, b) for a, b in zip(first.fingers, second.fingers, strict=True))
    thumb = tuple(mix(a, b) for a, b in zip(first.thumb, second.thumb, strict=True))
    return Sign(fingers, thumb, mix(first.turn, second.turn), mix(first.arm, second.arm))  # type: ignore[arg-type]


def _place(rig: _Rig, sign: Sign) -> np.ndarray:
    """Bend the fingers, hold the hand, and let the forearm come from the elbow's side."""
    turn = held(sign.turn)
    elbow = turn.T @ (np.array(sign.arm) / np.linalg.norm(sign.arm))
    origin = np.zeros(3)
    bones = [Bone(between(np.array([0.0, -1.0, 0.0]), elbow), origin, origin), Bone(np.eye(3), origin, origin)]
    bones += finger_bones(rig.joints, sign.fingers, sign.thumb)
    bent = np.zeros_like(rig.vertices, dtype=np.float64)
    for weight, bone in zip(rig.weights.T, bones, strict=True):
        bent += weight[:, None] * ((rig.vertices - bone.origin) @ bone.rotation.T + bone.target)
    return np.asarray(bent @ turn.T)


def _cut_rig(vertices: np.ndarray) -> _Rig:
    weights, index, triangles, uv = _arm()
    joints = np.stack([[_joint(vertices, f"finger-{k}-{j}") for j in range(1, 5)] for k in range(1, 6)])
    wrist = _joint(vertices, "hand")
    y = joints[2, 0] - wrist
    y /= np.linalg.norm(y)
    z = np.cross(y, joints[4, 0] - joints[1, 0])
    z /= np.linalg.norm(z)
    frame = np.stack([np.cross(y, z), y, z])
    local = (vertices[index] - wrist) @ frame.T
    # A sleeve hangs loose about the arm.
    whole = np.concatenate(list(triangles.values()))
    local = local + 0.06 * weights[:, :1] * vertex_normals(local, whole)
    forearm = between((_joint(vertices, "elbow") - wrist) @ frame.T, np.array([0.0, -1.0, 0.0]))
    local = local * (1 - weights[:, :1]) + (local @ forearm.T) * weights[:, :1]
    return _Rig(local, weights, (joints - wrist) @ frame.T, index, triangles, uv)


def _joint(vertices: np.ndarray, name: str) -> np.ndarray:
    return np.asarray(vertices[load_body().groups[f"joint-r-{name}"]].mean(axis=0), np.float64)


@functools.lru_cache(maxsize=1)
def _arm() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return bone weights, vertex numbers, triangles and texture coordinates of the right forearm and hand."""
    count = len(load_body().vertices)
    path = data_folder() / "mpfb2" / "rigs" / "standard" / "weights.default.json"
    table = json.loads(path.read_text())["weights"]
    palm = ("wrist.R", *(f"metacarpal{k}.R" for k in range(1, 5)))
    bones = [("lowerarm01.R", "lowerarm02.R"), palm]
    bones += [(f"finger{k}-{j}.R",) for k in range(1, 6) for j in range(1, 4)]
    weights = np.zeros((count, len(bones)), np.float32)
    for column, names in enumerate(bones):
        for vertex, weight in (row for name in names for row in table[name]):
            weights[vertex, column] += weight
    keep = weights.sum(axis=1) > 0.6
    number = np.cumsum(keep) - 1
    triangles, uv = {}, {}
    for name in ("hands", "torso"):
        patch = skin.patches()[name]
        inside = keep[patch.triangles].all(axis=1)
        triangles[name], uv[name] = number[patch.triangles[inside]], patch.uv[inside]
    kept = weights[keep]
    return kept / kept.sum(axis=1, keepdims=True), np.flatnonzero(keep), triangles, uv
