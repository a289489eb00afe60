"""A hand that holds something: fingers wrapped around it, palm, wrist and forearm, built for the right side.

All is in the coordinates of the thing held, millimetres: its axis is y, the hand lies at +x, and the fingers go over
the thing's front (-z) towards -x.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from occlusion.shapes.forearm import forearm
from occlusion.shapes.solids import evenly, limb
from occlusion.shapes.surface import Sheet, Skin
from occlusion.shapes.texture import RGB, noise

_TONES: tuple[RGB, ...] = (
    *((0.93, 0.76, 0.66), (0.86, 0.66, 0.53), (0.75, 0.54, 0.40)),
    *((0.57, 0.39, 0.28), (0.40, 0.26, 0.19), (0.30, 0.20, 0.155)),
)
"""Tones of skin, RGB in white light."""

_FINGERS = ((86.0, 8.7), (96.0, 9.0), (89.0, 8.5), (70.0, 7.3))
"""Length from the knuckle and radius of index, middle, ring and little finger."""

_SPACING = 18.0
_WEB = 26.0
"""How far beyond the knuckles, millimetres, fingers hang together."""

_PHALANGES = (46.0, 28.0, 22.0, 22.0)
"""From joint to joint, the last time beyond the tip: how much of it there is, a finger's length says."""

Course = Callable[[float, float], np.ndarray]
"""Where a finger at a height (y) and of a radius goes, from its knuckle on: ``[corners, 3]``."""


@dataclass(frozen=True)
class Grip:
    """How a hand holds.

    Attributes:
        course: Where its fingers go.
        middle: Height (y) of the middle of the fingers.
        fingers: How many of them hold, from the index on, 2 to 4.
        wrist: From the knuckles to the wrist.
        elbow: From the wrist to the elbow.
        rise: How much the fingers climb (-y) on their way, per length.
        thumb: The thumb's course, or None where it cannot be seen.
    """

    course: Course
    middle: float
    wrist: Float[np.ndarray, "3"]
    elbow: Float[np.ndarray, "3"]
    fingers: int = 4
    rise: float = 0.12
    thumb: Float[np.ndarray, "corners 3"] | None = None


def around(radius: float, start: float = -14.0) -> Course:
    """Return the course around a round thing; ``start`` is where knuckles lie, degrees from its side to its front."""

    def course(height: float, thick: float) -> np.ndarray:
        far = radius + thick
        # Fingers are straight between their joints, which stand off the thing a little; the palm's side gives way.
        turns = np.radians(start) + np.concatenate([[0.0, _PHALANGES[0] / 2], np.cumsum(_PHALANGES)]) / far
        bent = 1 / np.cos(np.minimum(np.diff(turns, prepend=turns[0]) / 2, 1.2))
        off = far * np.minimum(bent, (1.0, 1.0, 1.24, 1.12, 1.0, 1.0)) + (0.5 * thick, 0, 0, 0, 0, 0)
        return np.stack([off * np.cos(turns), np.full(6, height), -off * np.sin(turns)], axis=1)

    return course


def over_edge(half: float, thick: float, start: float = 9.0) -> Course:
    """Return the course over a flat thing of half width ``half``, around its far edge."""

    def course(height: float, radius: float) -> np.ndarray:
        front, out = -thick / 2 - radius, half + radius
        line = ((half + start, 6.0), (half + 2, front - 3), (half * 0.4, front - 5), (-half * 0.5, front - 1))
        ends = ((-out + 3, front + 1), (-out, 0.0), (-out + 2, thick))
        return np.array([(x, height, z) for x, z in (*line, *ends)])

    return course


def hand(grip: Grip, rng: np.random.Generator, sleeve: bool | None = None) -> list[Sheet]:
    """Return a hand's sheets; tone, sleeve and how tidily fingers lie come from chance.

    Args:
        grip: How it holds.
        rng: Where chance comes from.
        sleeve: Whether the arm is clothed; None leaves it to chance.
    """
    tone = np.array(_TONES[int(rng.integers(len(_TONES)))]) * rng.uniform(0.94, 1.05)
    clothed = rng.uniform() < 0.7 if sleeve is None else sleeve
    heights = grip.middle + _SPACING * (np.arange(grip.fingers) - (grip.fingers - 1) / 2)
    # Fingers fan out a little, each its own way.
    rises = grip.rise + 0.05 * np.linspace(1, -1, grip.fingers) + rng.normal(0, 0.025, grip.fingers)
    sheets = [
        _finger(_cut_off(grip.course(height, radius), length * rng.uniform(0.93, 1.03), rise), radius, tone, rng)
        for height, rise, (length, radius) in zip(heights, rises, _FINGERS, strict=False)
    ]
    if grip.thumb is not None:
        # The thumb lies on top, its nail up.
        sheets.append(_finger(evenly(grip.thumb, 40), 10.0, tone, rng, (0.0, 0.0, -1.0)))
    knuckles, web = _roots(grip, heights)
    wide = 0.5 * _SPACING * grip.fingers + 1
    return [*sheets, *forearm((web, knuckles, grip.wrist, grip.elbow), wide, tone, clothed, rng)]


def _cut_off(line: np.ndarray, length: float, rise: float) -> np.ndarray:
    """Return the first ``length`` millimetres of a line as even rows, climbing."""
    even = evenly(line, 120)
    step = float(np.linalg.norm(even[1] - even[0]))
    part = evenly(even[: max(int(length / step), 3)], 44, rounds=0)
    part[:, 1] -= rise * np.linspace(0, length, len(part))
    return part


def _finger(
    path: np.ndarray,
    radius: float,
    tone: np.ndarray,
    rng: np.random.Generator,
    across: tuple[float, float, float] = (0.0, 1.0, 0.0),
) -> Sheet:
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    place = np.linspace(0, 1, len(path))
    thick = radius * (1.06 - 0.16 * place + 0.05 * _near(place, 0.49, 0.07) + 0.04 * _near(place, 0.76, 0.05))
    # Both ends are round.
    end = np.clip(1 - np.minimum(place, 1 - place) * length / radius, 0, 0.995)
    thick *= np.sqrt(1 - end**2)
    grid = limb(path, np.stack([thick, 0.93 * thick], axis=1), np.array(across))
    return Sheet(grid, _finger_skin(tone, length, rng), (0.06, 12.0), 0.68)


def _finger_skin(tone: np.ndarray, length: float, rng: np.random.Generator) -> Skin:
    """Return skin with creases over the joints, redder there and at the tip, and a nail on the outer side."""
    spots, lines = noise(rng, 6.0, 0.035), noise(rng, 2.2, 1.0)
    red, nail = tone * (1.02, 0.84, 0.80), np.clip(tone * 0.75 + (0.27, 0.20, 0.19), 0, 1)
    long, wide = 6.5 / length, 0.125

    def skin(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        outer = _near(s, 0.75, 0.16)
        joints = _near(t, 0.49, 0.06) + _near(t, 0.76, 0.04)
        flush = np.clip(0.28 * joints * outer + 0.6 * _near(t, 1.0, 0.12), 0, 1)[:, None]
        colour = tone * (1 - flush) + red * flush
        folds = np.clip(lines(s * 10, t * length * 2.0), 0, 2) * joints * outer
        light = (1 + spots(s * 50, t * length)) * (1 - 0.08 * folds) * (0.86 + 0.14 * np.sin(np.pi * s) ** 2)
        far = ((s - 0.75) / wide) ** 4 + ((t - 1 + 1.45 * long) / long) ** 4
        on, border = np.clip((1.0 - far) * 4, 0, 1)[:, None], np.exp(-(((far - 1.1) / 0.55) ** 2))
        return np.asarray((colour * (1 - on) + nail * on) * (light * (1 - 0.16 * border))[:, None])

    return skin


def _near(value: np.ndarray, place: float, width: float) -> np.ndarray:
    return np.exp(-(((value - place) / width) ** 2))


def _roots(grip: Grip, heights: np.ndarray) -> np.ndarray:
    """Return the middle of the knuckles and a point beyond them, where the fingers part."""
    courses = [evenly(grip.course(height, radius), 60) for height, (_, radius) in zip(heights, _FINGERS, strict=False)]
    middle = np.mean([(line[0], line[np.argmax(_lengths(line) > _WEB)]) for line in courses], axis=0)
    return np.asarray(middle - (0, 0.5 * _WEB * grip.rise, 0))


def _lengths(line: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
