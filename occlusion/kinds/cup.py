"""Cups, glasses and cans at the mouth, tipped while drinking, with the hand that holds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from occlusion.head import Head
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder
from occlusion.shapes.coarse import no_finer
from occlusion.shapes.fingers import Grip, around, hand
from occlusion.shapes.glazes import Coat, brushed, glass, glazed
from occlusion.shapes.outline import outline_of
from occlusion.shapes.solids import MM, placed, touching
from occlusion.shapes.surface import Layer, Sheet, over, paint, turned
from occlusion.shapes.texture import RGB, noise
from occlusion.shapes.vessels import LIDS, SHAPES, Paint, Shape, Vessel, handle, inner, rim_ring, wall

_ANCHORS = (4, 61, 291, 205, 425, 199, 152)
_COFFEE, _WATER = (0.20, 0.11, 0.06), (0.80, 0.86, 0.88)


@dataclass(frozen=True)
class _Style:
    """``form`` is one of ``vessels.SHAPES``; ``trim`` colours its inside, its lid or its ends."""

    form: str
    coat: Coat
    trim: RGB = (0.92, 0.91, 0.88)
    drink: RGB = _COFFEE


_CREAM, _KRAFT, _STEEL = (0.91, 0.89, 0.83), (0.66, 0.50, 0.34), (0.78, 0.79, 0.80)

STYLES: dict[str, _Style] = {
    "mug-white": _Style("mug", Coat((0.93, 0.93, 0.91))),
    "mug-blue-glaze": _Style("bellied", Coat((0.10, 0.24, 0.42), (0.45, 0.52, 0.50), "run", 0.8), (0.22, 0.34, 0.48)),
    "mug-stripes": _Style("mug", Coat(_CREAM, (0.16, 0.27, 0.45), "stripes", 1.0, (18, 78), 0.9)),
    "mug-dots": _Style("mug", Coat((0.78, 0.20, 0.20), (0.95, 0.94, 0.90), "dots", 1.0, (8, 86), 1.1)),
    "mug-stoneware": _Style(
        "bellied", Coat((0.73, 0.68, 0.58), (0.22, 0.16, 0.11), "speckles", 0.9), (0.70, 0.66, 0.56)
    ),
    "mug-enamel": _Style(
        "enamel", Coat((0.93, 0.93, 0.90), (0.10, 0.16, 0.35), "all", 1.0, (-9, 5)), (0.93, 0.93, 0.9)
    ),
    "paper-sleeve": _Style("paper", Coat((0.93, 0.92, 0.90), _KRAFT, "all", 0.0), (0.10, 0.10, 0.11)),
    "paper-brown-badge": _Style(
        "paper", Coat((0.30, 0.20, 0.15), (0.88, 0.62, 0.30), "badge", 1.0), (0.93, 0.93, 0.92)
    ),
    "espresso-to-go": _Style("espresso", Coat((0.55, 0.10, 0.11), (0.88, 0.80, 0.68), "zigzag", 0.9, (22, 48), 0.6)),
    "tumbler-water": _Style("tumbler", Coat((0.95, 0.98, 0.99)), drink=_WATER),
    "tumbler-juice": _Style("tumbler", Coat((0.98, 0.98, 0.97)), drink=(0.93, 0.57, 0.12)),
    "travel-steel": _Style("travel", Coat(_STEEL), (0.12, 0.12, 0.13)),
    "tea-bowl": _Style(
        "bowl", Coat((0.50, 0.58, 0.48), (0.24, 0.19, 0.14), "run", 0.75), (0.52, 0.60, 0.50), (0.42, 0.48, 0.20)
    ),
    "can-red": _Style("can", Coat((0.74, 0.08, 0.10), (0.94, 0.93, 0.92), "wave", 1.0), _STEEL),
    "can-gold": _Style("can", Coat((0.76, 0.60, 0.26), (0.10, 0.22, 0.15), "badge", 1.0), _STEEL),
    "kids-stars": _Style(
        "beaker",
        Coat((0.30, 0.62, 0.76), (0.97, 0.83, 0.30), "stars", 1.0, (10, 84)),
        (0.95, 0.55, 0.35),
        (0.9, 0.85, 0.7),
    ),
    "kids-flowers": _Style(
        "beaker", Coat((0.90, 0.55, 0.62), (0.45, 0.25, 0.55), "flowers", 1.0, (10, 84)), (0.95, 0.9, 0.9)
    ),
}
"""What each style looks like, RGB in white light."""


@register_occluder("cup", styles=tuple(STYLES))
def draw_cup(scene: Scene) -> Drawing:
    """Draw a cup at the lips; which hand holds it, how far it is tipped and turned come from chance."""
    layer = no_finer(scene, _layer)
    return Drawing(*layer, outline_of(layer[1]), _ANCHORS, shadow=0.3)


def _layer(scene: Scene) -> Layer:
    style, head, rng = STYLES[scene.style], Head(scene.landmarks), scene.rng
    shape, tilt = SHAPES[style.form], float(rng.uniform(*SHAPES[style.form].tilt))
    turn = turned(-tilt, float(rng.normal(0, 5)), float(rng.normal(0, 3)))
    at = _lips(head) - turn @ (0.0, 0.0, shape.mouth) * MM
    beside = turn @ np.diag([float(rng.choice((-1, 1))), 1, 1]) @ turned(y=float(rng.uniform(-15, 25)))
    vessel = _FORMS.get(style.form, _crockery)(style, shape, rng)
    ear, fingers = handle(shape, glazed(style.coat, rng)), hand(_grip(shape, tilt), rng)
    things = [*placed([*vessel.solid, *vessel.clear], head, at, turn), *placed(ear, head, at, beside)]
    layer = touching(scene.shape, things, placed(fingers, head, at, beside), scene.unit)
    return over(layer, paint(scene.shape, placed(vessel.within, head, at, turn))) if vessel.within else layer


def _lips(head: Head) -> np.ndarray:
    """Return where the rim meets the lips: in the midst between them, whether they are open or not."""
    upper, lower = head.points[13], head.points[14]
    return np.array([0.0, 0.35 * upper[1] + 0.65 * lower[1], min(upper[2], lower[2]) - 0.02])


def _grip(shape: Shape, tilt: float) -> Grip:
    """Hold the handle, or else the body; the arm hangs down and outwards however far the cup is tipped."""
    upright = turned(-tilt).T
    elbow = upright @ (120.0, 215.0, 0.0)
    if shape.handle is None:
        radius, height = shape.grip
        return Grip(around(radius), height, upright @ (22.0, 42.0, 58.0), elbow, shape.fingers)
    top, bottom, off = shape.handle
    course, beside = around(12.0), np.array([shape.grip[0] + off, 0.0, 0.0])
    thumb = np.array([(34.0, top + 6, 18), (14.0, top - 12, 6), (-16.0, top - 10, -4)])
    return Grip(
        lambda height, radius: course(height, radius) + beside,
        (top + bottom) / 2 + 4,
        upright @ (40.0, 42.0, 50.0),
        elbow,
        shape.fingers,
        thumb=thumb + beside,
    )


def _crockery(style: _Style, shape: Shape, rng: np.random.Generator) -> Vessel:
    return Vessel([wall(shape.outer, glazed(style.coat, rng)), inner(shape.mouth, style.trim, style.drink)])


def _paper(style: _Style, shape: Shape, rng: np.random.Generator) -> Vessel:
    """Return a paper cup with its lid, and a cardboard sleeve on the plain ones."""
    body = wall(shape.outer, glazed(style.coat, rng), (0.08, 12.0))
    lid = wall(LIDS["paper"], glazed(Coat(style.trim), rng), (0.35, 25.0))
    sleeve = wall(((42.2, 40), (42.6, 41), (36.0, 88), (35.4, 88)), _card(style.coat.second, rng), (0.03, 8.0))
    return Vessel([body, lid, sleeve] if style.coat.share == 0 else [body, lid])


def _card(tone: RGB, rng: np.random.Generator) -> Paint:
    fibre = noise(rng, 2.5, 0.05)
    return lambda x, y: np.array(tone) * (1 + fibre(x / 3, y) + 0.04 * np.sin(x * 2 * np.pi / 2.6))[:, None]


def _travel(style: _Style, shape: Shape, rng: np.random.Generator) -> Vessel:
    body = wall(shape.outer, brushed(style.coat.first, rng), (0.25, 30.0), 0.4)
    lid = wall(LIDS["travel"], glazed(Coat(style.trim), rng), (0.3, 20.0))
    band = wall(((41.0, 58), (41.4, 60), (40.8, 96), (40.0, 98)), glazed(Coat(style.trim), rng), (0.08, 8.0))
    return Vessel([body, lid, band])


def _can(style: _Style, shape: Shape, rng: np.random.Generator) -> Vessel:
    """Return a can: printed on its side, bare metal at both ends."""
    print_, metal = glazed(style.coat, rng), brushed(style.trim, rng)

    def paint_at(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        bare = ((y < 12) | (y > 116))[:, None]
        return np.where(bare, metal(x, y), 0.85 * print_(x, y) * (0.75 + 0.4 * metal(x, 0 * y)[:, :1]))

    return Vessel([wall(shape.outer, paint_at, (0.4, 30.0), 0.5)])


def _tumbler(style: _Style, shape: Shape, rng: np.random.Generator) -> Vessel:
    """Return a glass with a drink in it, both of which let the face through."""
    clear = wall(shape.outer, glass(style.coat.first, 101.0, rng), (0.35, 60.0), 0.1)
    depth = 0.28 if style.drink == _WATER else 0.82
    drink = wall(((36, 30), (32, 99), (0, 99)), glazed(Coat(style.drink), rng), (0.1, 20.0), 0.35)
    seen = drink.skin

    def skin(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        return np.concatenate([seen(s, t), np.full((len(s), 1), depth)], axis=1)

    within = Sheet(drink.points, skin, drink.gloss, drink.shaded)
    return Vessel([], [clear, rim_ring(38.0, 1.2, np.array([0.9, 0.93, 0.94, 0.55]))], [within])


_FORMS: dict[str, Callable[[_Style, Shape, np.random.Generator], Vessel]] = {
    "paper": _paper,
    "travel": _travel,
    "can": _can,
    "tumbler": _tumbler,
}
