"""What vessels wear: glazes, prints, sleeves, metal and glass, on unrolled walls in millimetres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from occlusion.shapes.solids import MM
from occlusion.shapes.texture import RGB, mix, noise, pattern
from occlusion.shapes.vessels import Paint


@dataclass(frozen=True)
class Coat:
    """How a vessel is coloured.

    Attributes:
        first: Its ground, RGB in white light.
        second: Of the figure.
        figure: A name of ``texture.PATTERNS`` or of ``FIGURES``.
        share: How far the second colour comes through.
        band: From where to where, millimetres below the rim, the figure goes.
        grow: How large the figure is.
    """

    first: RGB
    second: RGB = (0.5, 0.5, 0.5)
    figure: str = "plain"
    share: float = 0.0
    band: tuple[float, float] = (-20.0, 400.0)
    grow: float = 1.0


def glazed(coat: Coat, rng: np.random.Generator) -> Paint:
    """Return a coat's paint; how glaze has run and where figures sit comes from chance."""
    figure = FIGURES[coat.figure](rng) if coat.figure in FIGURES else pattern(coat.figure, rng)
    cloud, gain = noise(rng, 24.0, 0.02), float(rng.uniform(0.95, 1.03))
    shift, low, high = float(rng.uniform(0, 60)), *coat.band

    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        place = (x + shift) * MM / coat.grow, y * MM / coat.grow
        within = np.clip((y - low) / 0.8, 0, 1) * np.clip((high - y) / 0.8, 0, 1)
        colour = mix(coat.first, coat.second, coat.share * within * figure(*place))
        return np.asarray(colour * (gain * (1 + cloud(x, y)))[:, None])

    return paint


def _all(rng: np.random.Generator) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    return lambda x, y: np.ones_like(x)


def _speckles(rng: np.random.Generator) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    coarse, fine = noise(rng, 0.055), noise(rng, 0.03)
    return lambda x, y: np.clip(np.maximum(3 * (coarse(x, y) - 1.55), 2.5 * (fine(x, y) - 1.7)), 0, 1)


def _run(rng: np.random.Generator) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return glaze that has run: thin at the rim, thick in uneven tongues at the foot."""
    tongue, cloud = noise(rng, 0.5, 0.13), noise(rng, 0.25, 0.12)
    return lambda x, y: np.clip(np.exp(-y / 0.07) + cloud(x, y / 2) + 0.6 * _step(y - 1.15 - tongue(x, y / 8)), 0, 1)


def _step(value: np.ndarray) -> np.ndarray:
    return np.clip(0.5 + value / 0.04, 0, 1)


def _stars(rng: np.random.Generator) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    turn = rng.uniform(0, 6.28, (8, 8))

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        row = np.floor(y / 0.34)
        column = np.floor(x / 0.36 + 0.5 * (row % 2))
        across, along = x / 0.36 + 0.5 * (row % 2) - column - 0.5, y / 0.34 - row - 0.5
        angle = np.arctan2(along, across) + turn[row.astype(int) % 8, column.astype(int) % 8]
        # The edge of a five-pointed star in polar coordinates: straight lines from point to notch.
        wedge = np.abs((angle * 5 / (2 * np.pi)) % 1 - 0.5) * 2 * np.pi / 5
        edge = 0.40 * np.sin(0.33) / np.sin(np.pi - 0.33 - (np.pi / 5 - wedge))
        return np.clip((edge - np.hypot(across, along)) / 0.03, 0, 1)

    return field


def _wave(rng: np.random.Generator) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return a broad wave across, with a thin one beside it."""
    phase = float(rng.uniform(0, 6.28))

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        off = y - 0.95 - 0.22 * np.sin(2.2 * x + phase)
        return np.clip((0.13 - np.abs(off)) / 0.02, 0, 1) + np.clip((0.02 - np.abs(off - 0.24)) / 0.015, 0, 1)

    return field


def _badge(rng: np.random.Generator) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return round badges with a leaf in them, three around."""

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        across, along = (x + 0.55) % 1.1 - 0.55, y - 0.85
        far = np.hypot(across, along)
        leaf = np.hypot(across, along) < 0.26 * (1 - np.abs(np.sin(np.arctan2(across, -along) / 2)) ** 0.6)
        return np.where(far < 0.36, np.where(leaf | (np.abs(far - 0.31) < 0.015), 0.0, 1.0), 0.0)

    return field


FIGURES: dict[str, Callable[[np.random.Generator], Callable[[np.ndarray, np.ndarray], np.ndarray]]] = {
    "all": _all,
    "speckles": _speckles,
    "run": _run,
    "stars": _stars,
    "wave": _wave,
    "badge": _badge,
}
"""Figures of vessels by name, beside those of ``texture``; places in eye distances."""


def brushed(tone: RGB, rng: np.random.Generator) -> Paint:
    """Return metal, brushed around: it mirrors a light room in upright bands."""
    fine, wide, phase = noise(rng, 0.8, 0.035), noise(rng, 30.0, 0.05), float(rng.uniform(-0.4, 0.4))

    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        angle = x / 40 + phase
        room = 0.72 + 0.34 * np.exp(-(((angle + 0.55) / 0.22) ** 2)) + 0.22 * np.exp(-(((angle - 0.75) / 0.12) ** 2))
        room -= 0.28 * np.exp(-(((angle + 0.05) / 0.2) ** 2)) + 0.2 * np.exp(-(((angle - 1.15) / 0.2) ** 2))
        light = room * (1 + fine(x / 12, y) + wide(x, y / 3))
        return np.asarray(np.array(tone) * light[:, None])

    return paint


def glass(tint: RGB, foot: float, rng: np.random.Generator) -> Paint:
    """Return clear glass (RGBA): bright edges, two reflected windows, and a thick foot from ``foot`` down."""
    phase, radius = float(rng.uniform(-0.15, 0.15)), 39.0

    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        angle = x / radius + phase
        edge = np.abs(np.sin(x / radius)) ** 10 * (np.abs(x / radius) < 2)
        window = np.exp(-(((angle + 0.75) / 0.09) ** 4)) + 0.6 * np.exp(-(((angle - 0.85) / 0.04) ** 4))
        base = np.clip((y - foot) / 3, 0, 1)
        window *= 1 - base
        alpha = np.clip(0.10 + 0.45 * edge + 0.55 * window + 0.35 * base, 0, 0.92)
        light = np.clip(0.62 + 0.38 * window - 0.15 * edge + 0.1 * base * np.sin(5 * angle), 0, 1)
        return np.concatenate([np.array(tint) * light[:, None], alpha[:, None]], axis=1)

    return paint
