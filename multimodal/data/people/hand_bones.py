"""How the bones of a hand turn: joint angles and directions in, rotations out.

Hand frame: origin at the wrist, y to the middle knuckle, z out of the palm, x to the thumb's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Angles = tuple[float, float, float, float]
Direction = tuple[float, float, float]
Fingers = tuple[Angles, Angles, Angles, Angles]
Thumb = tuple[Direction, Direction, Direction]


class Bone(NamedTuple):
    """Where a bone goes: what was at ``origin`` comes to ``target``, all about it is turned by ``rotation``."""

    rotation: Float[np.ndarray, "3 3"]
    origin: Float[np.ndarray, "3"]
    target: Float[np.ndarray, "3"]


def finger_bones(joints: Float[np.ndarray, "5 4 3"], fingers: Fingers, thumb: Thumb, roll: float = 0.0) -> list[Bone]:
    """Return the fifteen bones of the fingers in the hand frame, the thumb's three first.

    Args:
        joints: Of the unposed hand.
        fingers: Spread and three bends of each of the four fingers, degrees.
        thumb: Directions of its bones.
        roll: How far the index turns about its length, so that it bends towards the thumb, degrees.
    """
    bones = []
    for finger in range(5):
        if finger == 0:
            turns = _thumb_turns(joints, thumb)
        else:
            turns = _finger_turns(joints, finger, fingers[finger - 1], roll if finger == 1 else 0.0)
        target = joints[finger, 0].astype(np.float64)
        for bone, turn in enumerate(turns):
            bones.append(Bone(turn, joints[finger, bone].astype(np.float64), target))
            target = target + turn @ (joints[finger, bone + 1] - joints[finger, bone])
    return bones


def tips(joints: Float[np.ndarray, "5 4 3"], bones: Sequence[Bone]) -> Float[np.ndarray, "5 3"]:
    """Return where the tips of the fingers come to, in the hand frame, the thumb's first."""
    last = [bones[3 * finger + 2] for finger in range(5)]
    return np.stack([bone.target + bone.rotation @ (joints[k, 3] - bone.origin) for k, bone in enumerate(last)])


def _finger_turns(joints: np.ndarray, finger: int, angles: Angles, roll: float) -> list[np.ndarray]:
    bones = np.diff(joints[finger], axis=0)
    bones /= np.linalg.norm(bones, axis=1, keepdims=True)
    at_rest = np.degrees(np.arctan2(bones[0, 0], bones[0, 1]))
    spread = about((0, 0, 1), at_rest - angles[0])
    axis = spread @ about((0, 0, 1), -at_rest) @ np.array([1.0, 0.0, 0.0])
    bent_at_rest = np.degrees(np.arctan2(bones[:, 2], np.hypot(bones[:, 0], bones[:, 1])))
    wanted, along = np.cumsum(angles[1:]), tuple(spread @ bones[0])
    rolled = about(along, roll)
    axis = rolled @ axis
    return [about(tuple(axis), wanted[k] - bent_at_rest[k]) @ rolled @ spread for k in range(3)]


def _thumb_turns(joints: np.ndarray, directions: Thumb) -> list[np.ndarray]:
    bones = np.diff(joints[0], axis=0)
    return [between(bone, np.array(wanted)) for bone, wanted in zip(bones, directions, strict=True)]


def held(turn: Direction) -> Float[np.ndarray, "3 3"]:
    """Return the rotation of a hand held to the camera; ``turn`` as in ``hands.Sign``."""
    about_length, towards, in_plane = turn
    return about((0, 0, 1), -in_plane) @ about((1, 0, 0), towards) @ about((0, 1, 0), about_length)


def about(axis: Sequence[float], degrees: float) -> Float[np.ndarray, "3 3"]:
    """Return the rotation about an axis (Rodrigues)."""
    x, y, z = np.array(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def between(start: Float[np.ndarray, "3"], end: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    """Return the shortest rotation that turns one direction into another."""
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    axis = np.cross(start, end)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        return np.eye(3)
    return about(tuple(axis / sine), float(np.degrees(np.arctan2(sine, start @ end))))
