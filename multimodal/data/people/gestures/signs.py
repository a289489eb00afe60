"""The signs: how the fingers stand, and how people turn the hand to the camera when they show them.

Names and meanings are HaGRID's (Kapitanov et al. 2024). All is told of a right hand, as in ``hands``; the ranges are
what one sees people do, none is measured (reconstructed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from multimodal.data.people.gestures.ring import Shape, ring
from multimodal.data.people.hand_bones import Angles, Direction, Thumb, about, held
from multimodal.data.people.hands import SIGNS

Turn = tuple[Direction, Direction]
"""Middle and spread of yaw, pitch and roll, degrees."""

_UPRIGHT: Turn = ((4.0, 0.0, 0.0), (16.0, 11.0, 13.0))
_ACROSS = SIGNS["fist"].thumb
_OUT = SIGNS["palm"].thumb
_UP = SIGNS["like"].thumb


@dataclass(frozen=True)
class Spec:
    """One sign.

    Attributes:
        straight: Which fingers are straight, 0 index to 3 little; the others are closed.
        spread: Of the four fingers, degrees to the thumb's side; fan: how much it varies, as a factor of it.
        thumbs: Directions of the thumb's bones: people do one or the other.
        base: How the hand is held before it is turned: see ``held``.
        turn: Yaw, pitch and roll from there.
        loose: How loosely closed fingers are closed, 0 tight to 1.
        apart: Least and greatest angle between index and middle finger, degrees, where the sign depends on it.
    """

    straight: tuple[int, ...]
    spread: Angles
    thumbs: tuple[Thumb, ...]
    base: Direction = (0.0, 0.0, 0.0)
    turn: Turn = _UPRIGHT
    fan: float = 0.3
    loose: float = 0.2
    apart: tuple[float, float] | None = None


_BESIDE: tuple[Thumb, ...] = (
    ((0.42, 0.84, 0.30), (0.20, 0.97, 0.12), (0.08, 0.99, 0.05)),
    ((0.55, 0.74, 0.34), (0.40, 0.90, 0.10), (0.30, 0.95, 0.0)),
)
_FOLDED: tuple[Thumb, ...] = (
    ((0.25, 0.62, 0.74), (-0.62, 0.70, 0.35), (-0.95, 0.30, 0.05)),
    ((0.30, 0.70, 0.65), (-0.50, 0.80, 0.32), (-0.85, 0.52, 0.05)),
)
_ON_FINGERS: tuple[Thumb, ...] = (
    _ACROSS,
    ((0.46, 0.70, 0.55), (0.02, 0.74, 0.67), (-0.52, 0.74, 0.42)),
    ((0.42, 0.70, 0.57), (-0.22, 0.58, 0.78), (-0.86, 0.30, 0.42)),
)
_BY_THE_SIDE: Thumb = ((0.42, 0.78, 0.46), (0.05, 0.86, 0.50), (-0.40, 0.82, 0.40))
_STOP_SPREAD = (2.0, 0.5, -0.5, -2.5)

SPECS: Mapping[str, Spec] = {
    "call": Spec((3,), (0, 0, 0, -24), (_OUT, _UP), (180, 0, 62), ((4, 0, 0), (22, 12, 18)), loose=0.45),
    "dislike": Spec((), (4, 0, -3, -8), (_UP,), (0, 0, 90), ((-18, 0, 0), (22, 12, 12)), loose=0.25),
    "fist": Spec((), (4, 0, -3, -8), (*_ON_FINGERS, _BY_THE_SIDE), turn=((4, -4, 0), (18, 14, 12)), loose=0.05),
    "four": Spec((0, 1, 2, 3), (11, 3, -5, -14), _FOLDED),
    "like": Spec((), (4, 0, -3, -8), (_UP,), (180, 0, 90), ((-20, 0, 0), (24, 10, 13)), loose=0.25),
    "mute": Spec((0,), (3, 0, -2, -6), _ON_FINGERS, (106, 0, 0), ((0, -4, 4), (21, 8, 9)), loose=0.4),
    "ok": Spec((1, 2, 3), (7, 0, -8, -17), (_OUT,), turn=((16, 0, 0), (20, 10, 13))),
    "one": Spec((0,), (4, 0, 3, 8), _ON_FINGERS),
    "palm": Spec((0, 1, 2, 3), (13, 3, -7, -19), (_OUT, ((0.88, 0.40, 0.28), (0.92, 0.38, 0.05), (0.90, 0.42, -0.05)))),
    "peace": Spec((0, 1), (13, -12, 2, 6), _ON_FINGERS, apart=(21, 44)),
    "peace_inverted": Spec((0, 1), (13, -12, 2, 6), _ON_FINGERS, (180, 0, 0), apart=(21, 44)),
    "rock": Spec((0, 3), (7, 0, 2, -14), _ON_FINGERS),
    "stop": Spec((0, 1, 2, 3), _STOP_SPREAD, _BESIDE, fan=0.5),
    "stop_inverted": Spec((0, 1, 2, 3), _STOP_SPREAD, _BESIDE, (180, 0, 0), fan=0.5),
    "three": Spec((0, 1, 2), (12, 1, -10, 0), _FOLDED),
    "three2": Spec((0, 1), (11, -8, 0, 2), (_OUT,), loose=0.5, apart=(10, 36)),
    "two_up": Spec((0, 1), (1, 0.5, 2, 6), _ON_FINGERS, apart=(-5, 0)),
    "two_up_inverted": Spec((0, 1), (1, 0.5, 2, 6), _ON_FINGERS, (180, 0, 0), apart=(-5, 0)),
}  # fmt: skip
"""The eighteen signs by name; ``no_gesture`` is in ``rest``."""


def sample_shape(sign: str, joints: Float[np.ndarray, "5 4 3"], rng: np.random.Generator) -> Shape:
    """Draw how one person's fingers stand in a sign.

    Args:
        sign: One of ``SPECS``.
        joints: Of the person's unposed hand.
        rng: Where chance comes from.

    Raises:
        KeyError: There is no such sign.
    """
    spec = SPECS[sign]
    tight = float(np.clip(rng.normal(0, 4), -6, 8)) - 14 * spec.loose
    spread = _spread(spec, rng)
    shapes = [
        _straight(spread[k], rng) if k in spec.straight else _closed(spread[k], tight, spec.loose, rng)
        for k in range(4)
    ]
    if sign in ("two_up", "two_up_inverted", "stop", "stop_inverted"):
        shapes = _level(shapes, spec.straight)
    thumb = swayed(spec.thumbs[int(rng.integers(len(spec.thumbs)))], rng, 0.05)
    shape = Shape((shapes[0], shapes[1], shapes[2], shapes[3]), thumb)
    return ring(shape, joints, rng) if sign == "ok" else shape


def sample_turn(sign: str, rng: np.random.Generator) -> tuple[Float[np.ndarray, "3 3"], Direction]:
    """Draw how a hand is turned to the camera: hand frame to the camera's axes (x right, y up, z to the camera).

    Returns:
        The rotation, and its yaw, pitch and roll from the sign's usual way, degrees.
    """
    spec = SPECS[sign]
    base = (0.0, 0.0, 40.0) if sign == "call" and rng.random() < 0.04 else spec.base
    if sign == "ok" and rng.random() < 0.12:
        base = (180.0, 0.0, 0.0)
    middle, wide = np.array(spec.turn)
    yaw, pitch, roll = (middle + wide * np.clip(rng.normal(0, 1, 3), -2.2, 2.2)).tolist()
    return turned(base, (yaw, pitch, roll)), (yaw, pitch, roll)


def turned(base: Direction, turn: Direction) -> Float[np.ndarray, "3 3"]:
    """Return a hand held as ``base``, then turned about the vertical, tipped to the camera, rolled (clockwise)."""
    yaw, pitch, roll = turn
    return about((0, 0, 1), -roll) @ about((1, 0, 0), pitch) @ about((0, 1, 0), yaw) @ held(base)


def _spread(spec: Spec, rng: np.random.Generator) -> np.ndarray:
    spread = np.array(spec.spread) * (1 + spec.fan * rng.normal(0, 0.6)) + rng.normal(0, 1.5, 4)
    if spec.apart is not None:
        apart = float(np.clip(spread[0] - spread[1], *spec.apart))
        middle = float(spread[:2].mean())
        spread[:2] = middle + apart / 2, middle - apart / 2
    return np.asarray(spread)


def _straight(spread: float, rng: np.random.Generator) -> Angles:
    bends = np.array([2.0, 6.0, 5.0]) + rng.normal(0, 1, 3) * (7.0, 5.0, 3.0)
    return float(spread), float(bends[0]), float(max(bends[1], -2)), float(max(bends[2], -4))


def _closed(spread: float, tight: float, loose: float, rng: np.random.Generator) -> Angles:
    bends = np.array([80.0, 101.0, 46.0]) + tight * np.array([1.0, 1.1, 0.8]) + rng.normal(0, 5, 3) * (1 + loose)
    return float(spread), float(min(bends[0], 92)), float(min(bends[1], 110)), float(np.clip(bends[2], 15, 70))


def _level(shapes: list[Angles], straight: tuple[int, ...]) -> list[Angles]:
    """Let fingers that lie side by side bend alike: pressed together they cannot cross."""
    mean = np.mean([shapes[k][1:] for k in straight], axis=0)
    level = [np.array(shape[1:]) * 0.25 + mean * 0.75 for shape in shapes]
    return [
        (shape[0], *(float(bend) for bend in level[k])) if k in straight else shape  # type: ignore[misc]
        for k, shape in enumerate(shapes)
    ]


def swayed(thumb: Thumb, rng: np.random.Generator, much: float) -> Thumb:
    """Return a thumb whose bones point a little elsewhere, all alike and each for itself."""
    common = rng.normal(0, much, 3)
    bones = [np.array(bone) + common + rng.normal(0, 0.5 * much, 3) for bone in thumb]
    first, second, third = ((float(b[0]), float(b[1]), float(b[2])) for b in bones)
    return first, second, third
