"""Where people hold a hand when they show a sign, or rest: an arm that can do it, drawn by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from multimodal.data.people.gestures.elbow import ArmRig, Reach, reach
from multimodal.data.people.gestures.figure import ArmPose
from multimodal.data.people.gestures.rest import AT_FACE, OFTEN, RESTS, at_face, sample_rest_shape, sample_rest_turn
from multimodal.data.people.gestures.ring import Shape
from multimodal.data.people.gestures.signs import sample_shape, sample_turn
from multimodal.data.people.hand_bones import Direction, finger_bones

_TRIES = 24
_EASY = 1.3

_RAISED = ((-3.3, 4.4, 1.2), (-0.7, 7.6, 4.2))
_BEFORE_CHEST = ((-2.8, 3.6, 1.9), (0.5, 6.6, 4.2))
_BY_THE_EAR = ((-1.9, 5.3, 0.9), (-1.0, 6.5, 2.2))


@dataclass(frozen=True)
class Held:
    """An arm in place.

    Attributes:
        pose: The arm's.
        angles: Yaw, pitch and roll from the sign's usual way, degrees; zero for a hand at rest.
        style: How it rests, or the sign's name.
        holds: What the hand holds, or nothing.
    """

    pose: ArmPose
    angles: Direction
    style: str
    holds: str = ""


def show(
    sign: str, rig: ArmRig, view: Float[np.ndarray, "3 3"], mouth: Float[np.ndarray, "3"], thick: float,
    rng: np.random.Generator,
) -> Held:  # fmt: skip
    """Draw an arm that shows a sign.

    Args:
        sign: Its name.
        rig: The arm.
        view: Rotation from the camera's axes to the world: signs are shown to the camera.
        mouth: Where the lips are in the world, dm.
        thick: How much thicker the fingers are than the mesh's.
        rng: Where chance comes from.
    """
    shape = sample_shape(sign, rig.joints, rng)
    found: tuple[Reach, Float[np.ndarray, "3 3"], Direction] | None = None
    for _ in range(_TRIES):
        local, angles = sample_turn(sign, rng)
        turn = view @ local
        there = reach(rig, _wrist(sign, shape, turn, rig, mouth, rng), turn)
        if there is not None and (found is None or _price(there, turn, sign) < _price(found[0], found[1], sign)):
            found = there, turn, angles
        if found is not None and _price(found[0], found[1], sign) < _EASY:
            break
    if found is None:
        return show(sign, rig, view, mouth, thick, rng)
    there, turn, angles = found
    return Held(ArmPose(there, turn, shape.fingers, shape.thumb, shape.roll, thick), angles, sign)


def keep_at_rest(
    rig: ArmRig, mouth: Float[np.ndarray, "3"], thick: float, rng: np.random.Generator, style: str = ""
) -> Held:
    """Draw an arm that rests; ``style`` is one of ``rest.OFTEN``, drawn if empty."""
    chosen = style or str(rng.choice(list(OFTEN), p=list(OFTEN.values())))
    found: tuple[Reach, Shape, Float[np.ndarray, "3 3"]] | None = None
    for _ in range(_TRIES):
        shape, turn, wrist = _resting(chosen, mouth, rng)
        there = reach(rig, wrist, turn)
        if there is not None and (found is None or there.cost < found[0].cost):
            found = there, shape, turn
        if found is not None and found[0].cost < _EASY:
            break
    if found is None:
        return keep_at_rest(rig, mouth, thick, rng, "hanging")
    there, shape, turn = found
    holds = RESTS[chosen].holds if chosen in RESTS else ""
    return Held(ArmPose(there, turn, shape.fingers, shape.thumb, 0.0, thick), (0.0, 0.0, 0.0), chosen, holds)


def _resting(style: str, mouth: np.ndarray, rng: np.random.Generator) -> tuple[Shape, np.ndarray, np.ndarray]:
    if style == "face":
        shape, turn, grip = at_face(str(rng.choice(AT_FACE)), rng)
        return shape, turn, mouth + rng.normal(0, 0.15, 3) + (-0.1, 0.0, 0.25) - turn @ np.array(grip)
    rest = RESTS[style]
    return sample_rest_shape(rest, rng), sample_rest_turn(rest, rng), rng.uniform(rest.low, rest.high)


def _wrist(
    sign: str, shape: Shape, turn: np.ndarray, rig: ArmRig, mouth: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw where the wrist is: the middle of the hand lies where people hold it; ``mute`` is on the lips."""
    if sign == "mute":
        bone = finger_bones(rig.joints, shape.fingers, shape.thumb)[5]
        away = np.array([rng.normal(0, 0.06), rng.normal(-0.12, 0.11), rng.uniform(0.10, 0.24)])
        return np.asarray(mouth + away - turn @ bone.target)
    low, high = _RAISED
    if sign in ("like", "dislike"):
        low, high = _BEFORE_CHEST
    if sign == "call" and rng.random() < 0.65:
        low, high = _BY_THE_EAR
    return np.asarray(rng.uniform(low, high) - turn @ np.array([0.0, 0.8, 0.0]))


def _price(there: Reach, turn: np.ndarray, sign: str) -> float:
    """Return how unlikely an arm is: uncomfortable, or through the head or the chest."""
    if sign == "mute":
        return there.cost
    points = there.wrist + np.array([0.0, 0.6, 1.2])[:, None] * turn[:, 1]
    head = np.linalg.norm((points - (0.0, 7.0, 0.5)) / (1.0, 1.35, 1.25), axis=1)
    chest = np.maximum(1.9 - points[:, 2], 0) * (points[:, 1] < 5.7) * (np.abs(points[:, 0]) < 1.9)
    return there.cost + float(30 * np.maximum(1.05 - head, 0).max() + 6 * chest.max())
