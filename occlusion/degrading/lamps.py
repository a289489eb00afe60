"""Lamps beside a face: what their light, and things in its way, make of a relief."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from occlusion.degrading.relief import Relief, unshadowed
from occlusion.degrading.sensor import GAMMA
from occlusion.shapes.texture import RGB, noise

Gobo = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""How much light passes at places across a beam, eye distances from between the eyes, 0 to 1."""


@dataclass(frozen=True)
class Lamp:
    """A distant lamp.

    Attributes:
        towards: From the face to it: x to the right, y down, z away from the camera; of any length.
        colour: RGB on skin that faces it, linear, in the light of the picture as it was.
        wrap: How far its light comes round, 0 for a small lamp, about .5 for a large window.
        edge: Over which range of slopes it goes from dark to full, 1 as on a matt ball; less is harder.
        soft: Its size in radians, for shadows.
        gobo: What stands in its way: nothing, blinds, leaves or window.
    """

    towards: tuple[float, float, float]
    colour: RGB
    wrap: float = 0.0
    edge: float = 1.0
    soft: float = 0.12
    gobo: str = ""

    def mirrored(self) -> Lamp:
        """Return it on the other side."""
        x, y, z = self.towards
        return replace(self, towards=(-x, y, z))

    @property
    def direction(self) -> Float[np.ndarray, "3"]:
        """The unit vector towards it."""
        return np.array(self.towards) / float(np.linalg.norm(self.towards))


class Beam:
    """A lamp's light on one face; shadows and gobos are found in the onset frame and go along with the head.

    Args:
        lamp: The lamp.
        relief: The face.
        fine: Pixels of the relief's canvas an eye distance.
        rng: Where the gobo's chance comes from.
    """

    def __init__(self, lamp: Lamp, relief: Relief, fine: float, rng: np.random.Generator) -> None:
        self._lamp, self._normals = lamp, relief.normals
        passes = unshadowed(relief, lamp.direction, fine, lamp.soft)
        if lamp.gobo:
            passes = passes * _across(relief, lamp.direction, GOBOS[lamp.gobo](rng))
        self._passes = passes.astype(np.float32)

    def on(self, turn: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "height width"]:
        """Return how brightly the face is lit after a turn of the head since the onset, 0 to 1."""
        towards = (turn.T @ self._lamp.direction).astype(np.float32)
        facing = (self._normals @ towards + self._lamp.wrap) / (self._lamp.edge * (1 + self._lamp.wrap))
        return np.clip(facing, 0, 1) * self._passes

    @property
    def colour(self) -> Float[np.ndarray, "3"]:
        """The lamp's colour."""
        return np.array(self._lamp.colour, np.float32)


def as_factor(light: Float[np.ndarray, "height width 3"]) -> Float[np.ndarray, "height width 3"]:
    """Return by what the values of a picture, which are not linear, are multiplied in a linear light."""
    return np.power(light, np.float32(1 / GAMMA))


def _across(relief: Relief, direction: np.ndarray, gobo: Gobo) -> np.ndarray:
    """Return a gobo's light where its beam falls on the face."""
    side = np.cross([0.0, 1.0, 0.0], direction)
    side = side / max(float(np.linalg.norm(side)), 1e-6)
    along = np.cross(direction, side)
    return gobo(relief.places @ side.astype(np.float32), relief.places @ along.astype(np.float32))


def _blinds(rng: np.random.Generator) -> Gobo:
    gap, tilt, phase = float(rng.uniform(0.28, 0.42)), float(rng.normal(0, 0.08)), float(rng.uniform(0, 1))
    return lambda x, y: np.clip(0.5 + 2.6 * np.sin(2 * np.pi * ((y + tilt * x) / gap + phase)), 0, 1)


def _leaves(rng: np.random.Generator) -> Gobo:
    coarse, fine = noise(rng, 0.55), noise(rng, 0.22, 0.5)

    def passes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        dapple = coarse(x.ravel(), y.ravel()) + fine(x.ravel(), y.ravel())
        return np.clip(0.45 + 1.8 * dapple, 0, 1).reshape(x.shape)

    return passes


def _window(rng: np.random.Generator) -> Gobo:
    """Return a window with bars across and down."""
    wide, high, bar = float(rng.uniform(0.7, 1.0)), float(rng.uniform(0.8, 1.1)), 0.13
    left, top = rng.uniform(0.2, 0.8, 2)

    def passes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        near = [np.abs((v / size + start) % 1 - 0.5) * size for v, size, start in ((x, wide, left), (y, high, top))]
        return np.clip((near[0] - bar / 2) * 18, 0, 1) * np.clip((near[1] - bar / 2) * 18, 0, 1)

    return passes


GOBOS: dict[str, Callable[[np.random.Generator], Gobo]] = {"blinds": _blinds, "leaves": _leaves, "window": _window}
"""What may stand in a lamp's way, by name."""
