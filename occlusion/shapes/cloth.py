"""What a scarf is made of: its colours and patterns, and how it creases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from occlusion.shapes.texture import RGB, noise
from occlusion.shapes.weave import Field, figure

Print = tuple[str, RGB, float]
"""A pattern (see ``weave.figure``), its colour, and how far it comes through, 0 to 1."""


@dataclass(frozen=True)
class Cloth:
    """A stuff, colours RGB in white light, lengths in eye distances.

    Attributes:
        colour: Its colour.
        prints: What is woven or printed into it, one after the other.
        thick: How far a fold stands out.
        crease: How deep and how far apart creases are.
        sharp: 0 for the soft waves of wool, 1 for the ridges of silk.
        gloss: Strength of the highlight and its exponent.
        scale: How much larger than usual its patterns are.
    """

    colour: RGB
    prints: tuple[Print, ...]
    thick: float = 0.1
    crease: tuple[float, float] = (0.08, 0.36)
    sharp: float = 0.3
    gloss: tuple[float, float] = (0.0, 20.0)
    scale: float = 1.0


def creases(cloth: Cloth, rng: np.random.Generator) -> Field:
    """Return how far out creases stand at places along and across a fold: long waves, or ridges as of silk."""
    depth, pitch = cloth.crease
    long, fine, bend = noise(rng, pitch), noise(rng, pitch * 0.55), noise(rng, 1.3, 0.12)

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        bent = y + bend(x, y)
        waves = 0.75 * long(x / 4.5, bent) + 0.35 * fine(x / 2.2, bent)
        ridges = 1.5 * np.exp(-np.abs(waves) * 2.2) - 0.65
        return np.asarray(depth * (waves * (1 - cloth.sharp) + ridges * cloth.sharp))

    return field


def printed(cloth: Cloth, rng: np.random.Generator) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return the cloth's colour, RGB ``[n, 3]``, at places along and across it; where its patterns begin is chance."""
    prints = [(figure(name, rng), np.array(colour, np.float32), share) for name, colour, share in cloth.prints]
    shift = rng.uniform(0, 2, 2)

    def colour(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        mixed: np.ndarray = np.tile(np.array(cloth.colour, np.float32), (len(x), 1))
        for field, other, share in prints:
            shown = share * field((x + shift[0]) / cloth.scale, (y + shift[1]) / cloth.scale)[:, None]
            mixed = mixed * (1 - shown) + other * shown
        return mixed

    return colour


def threads(share: float, rng: np.random.Generator) -> Callable[[np.ndarray, np.ndarray], np.ndarray] | None:
    """Return where a sheet (s, t) has cloth or, in the lowest ``share`` of it, a thread of its fringe.

    Each thread has its own length and sways. None: no fringe, cloth everywhere.
    """
    if share <= 0:
        return None
    lengths, sway = rng.uniform(0.6, 1.0, 64), rng.normal(0, 0.25, 64)

    def cut(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        down, place = (t - 1 + share) / share, s * 26
        thread = place.astype(int) % 64
        within = np.abs(place % 1 - 0.5 + sway[thread] * np.clip(down, 0, 1)) < 0.38 - 0.1 * down
        return np.asarray((down < 0) | (within & (down < lengths[thread])))

    return cut
