"""How a scarf of each cut lies round a neck: as folds, the foremost first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from occlusion.head import Head
from occlusion.shapes.winding import Fold


@dataclass(frozen=True)
class Build:
    """Heights of a head, in eye distances below the eyes, and the side to which chance leans."""

    rim: float
    ear: float
    chin: float
    lean: float


def build(head: Head, rng: np.random.Generator) -> Build:
    """Measure a head; the rim lies as often on the nose as right below it."""
    bridge, tip, below, chin = (float(head.points[number, 1]) for number in (195, 4, 2, 152))
    share = float(rng.uniform(0, 1))
    rim = bridge + share * 0.6 * (tip - bridge) if rng.random() < 0.5 else below - 0.09 + 0.05 * share
    lean = float(rng.choice((-1, 1)) * rng.uniform(0.5, 1))
    return Build(rim, max(float(head.symmetric(132, 361)[1]), rim + 0.05), chin, lean)


def _wound(at: Build, rng: np.random.Generator) -> list[Fold]:
    """Wind it twice round: over the mouth, below it, and a loose loop on the chest."""
    chin, tilt = at.chin, at.lean * float(rng.uniform(0.1, 0.25))
    return [
        Fold((at.rim, at.ear - 0.05, at.ear + 0.6), (chin + 0.1, chin - 0.2, chin), 0.1, 0.4 * tilt),
        Fold((chin - 0.35, chin - 0.5, chin - 0.4), (chin + 0.75, chin + 0.45, chin + 0.5), 0.06, -tilt),
        Fold((chin + 0.2, chin, chin), (chin + 1.65, chin + 1.1, chin + 0.9), 0.0, 1.3 * tilt),
    ]


def _fringed(at: Build, rng: np.random.Generator) -> list[Fold]:
    """Let an end with a fringe hang down from below the second winding."""
    middle, length = float(at.lean * rng.uniform(0.3, 0.6)), float(rng.uniform(2.2, 2.8))
    top, bottom = (at.chin + 0.3,) * 3, (at.chin + length,) * 3
    end = Fold(top, bottom, 0.05, span=(middle, float(rng.uniform(0.3, 0.38))), fringe=0.14)
    folds = _wound(at, rng)
    return [*folds[:2], end, folds[2]]


def _silk(at: Build, rng: np.random.Generator) -> list[Fold]:
    """Wind thin cloth loosely: a wide winding that sags over another."""
    chin, tilt = at.chin, at.lean * float(rng.uniform(0.08, 0.2))
    return [
        Fold((at.rim, at.ear - 0.1, at.ear + 0.5), (chin + 0.5, chin - 0.1, chin), 0.06, tilt, gather=(at.rim, chin)),
        Fold((chin - 0.2, chin - 0.4, chin - 0.4), (chin + 1.55, chin + 1.0, chin + 0.8), 0.0, -tilt),
    ]


def _shemagh(at: Build, rng: np.random.Generator) -> list[Fold]:
    """Fold a square to a triangle: its point falls on the chest, its ends go round the neck."""
    chin, tilt = at.chin, at.lean * float(rng.uniform(0.05, 0.15))
    low = chin + float(rng.uniform(0.7, 1.1))
    return [
        Fold(
            (at.rim, at.ear - 0.1, at.ear + 0.5), (low, chin - 0.3, chin - 0.3), 0.12, tilt, (3.0, 0.0), (at.rim, chin)
        ),
        Fold((chin - 0.4, chin - 0.6, chin - 0.6), (chin + 1.5, chin + 0.95, chin + 0.8), 0.0, -tilt),
    ]


def _tube(at: Build, rng: np.random.Generator) -> list[Fold]:
    """Pull a tube up: smooth on the face, crumpled on the neck."""
    chin = at.chin
    side = max(at.ear - float(rng.uniform(0.1, 0.4)), at.rim + 0.02)
    return [
        Fold((at.rim, side, at.ear + 0.4), (chin + 1.4, chin + 1.05, chin + 1.0), 0.02, gather=(chin - 0.4, chin + 0.4))
    ]


def _snood(at: Build, rng: np.random.Generator) -> list[Fold]:
    """Lay a thick loop twice round."""
    upper, lower, _ = _wound(at, rng)
    return [upper, replace(lower, bottom=(at.chin + 1.1, at.chin + 0.7, at.chin + 0.7))]


def _collar(at: Build, rng: np.random.Generator) -> list[Fold]:
    """Pull a polo neck up: a collar turned over once, and what is below it."""
    chin, turned = at.chin, at.chin + float(rng.uniform(-0.1, 0.3))
    return [
        Fold((at.rim, at.ear - 0.1, at.ear + 0.5), (turned, turned - 0.1, turned), 0.05),
        Fold((chin - 0.4, chin - 0.5, chin - 0.5), (chin + 1.4, chin + 1.1, chin + 0.9), -0.02),
    ]


def _bandana(at: Build, rng: np.random.Generator) -> list[Fold]:
    """Tie a triangle behind the head: its point hangs below the chin."""
    low, side = at.chin + float(rng.uniform(0.9, 1.4)), max(at.ear - 0.4, at.rim)
    slant = 0.1 * at.lean
    return [
        Fold((at.rim, side, side + 0.2), (low, at.ear + 0.25, side + 0.45), 0.02, slant, (3.0, 0.0), (at.rim, at.chin))
    ]


CUTS: dict[str, Callable[[Build, np.random.Generator], list[Fold]]] = {
    "wound": _wound,
    "fringed": _fringed,
    "silk": _silk,
    "shemagh": _shemagh,
    "tube": _tube,
    "snood": _snood,
    "collar": _collar,
    "bandana": _bandana,
}
"""How a cut lies round a neck, by name."""
