"""Sunglasses: dark, graded or mirrored lenses that hide the eyes and reflect the sky."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder
from occlusion.shapes.reflection import Land, landscape
from occlusion.shapes.spectacle_fit import Lens, Model
from occlusion.shapes.spectacles import spectacles
from occlusion.shapes.stuff import Stuff
from occlusion.shapes.surface import Skin
from occlusion.shapes.texture import RGB

_GOLD = Stuff((0.78, 0.60, 0.30), "metal")
_STEEL = Stuff((0.66, 0.68, 0.71), "metal")
_BLACK = Stuff((0.03, 0.03, 0.035))
_MATT = Stuff((0.07, 0.07, 0.075), "matt")
_WHITE = Stuff((0.90, 0.89, 0.86))
_TORTOISE = Stuff((0.58, 0.30, 0.10), "horn", (0.10, 0.05, 0.03))


@dataclass(frozen=True)
class _Style:
    """What the lenses look like above and below, RGB, how much they hide there, and how much they reflect.

    ``mirror`` is the share of light reflected, ``gleam`` its colour.
    """

    model: Model
    frame: Stuff
    upper: RGB
    lower: RGB
    hides: tuple[float, float] = (0.97, 0.97)
    mirror: float = 0.13
    gleam: RGB = (1.0, 1.0, 1.0)
    arms: Stuff | None = None


_WIRE = 0.03
_AVIATOR = Model("aviator", (0.98, 0.86), _WIRE, bridge="double", wrap=0.16, arm=0.035, pads=True, gap=0.24, drop=0.11)

STYLES: dict[str, _Style] = {
    "aviator-gold-green": _Style(_AVIATOR, _GOLD, (0.05, 0.08, 0.05), (0.22, 0.30, 0.18), (0.97, 0.88)),
    "aviator-mirrored-silver": _Style(
        _AVIATOR, _STEEL, (0.10, 0.11, 0.12), (0.16, 0.17, 0.18), (1.0, 1.0), 0.75, (0.95, 0.97, 1.0)
    ),
    "wayfarer-black": _Style(
        Model("wayfarer", (0.86, 0.70), 0.085, heft=0.6, wrap=0.13, arm=0.16, studs=True, gap=0.33, hinge=0.75),
        *(_BLACK, (0.02, 0.025, 0.025), (0.06, 0.07, 0.065)),
    ),
    "wayfarer-mirrored-blue": _Style(
        Model("wayfarer", (0.86, 0.70), 0.08, heft=0.5, wrap=0.13, arm=0.15, gap=0.33, hinge=0.75),
        *(_MATT, (0.02, 0.05, 0.20), (0.02, 0.22, 0.38), (1.0, 1.0), 0.6, (0.25, 0.60, 1.0)),
    ),
    "round-yellow": _Style(
        Model("round", (0.72, 0.70), _WIRE, bridge="wire", arm=0.035, hinge=0.1, pads=True, gap=0.34, wrap=0.12),
        *(_GOLD, (0.62, 0.42, 0.06), (0.72, 0.52, 0.12), (0.88, 0.86), 0.16),
    ),
    "round-black": _Style(
        Model("round", (0.76, 0.74), 0.034, bridge="wire", arm=0.04, hinge=0.1, pads=True, gap=0.31, wrap=0.12),
        *(Stuff((0.10, 0.10, 0.11), "metal"), (0.02, 0.02, 0.025), (0.04, 0.04, 0.045), (0.98, 0.98), 0.14),
    ),
    "sport-wrap": _Style(
        Model("sport", (1.04, 0.68), 0.05, "top", gap=0.13, bridge="saddle", wrap=0.34, arm=0.14, hinge=0.35),
        *(_MATT, (0.03, 0.03, 0.035), (0.07, 0.07, 0.075), (0.98, 0.98), 0.18),
        arms=Stuff((0.65, 0.06, 0.05)),
    ),
    "shield-fire": _Style(
        Model("shield", (1.10, 0.84), 0.05, "top", bridge="none", wrap=0.34, arm=0.13, hinge=0.45),
        *(_WHITE, (0.62, 0.16, 0.03), (0.85, 0.60, 0.08), (1.0, 1.0), 0.55, (1.0, 0.55, 0.20)),
    ),
    "cat-eye-white": _Style(
        Model("cat-eye", (0.90, 0.68), 0.075, heft=0.6, gap=0.31, wrap=0.14, arm=0.11, hinge=0.75),
        *(_WHITE, (0.05, 0.05, 0.055), (0.16, 0.15, 0.15), (0.97, 0.93)),
    ),
    "oversized-brown": _Style(
        Model("butterfly", (1.00, 0.92), 0.075, heft=0.3, gap=0.31, wrap=0.16, arm=0.13, drop=0.12),
        *(Stuff((0.17, 0.09, 0.05)), (0.09, 0.045, 0.02), (0.50, 0.32, 0.20), (0.97, 0.86)),
    ),
    "browline-black": _Style(
        Model(
            "browline",
            (0.82, 0.66),
            0.03,
            brow=0.12,
            bridge="wire",
            wrap=0.12,
            arm=0.11,
            studs=True,
            pads=True,
            hinge=0.85,
        ),
        *(_GOLD, (0.03, 0.045, 0.035), (0.08, 0.11, 0.085)),
        arms=_BLACK,
    ),
    "hexagon-rose": _Style(
        Model("hexagon", (0.88, 0.76), _WIRE, bridge="double", arm=0.035, hinge=0.1, pads=True, wrap=0.12, gap=0.26),
        *(_GOLD, (0.66, 0.26, 0.32), (0.86, 0.52, 0.54), (0.90, 0.86), 0.16),
    ),
    "panto-tortoise": _Style(
        Model("panto", (0.82, 0.74), 0.08, heft=0.3, gap=0.33, bridge="keyhole", wrap=0.13, arm=0.12),
        *(_TORTOISE, (0.05, 0.06, 0.04), (0.13, 0.13, 0.08)),
    ),
    "narrow-red": _Style(
        Model("narrow", (0.84, 0.46), 0.045, gap=0.33, wrap=0.12, arm=0.07, hinge=0.3, drop=0.03),
        *(Stuff((0.60, 0.04, 0.06)), (0.22, 0.02, 0.03), (0.40, 0.06, 0.08), (0.97, 0.94)),
    ),
    "square-purple-mirror": _Style(
        Model("square", (0.92, 0.80), 0.06, gap=0.30, wrap=0.15, arm=0.09, drop=0.09),
        *(Stuff((0.80, 0.78, 0.82), alpha=0.75), (0.20, 0.04, 0.30), (0.42, 0.10, 0.40), (1.0, 1.0)),
        *(0.5, (0.85, 0.50, 1.0)),
    ),
}
"""What each style looks like, RGB in white light."""


@register_occluder("sunglasses", styles=tuple(STYLES))
def draw_sunglasses(scene: Scene) -> Drawing:
    """Draw sunglasses; size, seat and the landscape they reflect come from chance."""
    style, land = STYLES[scene.style], landscape(scene.rng)

    def glass(lens: Lens) -> Skin:
        return _dark(lens, style, land)

    return spectacles(scene, style.model, style.frame, style.arms or style.frame, glass, shadow=0.3)


def _dark(lens: Lens, style: _Style, land: Land) -> Skin:
    """Return a lens graded from top to bottom, the landscape reflected in it, a little darker along its edge."""

    def skin(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        places = lens.places(s, t)
        low = np.clip(0.5 + (places[:, 1] - lens.fit.middle[1]) / lens.fit.high, 0, 1)[:, None]
        tint = np.array(style.upper) * (1 - low) + np.array(style.lower) * low
        rim = 1 - 0.35 * lens.edge(places, t, 0.05)[:, None]
        gleam = style.mirror * np.array(style.gleam) * land(lens.reflected(places))
        alpha = style.hides[0] * (1 - low) + style.hides[1] * low
        return np.column_stack([np.clip((tint * (1 - style.mirror) + gleam) * rim, 0, 1), alpha])

    return skin
