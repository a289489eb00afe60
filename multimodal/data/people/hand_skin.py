"""The skin of a hand near to: palm and back, nails, creases at the joints, lines of the palm.

Everything is a function of the place on the unposed hand (decimetres, the hand frame of ``hands``), so that it moves
with the skin.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from occlusion.shapes.canvas import rounded

Pixels = Float[np.ndarray, "pixels"]

_BACK = {finger: np.array(way) for finger, way in enumerate(((0.91, -0.40, -0.12), *((0, 0, -1.0),) * 4))}
"""Which way the nail of each finger looks, the thumb first."""

_LINES = (
    ((-0.42, 0.62), (-0.22, 0.68), (0.02, 0.78), (0.12, 0.92)),
    ((0.30, 0.62), (0.10, 0.56), (-0.14, 0.46), (-0.32, 0.40)),
    ((0.31, 0.64), (0.14, 0.50), (0.06, 0.30), (0.09, 0.08)),
)
"""Heart, head and life line: corners (x, y) in the hand frame."""


@dataclass(frozen=True)
class Places:
    """Places on the unposed hand, one for each pixel in which the hand is seen.

    Attributes:
        points: In the hand frame, dm.
        normals: Of the unposed hand, unit length.
        bones: How much each bone holds the place: forearm, palm, three for each finger, the thumb first.
        joints: ``[5, 4, 3]``, of the unposed hand.
    """

    points: Float[np.ndarray, "pixels 3"]
    normals: Float[np.ndarray, "pixels 3"]
    bones: Float[np.ndarray, "pixels 17"]
    joints: Float[np.ndarray, "5 4 3"]

    def finger(self, number: int) -> Pixels:
        """Return how much a place belongs to a finger, 0 to 1."""
        return self.bones[:, 2 + 3 * number : 5 + 3 * number].sum(axis=1)

    def along(self, number: int, joint: int) -> Pixels:
        """Return how far beyond a joint a place lies, dm along the bone that begins there (or ends, at the tip)."""
        return np.asarray((self.points - self.joints[number, joint]) @ self.bone(number, joint))

    def bone(self, number: int, joint: int) -> Float[np.ndarray, "3"]:
        """Return the direction of a finger's bone that begins at a joint (or ends, at the tip)."""
        start = min(joint, 2)
        bone = self.joints[number, start + 1] - self.joints[number, start]
        return np.asarray(bone / np.linalg.norm(bone))

    def side(self, number: int) -> Pixels:
        """Return 1 where a place looks as the finger's nail does, -1 where it looks away."""
        bone, back = self.bone(number, 2), _BACK[number]
        back = back - (back @ bone) * bone
        return np.asarray(self.normals @ (back / np.linalg.norm(back)))


def palmar(places: Places) -> Pixels:
    """Return how far a place has the skin of the palm, 1, rather than that of the back, 0."""
    thumb = places.finger(0)
    inwards = np.where(thumb > 0.5, -places.side(0), places.normals[:, 2])
    reach = _step(-0.55, 0.15, places.points[:, 1])
    return _step(-0.35, 0.25, inwards) * reach


def nails(places: Places) -> Pixels:
    """Return how far a place is nail, 0 to 1."""
    found = np.zeros(len(places.points))
    for number in range(5):
        length = float(np.linalg.norm(places.joints[number, 3] - places.joints[number, 2]))
        share = places.along(number, 2) / length
        # The root is round: its corners lie farther out.
        root = 0.50 + 0.35 * (1 - places.side(number).clip(0, 1))
        inside = _step(0.52, 0.68, places.side(number)) * _step(root, root + 0.06, share)
        found = np.maximum(found, places.finger(number) * inside)
    return found


def relief(places: Places) -> Pixels:
    """Return how bright creases leave the skin: 1 between them, less in them."""
    inside = palmar(places)
    dark = inside * (_finger_creases(places) + 0.24 * _palm_lines(places)) + (1 - inside) * _knuckles(places)
    return (1 - np.clip(dark, 0, 0.6)) * (1 + (1 - inside) * _tendons(places))


def redness(places: Places) -> Pixels:
    """Return how much redder than the rest a place is: finger tips, knuckles and the ball of the hand, 0 to 1."""
    red = np.zeros(len(places.points))
    for number in range(5):
        tip = _step(0.02, 0.2, places.along(number, 2))
        knuckle = _step(0.0, 0.5, places.side(number)) * (
            _ridge(places.along(number, 1), 0.0, 0.08) + 0.7 * _ridge(places.along(number, 2), 0.0, 0.06)
        )
        red = red + places.finger(number) * (0.7 * tip + 0.5 * knuckle)
    return np.clip(red, 0, 1)


def _finger_creases(places: Places) -> Pixels:
    """Return the lines in which fingers bend: two close ones in the middle, one at the last joint and the root."""
    dark = np.zeros(len(places.points))
    for number in range(5):
        middle, last = places.along(number, 1), places.along(number, 2)
        lines = 0.30 * (_ridge(middle, 0.0, 0.010) + 0.7 * _ridge(middle, 0.028, 0.008)) + 0.32 * _ridge(
            last, 0.0, 0.010
        )
        root = 0.5 * float(np.linalg.norm(places.joints[number, 1] - places.joints[number, 0]))
        if number > 0:
            lines = lines + 0.30 * _ridge(places.along(number, 0), root, 0.012)
        dark = dark + places.finger(number) * lines
    return dark


def _palm_lines(places: Places) -> Pixels:
    flat, dark = places.points[:, :2], np.zeros(len(places.points))
    for line in _LINES:
        dark = np.maximum(dark, _ridge(_distance(flat, rounded(np.array(line), closed=False)), 0.0, 0.013))
    return dark * _step(0.3, 0.7, places.normals[:, 2]) * (1 - places.bones[:, 2:].sum(axis=1))


def _knuckles(places: Places) -> Pixels:
    """Return folds across the back of the joints, and the darker skin about them."""
    dark = np.zeros(len(places.points))
    for number in range(5):
        back = _step(0.1, 0.6, places.side(number)) * places.finger(number)
        for joint, width, strength in ((1, 0.055, 0.24), (2, 0.032, 0.16)):
            away = places.along(number, joint)
            folds = 0.5 + 0.5 * np.cos(2 * np.pi * (away / 0.026 + 0.3 * number))
            dark = dark + back * strength * _ridge(away, 0.0, width) * (0.45 + 0.9 * folds**2)
        dark = dark + 0.10 * _step(0.1, 0.6, places.side(number)) * _ridge(places.along(number, 0), 0.0, 0.09) * (
            number > 0
        ) * _ridge(np.linalg.norm(places.points - places.joints[number, 0], axis=1), 0.0, 0.16)
    return dark


def _tendons(places: Places) -> Pixels:
    """Return the light on the tendons of the fingers, and the dark between them, on the back of the hand."""
    flat, light = places.points[:, :2], np.zeros(len(places.points))
    for number in range(1, 5):
        line = np.array([places.joints[number, 0, :2], places.joints[number, 0, :2] * (0.35, 0.1)])
        away = _distance(flat, line)
        light = light + 0.06 * _ridge(away, 0.0, 0.022) - 0.05 * _ridge(away, 0.06, 0.03)
    on_back = _step(0.3, 0.8, -places.normals[:, 2]) * places.bones[:, 1]
    return light * on_back * _step(0.1, 0.5, flat[:, 1])


def _distance(points: Float[np.ndarray, "pixels 2"], line: Float[np.ndarray, "corners 2"]) -> Pixels:
    """Return how far points lie from an open line."""
    nearest = np.full(len(points), np.inf)
    for start, end in itertools.pairwise(line):
        way = end - start
        share = np.clip((points - start) @ way / (way @ way), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(points - start - share[:, None] * way, axis=1))
    return nearest


def _ridge(value: np.ndarray, place: float, width: float) -> np.ndarray:
    return np.exp(-(((value - place) / width) ** 2))


def _step(low: np.ndarray | float, high: np.ndarray | float, value: np.ndarray) -> np.ndarray:
    """Return a smooth step from 0 at ``low`` to 1 at ``high``."""
    share = np.clip((value - low) / (np.asarray(high) - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))
