"""From locks of hair to strands: how many, how they curl, what colour they have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from occlusion.head import Head
from occlusion.shapes.locks import Locks
from occlusion.shapes.scalp import Scalp
from occlusion.shapes.strands import Strands
from occlusion.shapes.texture import RGB

_PIECES = 100_000
"""How many pieces of strands are drawn at most on a head of 100 pixels an eye distance: they are what takes time."""


@dataclass(frozen=True)
class Look:
    """What hair looks like; lengths in eye distances, colours RGB in white light.

    Attributes:
        root: Colour at the roots.
        tip: Colour at the tips.
        streak: Colour of some strands.
        streaked: Which share of the strands that is.
        gloss: Strength of the highlight.
        wave: How far strands swing out, and over which length once; they go round, like a corkscrew.
        clump: How far a lock's strands come together at its tip, 0 to 1.
        frizz: How far strands stray.
        fine: Width of a stroke.
        dense: Strokes a lock.
        ragged: How much shorter than its lock a strand may be.
    """

    root: RGB
    tip: RGB
    streak: RGB = (0.0, 0.0, 0.0)
    streaked: float = 0.0
    gloss: float = 0.2
    wave: tuple[float, float] = (0.0, 1.0)
    clump: float = 0.5
    frizz: float = 0.009
    fine: float = 0.009
    dense: int = 32
    ragged: float = 0.07


def comb(head: Head, locks: Locks, look: Look, rng: np.random.Generator) -> Strands:
    """Return the strands of locks, in pixels of the picture, over a ground of broad dark ones."""
    tone, phase = np.exp(rng.normal(0, 0.12, len(locks.root))), rng.uniform(0, 2 * np.pi, len(locks.root))
    combed = _Combed(head, Scalp(head), locks, look, tone, phase)
    ground, hairs = combed.ground(), combed.hairs(rng)
    names = ("points", "normals", "widths", "colours", "gloss")
    return Strands(*(np.concatenate([getattr(ground, name), getattr(hairs, name)]) for name in names))


@dataclass(frozen=True)
class _Combed:
    """Locks of a look on a head, with the brightness of each and the place in its wave at which it begins."""

    head: Head
    scalp: Scalp
    locks: Locks
    look: Look
    tone: Float[np.ndarray, "locks"]
    phase: Float[np.ndarray, "locks"]

    def ground(self) -> Strands:
        """Return one broad dark strand a lock, which hides the skin, down to where the lock lets it through."""
        locks, shares = self.locks, self._corners()
        u = shares * locks.ground[:, None]
        points, normals, broad = self._placed(np.arange(len(u)), u, 0 * u, self.phase[:, None], -0.03 + 0 * u)
        wide = locks.wide[:, None] * np.clip(1.3 - 0.5 * u - 0.6 * shares**8, 0.1, None) * broad
        colour = 0.5 * self.tone[:, None, None] * np.array(self.look.root)
        return Strands(points, normals, wide * self.head.unit, np.broadcast_to(colour, points.shape), 0 * self.tone)

    def hairs(self, rng: np.random.Generator) -> Strands:
        """Return the strands proper; the middle of a lock is brighter and higher than its edges."""
        look, (dense, fine) = self.look, self._density()
        own = np.repeat(np.arange(len(self.locks.root)), dense)
        across, shares = rng.uniform(-0.5, 0.5, (len(own), 1)), self._corners()
        u = shares * (1 - np.abs(rng.normal(0, look.ragged, (len(own), 1))).clip(0, 0.6))
        out = self.locks.wide[own, None] * across * (1 - look.clump * u**1.5) + self._stray(u, rng)
        turn = self.phase[own, None] + rng.normal(0, 0.25, (len(own), 1))
        points, normals, _ = self._placed(own, u, out, turn, 0.035 * (1 - 4 * across**2) + 0 * u)
        wide = fine * np.exp(rng.normal(0, 0.25, (len(own), 1))) * np.clip(1.2 - shares, 0.05, 1) ** 0.6
        colour = self._colours(u, rng) * (self.tone[own, None] * (1.08 - 1.2 * across**2))[..., None]
        gloss = look.gloss * np.exp(rng.normal(-0.1, 0.45, len(own)))
        return Strands(points, normals, wide * self.head.unit, colour, gloss)

    def _corners(self) -> Float[np.ndarray, "corners"]:
        """Return at which shares of a lock strands bend: as often as waves need, close together at the root."""
        longest = float(np.abs(self.locks.tip - self.locks.root).sum(axis=1).max())
        waves = longest / self.look.wave[1] if self.look.wave[0] else 0.0
        return np.linspace(0, 1, int(np.clip(9 * waves, 17, 56))) ** 1.25

    def _density(self) -> tuple[int, float]:
        """Return how many strokes a lock has and how wide they are: fewer are wider."""
        look, size = self.look, self.head.unit / 100
        most = _PIECES * float(np.clip(size, 0.25, 1.5)) / (len(self.locks.root) * len(self._corners()))
        dense = int(np.clip(most, 4, look.dense * max(1.0, size)))
        return dense, look.fine * float(np.sqrt(look.dense / dense))

    def _stray(self, u: Float[np.ndarray, "strands corners"], rng: np.random.Generator) -> np.ndarray:
        """Return how far strands stray to the side; a few stray far."""
        each = self.look.frizz * np.exp(np.clip(rng.normal(0, 0.8, (len(u), 1)), -2, 1.3)) * np.sqrt(15 / u.shape[1])
        return np.cumsum(each * rng.standard_normal(u.shape), axis=1)

    def _placed(
        self,
        own: Int[np.ndarray, "strands"],
        u: Float[np.ndarray, "strands corners"],
        out: Float[np.ndarray, "strands corners"],
        turn: Float[np.ndarray, "strands 1"],
        above: Float[np.ndarray, "strands corners"],
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return points and normals in the picture, and how much of a width to the side is seen.

        Args:
            own: Which lock each strand belongs to.
            u: Shares of the lock's length.
            out: How far beside the lock's middle line.
            turn: Where in its wave a strand begins, radians.
            above: How far above the lock's middle line.
        """
        angle, y, lift = self.locks.line(own, u)
        middle, normals = self.scalp.place(angle, y, lift + above), self.scalp.normals(angle, y)
        along = np.gradient(middle, axis=1)
        side = np.cross(normals, along)
        side /= np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-9)
        beside, higher = self._waves(own, np.cumsum(np.linalg.norm(along, axis=-1), axis=1), turn)
        points = middle + side * (out + beside)[..., None] + normals * higher[..., None]
        broad = np.linalg.norm((side @ self.head.axes)[..., :2], axis=-1)
        return self.head.place(points), normals @ self.head.axes, broad

    def _waves(self, own: np.ndarray, run: np.ndarray, turn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far waves carry strands to the side and off the head, after a run along them."""
        swing = self.look.wave[0] * np.clip(run / 0.35, 0, 1)
        # No two locks curl alike; the golden angle spreads their lengths without another draw.
        once = self.look.wave[1] * (1 + 0.3 * np.sin(2.4 * own))[:, None]
        angle = 2 * np.pi * run / once + turn
        return swing * np.sin(angle), 0.6 * swing * (1 + np.cos(angle))

    def _colours(self, u: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        share = np.clip(u * 1.25 - 0.05, 0, 1)[..., None]
        base = np.array(self.look.root) * (1 - share) + np.array(self.look.tip) * share
        streaked = (rng.random(len(u)) < self.look.streaked)[:, None, None] * np.clip(4 * u, 0, 1)[..., None]
        mixed = base * (1 - streaked) + np.array(self.look.streak) * streaked
        return np.asarray(mixed * np.exp(rng.normal(0, 0.13, (len(u), 1, 1))))
