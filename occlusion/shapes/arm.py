"""The arm behind a cut-out hand: from where the cut-out ends out of the picture, in a sleeve or bare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from occlusion.shapes.surface import Layer, Sheet, Skin, paint, tube
from occlusion.shapes.texture import RGB, mix, noise, pattern

_ELBOW = 0.70
"""Half the arm's breadth at the elbow, eye distances."""

_STEPS = 96

_FABRICS = ("plain", "plain", "knit", "ribs", "twill", "stripes", "upright stripes", "tartan", "gingham", "dots")
_DYES: tuple[RGB, ...] = (
    (0.13, 0.14, 0.18), (0.20, 0.27, 0.42), (0.45, 0.46, 0.48), (0.72, 0.72, 0.70), (0.90, 0.89, 0.86),
    (0.48, 0.15, 0.17), (0.24, 0.36, 0.28), (0.62, 0.52, 0.38), (0.36, 0.26, 0.42), (0.70, 0.48, 0.20),
)  # fmt: skip


@dataclass(frozen=True)
class Arm:
    """The course of an arm in the picture, pixels.

    Attributes:
        end: Where the hand's picture is cut off, (x, y).
        way: In which direction the arm goes on there, unit length.
        width: How broad it is there.
        elbow: How far away the elbow is, from where on it hangs down.
        unit: The distance between the eyes.
    """

    end: Float[np.ndarray, "2"]
    way: Float[np.ndarray, "2"]
    width: float
    elbow: float
    unit: float

    def tube(self, shape: tuple[int, int], before: float, spare: float) -> Float[np.ndarray, "rows columns 3"] | None:
        """Return its surface, from ``before`` the end (pixels) to where it leaves the picture.

        Args:
            shape: The picture's height and width.
            before: How much of the hand's picture it lies over.
            spare: By how much it is broader than the arm, 1 not at all.

        Returns:
            A grid for a ``Sheet``, or None where it begins outside the picture already.
        """
        places = np.linspace(0, float(np.hypot(*shape)) + before + self.elbow, _STEPS)
        path = self._course(places, before)
        radius = spare * np.interp(places, [before, before + self.elbow], [self.width / 2, self._thick()])
        inside = _within(path, radius, shape)
        if not inside[0]:
            return None
        # Beyond the picture's border nobody sees it, and it would only cost time.
        stop = max(2, int(np.argmin(inside)) + 1 if not inside.all() else _STEPS)
        # The elbow is nearer the camera than the hand: that gives the cuff its curve.
        return tube(np.column_stack([path, -0.25 * places])[:stop], radius[:stop], columns=33)

    def _course(self, places: np.ndarray, before: float) -> np.ndarray:
        """Go on straight, and in a bend downwards about the elbow, where it was not going downwards before."""
        share = np.clip((places - before - 0.7 * self.elbow) / (0.8 * self.elbow), 0, 1)[:, None]
        share = share * share * (3 - 2 * share)
        ways = (1 - share) * self.way + share * (0.35 * self.way + (0, 1))
        ways /= np.maximum(np.linalg.norm(ways, axis=1, keepdims=True), 1e-6)
        steps = ways[:-1] * np.diff(places)[:, None]
        return self.end - before * self.way + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])

    def _thick(self) -> float:
        return max(_ELBOW * self.unit, self.width / 2)


def sleeve(arm: Arm, shape: tuple[int, int], rng: np.random.Generator) -> Layer:
    """Draw the arm in a sleeve that begins a little before the cut; how broad, and of what, comes from chance."""
    before = float(rng.uniform(0.35, 0.6)) * arm.width
    points = arm.tube(shape, before, float(rng.uniform(1.16, 1.4)))
    skin = _fabric(rng)
    return _painted(shape, points, skin, arm.unit, 0.62)


def bare(arm: Arm, shape: tuple[int, int], colour: Float[np.ndarray, "3"], rng: np.random.Generator) -> Layer:
    """Draw the bare arm; it begins well under the hand's picture, which is to fade into it."""
    mottle = noise(rng, 0.25, 0.018)
    return _painted(
        shape, arm.tube(shape, 0.9 * arm.width, 1.0), lambda x, y: colour * (1 + mottle(x, y))[:, None], arm.unit, 0.5
    )


def _within(path: np.ndarray, radius: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Tell which parts of a tube can be seen in the picture."""
    room = 1.5 * radius[:, None]
    return np.asarray(((path > -room) & (path < np.array(shape[::-1]) + room)).all(axis=1))


def _painted(shape: tuple[int, int], points: np.ndarray | None, skin: Skin, unit: float, shaded: float) -> Layer:
    """Paint a tube with a skin that takes places in eye distances: round the tube, and along it from its beginning."""
    if points is None:
        return np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
    around = float(np.linalg.norm(np.diff(points[len(points) // 2], axis=0), axis=1).sum()) / unit
    along = float(np.linalg.norm(np.diff(points[:, 0, :2], axis=0), axis=1).sum()) / unit
    return paint(shape, [Sheet(points, lambda s, t: skin(s * around, t * along), shaded=shaded)])


def _fabric(rng: np.random.Generator) -> Skin:
    """Return cloth with a cuff and folds across."""
    name = _FABRICS[int(rng.integers(len(_FABRICS)))]
    first, second = (np.array(_DYES[int(k)]) for k in rng.choice(len(_DYES), 2, replace=False))
    figure, folds, gain = pattern(name, rng), noise(rng, 0.55, 0.05), float(rng.uniform(0.85, 1.1))
    share = {"plain": 0.06, "knit": 0.25, "ribs": 0.25, "twill": 0.35}.get(name, 0.85)
    cuff = float(rng.uniform(0.12, 0.4))

    def skin(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        seam = np.exp(-(((y - cuff) / 0.016) ** 2)) + 0.8 * np.exp(-((y / 0.02) ** 2))
        light = gain * (1 + folds(x, 2.2 * y)) * (1 - 0.28 * seam)
        cloth = mix((first[0], first[1], first[2]), (second[0], second[1], second[2]), share * figure(x, y))
        return np.asarray(cloth * light[:, None])

    return skin
