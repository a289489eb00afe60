"""Palm, wrist, forearm and sleeve behind fingers that hold something, millimetres."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from occlusion.shapes.solids import evenly, limb
from occlusion.shapes.surface import Sheet, Skin
from occlusion.shapes.texture import RGB, noise

_ROWS = 90
_SLEEVES: tuple[RGB, ...] = (
    *((0.14, 0.16, 0.21), (0.55, 0.56, 0.58), (0.72, 0.69, 0.62), (0.20, 0.27, 0.40)),
    *((0.35, 0.13, 0.15), (0.24, 0.30, 0.22), (0.85, 0.85, 0.84)),
)
_ACROSS = np.array([-0.25, 0.75, -0.55])
"""From edge to edge of the palm, for a hand with its fingers above one another and its arm hanging."""


def forearm(
    joints: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    wide: float,
    tone: Float[np.ndarray, "3"],
    clothed: bool,
    rng: np.random.Generator,
) -> list[Sheet]:
    """Return palm and forearm as one limb, and the sleeve over the latter.

    Args:
        joints: Where the fingers part, where the knuckles are, from there to the wrist, from there to the elbow.
        wide: Half the width of the palm at the knuckles.
        tone: The skin's, RGB.
        clothed: Whether there is a sleeve.
        rng: Where chance comes from.
    """
    web, knuckles, to_wrist, to_elbow = joints
    wrist = knuckles + to_wrist
    corners = (web, knuckles, knuckles + 0.5 * to_wrist, wrist, wrist + 0.25 * to_elbow, wrist + to_elbow)
    path = evenly(np.array(corners), _ROWS)
    radii = _radii(path, float(np.linalg.norm(web - knuckles)), float(np.linalg.norm(to_wrist)), wide)
    past = int(np.argmin(np.linalg.norm(path - wrist - rng.uniform(0.03, 0.15) * to_elbow, axis=1)))
    # What the sleeve hides is not drawn.
    bare = slice(past + 5 if clothed else None)
    flesh = Sheet(limb(path[bare], radii[bare], _ACROSS), _flesh(tone, rng), (0.05, 12.0), 0.68)
    return [flesh, _sleeve(path[past:], radii[past:], rng)] if clothed else [flesh]


def _radii(path: np.ndarray, web: float, palm: float, wide: float) -> np.ndarray:
    """Return half width and half depth along the arm; the palm begins as a thin web out of which fingers grow."""
    far = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]) - web
    marks = np.array([-web, -0.6 * web, 0, 0.3 * palm, 0.7 * palm, palm, 1.25 * palm, palm + 90, palm + 200])
    flat = np.interp(far, marks, (0.8 * wide, 0.95 * wide, wide, wide, 0.9 * wide + 2, 29, 28, 36, 43))
    deep = np.interp(far, marks, (1.0, 6.0, 10.5, 13.5, 17, 20, 21, 32, 40))
    return np.stack([flat, deep], axis=1)


def _flesh(tone: np.ndarray, rng: np.random.Generator) -> Skin:
    spots, fine = noise(rng, 0.12, 0.04), noise(rng, 0.02, 0.02)
    return lambda s, t: tone * (1 + spots(s, t) + fine(s, t))[:, None]


def _sleeve(path: np.ndarray, radii: np.ndarray, rng: np.random.Generator) -> Sheet:
    """Return a sleeve along the forearm, in creases, with a hem."""
    tone = np.array(_SLEEVES[int(rng.integers(len(_SLEEVES)))]) * rng.uniform(0.9, 1.1)
    waves, weave = noise(rng, 0.25, 0.07), noise(rng, 0.02, 0.035)
    wider = (radii * 1.1 + 5.5) * (1 + 0.03 * np.sin(np.linspace(0, 24, len(radii))))[:, None]

    def skin(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        hem = np.exp(-(((t - 0.06) / 0.006) ** 2))
        return np.asarray(tone * ((1 + waves(s, 3 * t) + weave(6 * s, 4 * t)) * (1 - 0.18 * hem))[:, None])

    return Sheet(limb(path, wider, _ACROSS), skin, shaded=0.62)
