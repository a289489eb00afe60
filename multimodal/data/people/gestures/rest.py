"""Hands that make no sign: hanging, resting, typing, holding something, at the face.

All is told of a right hand in the world of ``figure``: the person faces +z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from multimodal.data.people.gestures.ring import Shape
from multimodal.data.people.gestures.signs import swayed
from multimodal.data.people.hand_bones import Angles, Direction, Thumb, about, held
from multimodal.data.people.hand_poses import POSES

_RELAXED: Thumb = ((0.60, 0.66, 0.44), (0.42, 0.86, 0.28), (0.32, 0.92, 0.20))
_OPPOSED: Thumb = ((0.45, 0.60, 0.66), (0.25, 0.70, 0.66), (0.05, 0.85, 0.52))

AT_FACE: tuple[str, ...] = (
    "fingers-over-mouth", "nails-at-teeth", "knuckles-at-mouth", "chin-on-fist", "thinking", "hand-on-cheek",
    "cheek-on-fist", "face-in-palm", "pinch-nose-bridge", "eye-rub", "palm-over-mouth", "hand-to-brow",
)  # fmt: skip
"""The poses of ``hand_poses`` that are no sign."""


@dataclass(frozen=True)
class Rest:
    """A way to keep a hand.

    Attributes:
        low, high: Between which corners the wrist is, dm.
        way: Rotation from the hand frame to the world.
        sway: How far it may be turned about the vertical, tipped and rolled, degrees.
        curl: Middle bend of a finger's joints, degrees, and its spread.
        thumb: Directions of the thumb's bones.
        holds: What the hand holds: ``phone``, ``cup`` or nothing.
    """

    low: Direction
    high: Direction
    way: Float[np.ndarray, "3 3"]
    sway: Direction = (20.0, 12.0, 15.0)
    curl: tuple[float, float] = (26.0, 9.0)
    thumb: Thumb = _RELAXED
    holds: str = ""


def _frame(fingers: Direction, palm: Direction) -> np.ndarray:
    """Return the hand whose fingers and palm look into these directions."""
    y = np.array(fingers) / np.linalg.norm(fingers)
    z = np.array(palm) - (np.array(palm) @ y) * y
    z /= np.linalg.norm(z)
    return np.stack([np.cross(y, z), y, z], axis=1)


RESTS: dict[str, Rest] = {
    "hanging": Rest((-2.7, 0.5, -0.3), (-1.9, 1.2, 0.9), _frame((0, -1, 0.1), (0.85, 0, -0.5)), (35, 8, 10), (20, 8)),
    "hip": Rest((-1.9, 1.2, 0.8), (-1.4, 2.0, 1.4), _frame((0.75, -0.6, 0.2), (0.3, 0.2, -0.9)), (15, 10, 20)),
    "lap": Rest((-1.6, 0.9, 2.2), (-0.5, 1.8, 3.4), _frame((0.5, -0.15, 0.85), (0.1, -1, 0)), (25, 12, 15), (24, 9)),
    "typing": Rest((-1.8, 1.9, 2.2), (-0.5, 3.2, 3.8), _frame((0.2, 0.1, 1), (0, -1, 0.1)), (18, 14, 14), (30, 8)),
    "chest": Rest((-1.6, 3.4, 2.0), (-0.3, 5.0, 3.2), _frame((0.8, 0.5, 0.2), (0.3, -0.1, -1)), (25, 18, 22), (34, 12)),
    "talking": Rest((-3.0, 3.4, 1.8), (-1.0, 5.2, 3.6), _frame((0.4, 0.7, 0.6), (0.6, 0.3, -0.2)), (40, 25, 30),
                    (38, 8)),
    "crossed": Rest((-0.6, 3.6, 1.7), (0.5, 4.5, 2.3), _frame((1, 0.15, -0.1), (0, -0.3, -1)), (8, 8, 10), (22, 8)),
    "phone": Rest((-2.2, 4.0, 2.0), (-0.6, 6.6, 3.4), _frame((0.75, 0.55, 0.2), (0.25, 0, -1)), (18, 10, 16), (38, 6),
                  _OPPOSED, "phone"),
    "cup": Rest((-1.8, 3.4, 2.2), (-0.6, 5.6, 3.2), _frame((0.7, 0.15, 0.7), (0.7, 0, -0.6)), (18, 8, 10), (40, 5),
                _OPPOSED, "cup"),
}  # fmt: skip
"""Ways to keep a hand, by name."""

OFTEN: dict[str, float] = {"hanging": 0.26, "hip": 0.08, "lap": 0.08, "typing": 0.09, "chest": 0.08, "talking": 0.12,
                           "crossed": 0.04, "phone": 0.12, "cup": 0.05, "face": 0.08}  # fmt: skip
"""How often each is drawn; ``face`` is one of ``AT_FACE``."""


def sample_rest_shape(rest: Rest, rng: np.random.Generator) -> Shape:
    """Draw fingers bent about as much as the way of resting has them, the little one most."""
    middle, spread = rest.curl
    curl = float(np.clip(rng.normal(middle, spread), 6, 62))
    fan = float(rng.uniform(0.2, 1.0))
    rows = [_curled(curl * (0.85 + 0.12 * k) + float(rng.normal(0, 4)), base * fan, rng)
            for k, base in enumerate((6, 1, -4, -9))]  # fmt: skip
    return Shape((rows[0], rows[1], rows[2], rows[3]), swayed(rest.thumb, rng, 0.08))


def sample_rest_turn(rest: Rest, rng: np.random.Generator) -> Float[np.ndarray, "3 3"]:
    """Draw how a resting hand is turned in the world."""
    yaw, pitch, roll = (rng.uniform(-1, 1, 3) * rest.sway).tolist()
    return about((0, 1, 0), yaw) @ about((1, 0, 0), pitch) @ about((0, 0, 1), roll) @ rest.way


def at_face(name: str, rng: np.random.Generator) -> tuple[Shape, Float[np.ndarray, "3 3"], Direction]:
    """Return one of ``AT_FACE``: the fingers, the turn in the world, and which place of the hand is at the mouth."""
    pose = POSES[name]
    roll, tip = rng.normal(0, 7, 2).tolist()
    turn = about((0, 0, 1), roll) @ about((1, 0, 0), tip) @ held(pose.sign.turn)
    fingers = [_jittered(angles, rng) for angles in pose.sign.fingers]
    return Shape((fingers[0], fingers[1], fingers[2], fingers[3]), swayed(pose.sign.thumb, rng, 0.04)), turn, pose.grip


def _curled(curl: float, spread: float, rng: np.random.Generator) -> Angles:
    first, second, third = (curl * np.array([0.95, 1.15, 0.6]) + rng.normal(0, 3, 3)).tolist()
    return float(spread + rng.normal(0, 2)), first, second, third


def _jittered(angles: Angles, rng: np.random.Generator) -> Angles:
    spread, first, second, third = (np.array(angles) + rng.normal(0, (2, 4, 4, 3))).tolist()
    return spread, first, second, third
