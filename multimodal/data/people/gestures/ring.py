"""A hand's shape, and how thumb and index close to a ring whatever the fingers' lengths are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from multimodal.data.people.hand_bones import Angles, Direction, Fingers, Thumb, finger_bones, tips

_GAP = np.array([0.05, -0.05, 0.02])
"""From the end of the index's bone to that of the thumb's: the pulps lie between, dm."""


@dataclass(frozen=True)
class Shape:
    """The fingers of a hand, as in ``hands.Sign``; ``roll``: how far the index turns about its length, degrees."""

    fingers: Fingers
    thumb: Thumb
    roll: float = 0.0


def ring(shape: Shape, joints: Float[np.ndarray, "5 4 3"], rng: np.random.Generator) -> Shape:
    """Bend the index towards the thumb, round or flat, and let the thumb's tip meet its tip.

    Args:
        shape: The other fingers.
        joints: Of the unposed hand.
        rng: Where chance comes from.
    """
    spread, first, second, third = rng.normal((12, 40, 68, 34), (3, 6, 8, 9)).tolist()
    index: Angles = (spread, first, second, third)
    bent = replace(shape, fingers=(index, *shape.fingers[1:]), roll=float(rng.normal(30, 6)))
    bones = finger_bones(joints, bent.fingers, shape.thumb, bent.roll)
    return replace(bent, thumb=_thumb_to(tips(joints, bones)[1] + _GAP, joints))


def _thumb_to(place: np.ndarray, joints: np.ndarray) -> Thumb:
    """Return the thumb whose tip is at a place: its first bone points there half, the two others bend outwards."""
    lengths = np.linalg.norm(np.diff(joints[0], axis=0), axis=1)
    first = _unit(_unit(place - joints[0, 0]) + np.array([0.35, 0.1, 0.25]))
    start = joints[0, 0] + lengths[0] * first
    way = place - start
    nearest, farthest = abs(lengths[1] - lengths[2]) + 0.02, 0.999 * (lengths[1] + lengths[2])
    distance = float(np.clip(np.linalg.norm(way), nearest, farthest))
    along = (distance**2 + lengths[1] ** 2 - lengths[2] ** 2) / (2 * distance)
    out = np.array([0.6, -0.6, 0.3])
    way = _unit(way)
    aside = _unit(out - (out @ way) * way)
    bend = along * way + np.sqrt(max(lengths[1] ** 2 - along**2, 0.0)) * aside
    return _direction(first), _direction(bend), _direction(distance * way - bend)


def _direction(vector: np.ndarray) -> Direction:
    x, y, z = (float(value) for value in _unit(vector))
    return x, y, z


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / np.maximum(np.linalg.norm(vector), 1e-9))
