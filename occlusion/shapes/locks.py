"""Locks of hair on a scalp: where they grow and fall, and the strands that they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from occlusion.shapes.scalp import Scalp


@dataclass(frozen=True)
class Growth:
    """Locks that grow and fall alike. Lengths are in eye distances, directions as in ``Scalp``, heights y down.

    Attributes:
        count: How many.
        angles: Directions of the tips, of the foremost and of the hindmost.
        ends: Heights of the tips, of the foremost and of the hindmost.
        roots: Where they grow: 0 at the brows' height, 1 at the crown; the foremost and the hindmost.
        part: Where the parting is, to the right of the middle; None: they fall from the crown on all sides.
        sway: How far tips lie to the right of where locks without a parting would fall.
        uneven: How much tips differ in direction and height.
        lift: How far locks stand off the head halfway, and at the tip.
        wide: How wide they are.
        bend: How early they turn to where they end: below 1 late, above early.
        ground: Down to which share of their length skin cannot be seen between them.
        apart: Whether as many grow on the other side.
    """

    count: int
    angles: tuple[float, float]
    ends: tuple[float, float]
    roots: tuple[float, float] = (0.6, 1.0)
    part: float | None = None
    sway: float = 0.0
    uneven: tuple[float, float] = (0.05, 0.05)
    lift: tuple[float, float] = (0.12, 0.06)
    wide: float = 0.16
    bend: float = 1.3
    ground: float = 0.85
    apart: bool = False


@dataclass(frozen=True)
class Locks:
    """Locks that have grown, deepest first: what a lock is, one row each; places as in ``Scalp``.

    Attributes:
        root: Direction and height.
        tip: Direction and height.
        lift: How far it stands off halfway and at the tip.
        wide: Its width.
        bend: See ``Growth``.
        ground: See ``Growth``.
    """

    root: Float[np.ndarray, "locks 2"]
    tip: Float[np.ndarray, "locks 2"]
    lift: Float[np.ndarray, "locks 2"]
    wide: Float[np.ndarray, "locks"]
    bend: Float[np.ndarray, "locks"]
    ground: Float[np.ndarray, "locks"]

    def line(
        self, own: np.ndarray, u: Float[np.ndarray, "strands corners"]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return direction, height and lift at shares ``u`` of the length of locks number ``own``."""
        root, tip, lift = self.root[own], self.tip[own], self.lift[own]
        turned = 1 - (1 - u) ** self.bend[own][:, None]
        fallen = 0.35 * u + 0.65 * u**1.6
        angle = root[:, :1] + (tip[:, :1] - root[:, :1]) * turned
        y = root[:, 1:] + (tip[:, 1:] - root[:, 1:]) * fallen
        # It stands off at the root too, else there would be a dent at the crown.
        risen = np.sin(np.pi * (0.08 + 0.92 * u)).clip(0) ** 0.8
        return angle, y, 0.02 + lift[:, :1] * risen + lift[:, 1:] * u


def grow(scalp: Scalp, growths: Sequence[Growth], side: int, rng: np.random.Generator) -> Locks:
    """Return the locks of growths, the later over the earlier.

    Args:
        scalp: What they grow on.
        growths: How they grow.
        side: 1, or -1 for the mirror image.
        rng: Where unevenness comes from.
    """
    parts = []
    for growth in growths:
        for hand in (side, -side) if growth.apart else (side,):
            parts.append(_grown(scalp, growth, hand, rng))
    return Locks(*(np.concatenate(rows) for rows in zip(*parts, strict=True)))


def _grown(scalp: Scalp, growth: Growth, hand: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    count, order = growth.count, rng.random(growth.count)
    share = rng.uniform(*growth.roots, count) if growth.part is None else _between(growth.roots, order)
    height = scalp.rim - (scalp.rim - scalp.crown) * np.sin(np.pi / 2 * share)
    angle = _between(growth.angles, order)
    tip = angle + growth.sway + rng.normal(0, growth.uneven[0], count)
    end = _between(growth.ends, order) + rng.normal(0, growth.uneven[1], count)
    if growth.part is not None:
        angle = scalp.angle(np.full(count, growth.part), height)
    # What grows higher up falls over what grows lower.
    sort = np.argsort(-height)
    root, tips = np.stack([hand * angle, height], axis=1)[sort], np.stack([hand * tip, end], axis=1)[sort]
    lift = np.array(growth.lift) * rng.uniform(0.75, 1.25, (count, 1))
    wide = growth.wide * rng.uniform(0.7, 1.3, count)
    return root, tips, lift, wide, np.full(count, growth.bend), np.full(count, growth.ground)


def _between(ends: tuple[float, float], share: np.ndarray) -> np.ndarray:
    return np.asarray(ends[0] + (ends[1] - ends[0]) * share)
