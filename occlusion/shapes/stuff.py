"""What stiff things are made of: metal, plain, speckled and see-through plastic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from occlusion.shapes.surface import Sheet, Skin
from occlusion.shapes.texture import RGB, mix, noise


@dataclass(frozen=True)
class Stuff:
    """A material.

    Attributes:
        colour: RGB in white light, 0 to 1.
        finish: ``metal``, ``gloss``, ``matt`` or ``horn`` (speckled like tortoiseshell).
        second: Colour of a horn's specks.
        alpha: How much it hides, 0 to 1; see-through plastic hides more at its edges.
    """

    colour: RGB
    finish: str = "gloss"
    second: RGB = (0.10, 0.05, 0.03)
    alpha: float = 1.0

    @property
    def gloss(self) -> tuple[float, float]:
        """Strength of the highlight, and its exponent."""
        return {"metal": (0.55, 14.0), "gloss": (0.4, 40.0), "matt": (0.06, 6.0), "horn": (0.4, 40.0)}[self.finish]

    @property
    def shaded(self) -> float:
        """How much slopes away from the light darken it, 0 to 1."""
        return 0.75 if self.finish == "metal" else 0.5

    @property
    def power(self) -> float:
        """How square bars of it are: metal is drawn to wire, plastic is cut from sheets."""
        return 2.2 if self.finish == "metal" else 5.0

    def sheet(
        self,
        points: Float[np.ndarray, "rows columns 3"],
        skin: Skin,
        cut: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    ) -> Sheet:
        """Return a surface of it, lit as it is; see ``Sheet``."""
        return Sheet(points, skin, self.gloss, self.shaded, cut)

    def skin(self, rng: np.random.Generator, length: float, fade: float = 0.0) -> Skin:
        """Return its colour along a bar.

        Args:
            rng: Where a horn's specks come from.
            length: Of the bar, eye distances.
            fade: Over this last share of its length the bar vanishes.
        """
        coarse, fine = noise(rng, 0.11), noise(rng, 0.04, 0.25)

        def skin(s: np.ndarray, t: np.ndarray) -> np.ndarray:
            along, around = t * length, np.abs(s - 0.5) * 0.25
            specks = np.clip(0.55 + 0.8 * coarse(along + 0.7 * around, 1.4 * around) + fine(along, around), 0, 1)
            colour = mix(self.colour, self.second, specks if self.finish == "horn" else 0 * specks)
            # Seen along its edge, there is more of a see-through thing to look through.
            edge = 1 - np.abs(np.sin(2 * np.pi * s))
            alpha = np.clip(self.alpha + (1 - self.alpha) * 0.6 * edge, 0, 1)
            alpha = alpha * (np.clip((1 - t) / fade, 0, 1) if fade > 0 else 1)
            return np.concatenate([colour, alpha[:, None]], axis=1)

        return skin
