"""Cups, glasses and cans as solids of revolution, millimetres: the rim's middle is the origin, the foot is at +y."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from occlusion.shapes.solids import evenly, limb, tinted
from occlusion.shapes.surface import Sheet, lathe
from occlusion.shapes.texture import RGB, mix

Paint = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Colour at places of an unrolled wall: millimetres around from its front, and from the rim down, to RGB or RGBA."""

Profile = tuple[tuple[float, float], ...]
"""Corners (radius, height), from the rim down."""


@dataclass(frozen=True)
class Shape:
    """A vessel's form.

    Attributes:
        outer: Profile of its outer side, down to the middle of the foot.
        mouth: Radius of what lies at the lips.
        grip: Radius where it is held, and the height of that place.
        fingers: How many fingers find room there.
        tilt: Range of how far it is tipped while drinking, degrees.
        handle: Height of a handle's ends and how far it stands off; None: it is held round the body.
        inside: Whether one can look into it.
    """

    outer: Profile
    mouth: float
    grip: tuple[float, float]
    fingers: int
    tilt: tuple[float, float]
    handle: tuple[float, float, float] | None = None
    inside: bool = True


SHAPES: dict[str, Shape] = {
    "mug": Shape(
        ((40, 0), (42, 1), (42, 80), (41, 92), (34, 95), (32, 92), (0, 92)), 41, (42, 50), 4, (16, 40), (16, 78, 30)
    ),
    "bellied": Shape(
        ((38, 0), (40, 2), (43, 30), (46, 58), (42, 82), (32, 90), (30, 87), (0, 87)),
        *(39, (45, 50), 4, (14, 36), (14, 72, 29)),
    ),
    "enamel": Shape(
        ((42.5, 0), (43, 2), (41, 5), (41, 78), (38, 81), (0, 81)), 42, (41, 42), 4, (18, 42), (12, 68, 27)
    ),
    "paper": Shape(
        ((44, 14), (44.5, 15), (31, 120), (30, 122), (29, 116), (0, 116)), 39, (39, 62), 4, (20, 42), inside=False
    ),
    "espresso": Shape(
        ((30, 0), (32, 0), (32.5, 2), (31, 4), (23, 60), (22, 62), (21, 58), (0, 58)), 31, (27, 38), 3, (14, 34)
    ),
    "tumbler": Shape(((37, 0), (39, 0), (39, 3), (34, 105), (31, 108), (0, 107)), 38, (37, 58), 4, (20, 45)),
    "travel": Shape(
        ((40, 20), (40.5, 21), (40.5, 85), (34, 160), (33, 162), (0, 161)), 33, (40, 72), 4, (20, 40), inside=False
    ),
    "bowl": Shape(
        ((58, 0), (60, 1), (59, 22), (52, 48), (34, 64), (29, 66), (28, 74), (25, 74), (24, 68), (0, 67)),
        *(59, (56, 40), 4, (12, 30)),
    ),
    "can": Shape(
        (
            (25, 2),
            (27, 0),
            (27.5, 2),
            (27, 5),
            (33, 15),
            (33, 102),
            (27, 112),
            (24, 114),
            (22, 112),
            (12, 107),
            (0, 105),
        ),
        *(26, (33, 58), 4, (22, 50)),
        inside=False,
    ),
    "beaker": Shape(((33, 0), (35, 1), (35, 4), (29, 92), (27, 94), (26, 91), (0, 91)), 34, (33, 46), 4, (18, 42)),
}
"""The forms by name; true sizes. Those with a lid leave room for it above."""

LIDS: dict[str, Profile] = {
    "paper": ((30, 4), (36, 3), (37, 0), (40, 0), (41, 8), (46, 9), (47.5, 11), (47.5, 16), (46, 18), (43, 18)),
    "travel": ((20, 5), (28, 4), (30, 0), (34, 0), (36, 9), (41, 11), (42, 13), (42, 21), (40, 22)),
}
"""Lids of the forms that have one."""


@dataclass(frozen=True)
class Vessel:
    """A vessel's sheets: its solid ones, those one looks through, and what lies behind the latter."""

    solid: list[Sheet] = field(default_factory=list)
    clear: list[Sheet] = field(default_factory=list)
    within: list[Sheet] = field(default_factory=list)


def wall(
    profile: Profile, paint: Paint, gloss: tuple[float, float] = (0.3, 40.0), shaded: float = 0.6, rows: int = 90
) -> Sheet:
    """Return the wall of a solid of revolution."""
    line = evenly(np.array(profile, np.float64), rows, rounds=2)
    length = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
    radius = float(line[:, 0].max())
    return Sheet(lathe(line, 64), lambda s, t: paint((s - 0.5) * 2 * np.pi * radius, t * length), gloss, shaded)


def inner(mouth: float, glaze: RGB, drink: RGB, depth: float = 38.0) -> Sheet:
    """Return the inside, glazed down to what is in it."""
    profile = ((mouth - 1, 0.3), (mouth - 2.5, 1.5), (mouth - 3, depth), (0, depth))
    line = evenly(np.array(profile, np.float64), 40, rounds=0)
    return Sheet(lathe(line, 64), lambda s, t: mix(glaze, drink, np.clip((t * 80 - 41) / 1.5, 0, 1)), (0.1, 20.0))


def handle(shape: Shape, paint: Paint) -> list[Sheet]:
    """Return the handle at the right (+x): an ear of flattened section."""
    if shape.handle is None:
        return []
    top, bottom, off = shape.handle
    wall_at = _radius_at(shape, top), _radius_at(shape, bottom)
    corners = ((wall_at[0] - 4, top), (wall_at[0] + 0.8 * off, top - 3), (wall_at[0] + 1.12 * off, top + 12))
    ends = (
        (wall_at[0] + 1.05 * off, (top + bottom) / 2 + 6),
        (wall_at[1] + 0.55 * off, bottom),
        (wall_at[1] - 4, bottom),
    )
    path = evenly(np.array([(x, y, 0.0) for x, y in (*corners, *ends)]), 60)
    place = np.linspace(0, 1, 60)
    radii = np.stack([6.5 + 2.5 * np.abs(2 * place - 1) ** 3, 4.6 + 0.8 * np.abs(2 * place - 1)], axis=1)
    grid = limb(path, radii, np.array([0.0, 0.0, 1.0]))
    return [Sheet(grid, lambda s, t: paint((s - 0.5) * 40 + 500, top + t * (bottom - top)), (0.3, 40.0), 0.6)]


def _radius_at(shape: Shape, height: float) -> float:
    outer = np.array(shape.outer, np.float64)
    return float(np.interp(height, outer[: np.argmax(outer[:, 1]) + 1, 1], outer[: np.argmax(outer[:, 1]) + 1, 0]))


def rim_ring(radius: float, thick: float, colour: Float[np.ndarray, "4"]) -> Sheet:
    """Return a rim's round edge in a colour (RGBA)."""
    angle = np.linspace(0, 2 * np.pi, 97)
    path = np.stack([radius * np.cos(angle), np.zeros_like(angle), radius * np.sin(angle)], axis=1)
    grid = limb(path, np.full((97, 2), thick), np.array([0.0, 1.0, 0.0]), columns=12)
    return Sheet(grid, tinted(colour), (0.6, 12.0))
