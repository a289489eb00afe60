"""Microphones before mouth and chin: in a fist, on a stand, on a boom, or on a headset's arm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from occlusion.head import Head
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder
from occlusion.shapes.coarse import no_finer
from occlusion.shapes.fingers import Grip, around, hand
from occlusion.shapes.fur import brush, combed, rooted
from occlusion.shapes.microphones import BALL, FOAM, boom, ear_pad, even, flag, grille, shaft, windshield
from occlusion.shapes.outline import outline_of
from occlusion.shapes.skull import skull
from occlusion.shapes.solids import MM, placed, touching
from occlusion.shapes.studio import broadcast, condenser, pop_filter, stand
from occlusion.shapes.surface import Layer, Sheet, over, paint, turned
from occlusion.shapes.texture import RGB
from occlusion.shapes.vessels import wall

_HAIRS = 9000
_ANCHORS = (4, 61, 291, 205, 425, 199, 152)
_BLACK, _STEEL, _GOLD = (0.09, 0.09, 0.10), (0.72, 0.72, 0.73), (0.80, 0.62, 0.30)


@dataclass(frozen=True)
class _Style:
    """``form`` is one of ``_FORMS``; ``words`` stand on a station's cube."""

    form: str
    head: RGB
    body: RGB = _BLACK
    trim: RGB = _STEEL
    words: str = ""


STYLES: dict[str, _Style] = {
    "ball-steel": _Style("ball", _STEEL, (0.16, 0.16, 0.17)),
    "ball-black": _Style("ball", (0.30, 0.30, 0.31), _BLACK, (0.20, 0.20, 0.21)),
    "ball-gold": _Style("ball", _GOLD, (0.70, 0.52, 0.24), (0.86, 0.70, 0.40)),
    "foam-red": _Style("foam", (0.76, 0.10, 0.10)),
    "foam-blue": _Style("foam", (0.10, 0.26, 0.62)),
    "foam-green": _Style("foam", (0.14, 0.50, 0.22)),
    "foam-yellow": _Style("foam", (0.90, 0.74, 0.14)),
    "news-cube-blue": _Style("cube", (0.13, 0.13, 0.14), (0.10, 0.20, 0.50), (0.85, 0.15, 0.15), "NEWS"),
    "news-cube-white": _Style("cube", (0.80, 0.42, 0.08), (0.93, 0.93, 0.93), (0.10, 0.45, 0.62), "7"),
    "studio-silver": _Style("studio", (0.62, 0.62, 0.62), (0.70, 0.70, 0.69)),
    "studio-black": _Style("studio", (0.28, 0.27, 0.26), (0.13, 0.13, 0.14)),
    "headset-foam": _Style("headset", (0.10, 0.10, 0.11)),
    "podcast-black": _Style("podcast", (0.11, 0.11, 0.12), (0.24, 0.24, 0.25)),
    "podcast-grey": _Style("podcast", (0.46, 0.47, 0.49), (0.80, 0.80, 0.79)),
    "dead-cat-grey": _Style("cat", (0.20, 0.20, 0.21), trim=(0.66, 0.66, 0.67)),
    "dead-cat-brown": _Style("cat", (0.18, 0.12, 0.09), trim=(0.58, 0.46, 0.36)),
}
"""What each style looks like, RGB in white light."""


@register_occluder("microphone", styles=tuple(STYLES))
def draw_microphone(scene: Scene) -> Drawing:
    """Draw a microphone; where it stands, how it is turned and which hand holds it come from chance."""
    style = STYLES[scene.style]
    layer = no_finer(scene, lambda smaller: _FORMS[style.form](smaller, style, Head(smaller.landmarks)))
    return Drawing(*layer, outline_of(layer[1]), _ANCHORS, shadow=0.25)


def _before_lips(head: Head, radius: float, rng: np.random.Generator) -> np.ndarray:
    """Return a place for the middle of a head of some radius (millimetres), just before and below the lips."""
    lips = (head.points[13] + head.points[14]) / 2
    gap, low = float(rng.uniform(3, 14)), float(rng.uniform(3, 12))
    return np.array([float(rng.normal(0, 0.05)), lips[1] + low * MM, lips[2] - (radius + gap) * MM])


def _handheld(scene: Scene, style: _Style, head: Head) -> Layer:
    """Hold a microphone in a fist, its tail down and towards the camera."""
    rng, tilt = scene.rng, float(scene.rng.uniform(18, 62))
    turn, side = turned(-tilt, z=float(rng.normal(0, 9))), float(rng.choice((-1, 1)))
    at = _before_lips(head, BALL if style.form == "ball" else FOAM, rng)
    dark = _BLACK if style.form == "cube" else style.body
    things = [*_top(style, rng), *shaft(dark, style.trim, rng)]
    # The fist goes below a station's cube.
    low, upright = 134.0 if style.form == "cube" else 96.0, turned(-tilt).T
    grip = Grip(around(14.0), low, upright @ (24.0, 48.0, 56.0), upright @ (95.0, 225.0, 30.0))
    beside = turn @ np.diag([side, 1, 1]) @ turned(y=float(rng.uniform(-20, 30)))
    held = placed(hand(grip, rng), head, at, beside)
    return touching(scene.shape, placed(things, head, at, turn), held, scene.unit)


def _top(style: _Style, rng: np.random.Generator) -> list[Sheet]:
    if style.form == "ball":
        return grille(style.head, style.trim, rng)
    cube = flag(style.words, style.body, (0.95, 0.95, 0.95) if sum(style.body) < 1.5 else _BLACK, style.trim)
    return [*windshield(style.head, rng), *(cube if style.form == "cube" else [])]


def _studio(scene: Scene, style: _Style, head: Head) -> Layer:
    """Stand a large microphone before a screen of cloth, which is before the mouth."""
    rng, lips = scene.rng, (head.points[13] + head.points[14]) / 2
    side, low = float(rng.choice((-1, 1))), float(rng.uniform(-4, 22))
    screen_at = lips + np.array([float(rng.normal(0, 6)), float(rng.uniform(12, 26)), -42.0]) * MM
    mic_at = lips + np.array([float(rng.normal(0, 8)), low + 16, -112.0]) * MM
    screen = turned(float(rng.normal(0, 4)), float(rng.normal(0, 8))) @ np.diag([side, 1, 1])
    mic = turned(float(rng.normal(0, 4)), float(rng.normal(0, 15)), float(rng.normal(0, 2)))
    rod = stand((0, 100, 50), (0, 700, 50), 8.0, (0.12, 0.12, 0.13))
    things = placed([*condenser(style.body, style.head, rng), rod], head, mic_at, mic)
    return paint(scene.shape, [*placed(pop_filter(66.0, rng), head, screen_at, screen), *things])


def _podcast(scene: Scene, style: _Style, head: Head) -> Layer:
    """Reach in from one side with a thick microphone on an arm."""
    rng, side = scene.rng, float(scene.rng.choice((-1, 1)))
    turn = np.diag([side, 1, 1]) @ turned(-float(rng.uniform(20, 50)), z=-float(rng.uniform(35, 75)))
    at = _before_lips(head, 34.0, rng)
    arm = stand((0, 178, 0), (0, 900, 0), 9.0, (0.13, 0.13, 0.14))
    return paint(scene.shape, placed([*broadcast(style.head, style.body, rng), arm], head, at, turn))


def _cat(scene: Scene, style: _Style, head: Head) -> Layer:
    """Hold a furry windshield up on a pole."""
    rng, radii = scene.rng, (33.0, 52.0, 33.0)
    turn = turned(-float(rng.uniform(5, 40)), z=float(rng.normal(0, 14)))
    at = _before_lips(head, 46.0, rng) + np.array([0.0, 16 * MM, 0.0])
    roots, out = rooted((0.0, 0.0, 0.0), radii, _HAIRS, rng)
    hairs = combed(roots, out, 19.0, turn.T @ (0.0, 1.0, 0.0), rng)
    seen = head.place((hairs @ turn.T) * MM + at)
    # Those on the far side are hidden.
    seen = seen[seen[:, 0, 2] < np.median(seen[:, 0, 2]) + 0.15 * scene.unit]
    core = wall(tuple((33 * np.sin(a), -52 * np.cos(a)) for a in np.linspace(0, np.pi, 16)), even(style.head, rng))
    pole = stand((0, 40, 0), (0, 900, 0), 9.5, (0.10, 0.10, 0.11))
    coat = brush(scene.shape, seen, (style.head, style.trim), 0.5 * MM * scene.unit, rng)
    return over(coat, paint(scene.shape, placed([core, pole], head, at, turn)))


def _headset(scene: Scene, style: _Style, head: Head) -> Layer:
    """Lead a thin arm from one ear along the cheek to foam before the corner of the mouth."""
    rng, side = scene.rng, float(scene.rng.choice((-1, 1)))
    ear, cheek, corner = (head.symmetric(*pair) for pair in ((127, 356), (147, 376), (61, 291)))
    end = corner * (rng.uniform(0.25, 0.8), 1, 1)
    off = np.array([(0.08, 0.22, 0.02), (0.10, 0.57, -0.28), (0.22, 0.1, -0.25), (0.4, 0.0, -0.40), (0.0, 0.0, -0.42)])
    path = np.array([ear, ear, cheek, end, end]) + off
    path[3:, 1] += float(rng.uniform(-0.02, 0.2))
    things = [*boom(path / MM, float(rng.uniform(11, 17)), style.head, rng), ear_pad(path[0] / MM, rng)]
    sheets = placed(things, head, np.zeros(3), np.diag([side, 1, 1]))
    return paint(scene.shape, [*sheets, skull(head)])


_FORMS: dict[str, Callable[[Scene, _Style, Head], Layer]] = {
    "ball": _handheld,
    "foam": _handheld,
    "cube": _handheld,
    "studio": _studio,
    "podcast": _podcast,
    "cat": _cat,
    "headset": _headset,
}
