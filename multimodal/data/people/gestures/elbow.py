"""Where the elbow goes when a hand is held somewhere: of all places that the two bones allow, the most comfortable.

All is told of the right arm, in the world of ``figure``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from multimodal.data.people.hand_bones import about

Vector = Float[np.ndarray, "3"]

_SWIVELS = np.arange(0, 360, 6.0)


@dataclass(frozen=True)
class ArmRig:
    """An unposed right arm.

    Attributes:
        clavicle, shoulder, elbow, wrist: Its joints in the world, dm.
        frame: ``[3, 3]``, rotation from the world to the hand frame.
        joints: ``[5, 4, 3]``, the fingers' joints in the hand frame, the thumb first.
    """

    clavicle: Vector
    shoulder: Vector
    elbow: Vector
    wrist: Vector
    frame: Float[np.ndarray, "3 3"]
    joints: Float[np.ndarray, "5 4 3"]


@dataclass(frozen=True)
class Reach:
    """Where an arm's joints are.

    Attributes:
        girdle: How the shoulder blade turns about the clavicle's inner end.
        shoulder, elbow, wrist: World, dm.
        cost: How uncomfortable it is: about 1 at the edge of ease, 4 at the joints' limits.
    """

    girdle: Float[np.ndarray, "3 3"]
    shoulder: Vector
    elbow: Vector
    wrist: Vector
    cost: float


def reach(rig: ArmRig, wrist: Vector, turn: Float[np.ndarray, "3 3"]) -> Reach | None:
    """Return the most comfortable way to hold a hand, or None where the arm does not reach.

    Args:
        rig: The unposed arm.
        wrist: Where the wrist is to be.
        turn: How the hand is held: rotation from the hand frame to the world.
    """
    girdle = _girdle(rig, wrist)
    shoulder = rig.clavicle + girdle @ (rig.shoulder - rig.clavicle)
    elbows = _elbows(rig, shoulder, wrist)
    if elbows is None:
        return None
    costs = _costs(shoulder, elbows, wrist, turn)
    best = int(costs.argmin())
    return Reach(girdle, shoulder, elbows[best], wrist, float(costs[best]))


def _girdle(rig: ArmRig, wrist: np.ndarray) -> np.ndarray:
    """Lift the shoulder for what is high, bring it forward for what is far across."""
    away = wrist - rig.shoulder
    lift = 20 * np.clip(away[1] / 3.0, 0, 1)
    forward = 14 * np.clip((away[0] + 0.3) / 2.0, 0, 1)
    return about((0, 0, 1), -lift) @ about((0, 1, 0), forward)


def _elbows(rig: ArmRig, shoulder: np.ndarray, wrist: np.ndarray) -> np.ndarray | None:
    """Return the circle of places where the elbow can be."""
    upper = float(np.linalg.norm(rig.elbow - rig.shoulder))
    fore = float(np.linalg.norm(rig.wrist - rig.elbow))
    way = wrist - shoulder
    distance = float(np.linalg.norm(way))
    if not abs(upper - fore) + 0.35 < distance < 0.995 * (upper + fore):
        return None
    way = way / distance
    along = (distance**2 + upper**2 - fore**2) / (2 * distance)
    radius = np.sqrt(max(upper**2 - along**2, 0.0))
    side = np.cross(way, (0.0, 0.0, 1.0) if abs(way[2]) < 0.9 else (0.0, 1.0, 0.0))
    side /= np.linalg.norm(side)
    angle = np.radians(_SWIVELS)[:, None]
    return np.asarray(shoulder + along * way + radius * (np.cos(angle) * side + np.sin(angle) * np.cross(way, side)))


def _costs(shoulder: np.ndarray, elbows: np.ndarray, wrist: np.ndarray, turn: np.ndarray) -> np.ndarray:
    upper, fore = _unit(elbows - shoulder), _unit(wrist - elbows)
    seen = fore @ turn  # in the hand frame
    flexion = np.degrees(np.arctan2(-seen[:, 2], np.hypot(seen[:, 0], np.maximum(seen[:, 1], 0)) + 1e-9))
    deviation = np.degrees(np.arctan2(-seen[:, 0], seen[:, 1]))
    twist = _pronation(upper, fore, turn)
    cost = (flexion / 38) ** 2 + ((deviation + 5) / 17) ** 2 + (np.maximum(np.abs(twist) - 60, 0) / 22) ** 2
    # Elbows hang, and neither go behind the back nor into the chest.
    cost += np.maximum(elbows[:, 1] - shoulder[1] + 0.6, 0) ** 2 * 0.5 + np.maximum(-0.9 - elbows[:, 2], 0) ** 2 * 3
    middle = np.maximum(1.45 - np.abs(elbows[:, 0]), 0) * (elbows[:, 2] < 1.5)
    return np.asarray(cost + 12 * middle)


def _pronation(upper: np.ndarray, fore: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Return how far the hand is turned about the forearm, degrees: 0 thumb up before the body, negative palm down."""
    neutral = _unit(-np.cross(upper, fore))
    palm = turn[:, 2] - (fore @ turn[:, 2])[:, None] * fore
    sine = (np.cross(neutral, palm) * fore).sum(axis=1)
    return np.asarray(np.degrees(np.arctan2(sine, (neutral * palm).sum(axis=1))))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
