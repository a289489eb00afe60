"""Glasses with clear lenses: the frame hides, the lenses hardly do, but for what they reflect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder
from occlusion.shapes.reflection import Room, windows
from occlusion.shapes.spectacle_fit import Lens, Model
from occlusion.shapes.spectacles import spectacles
from occlusion.shapes.stuff import Stuff
from occlusion.shapes.surface import Skin
from occlusion.shapes.texture import RGB

_GOLD = Stuff((0.78, 0.60, 0.30), "metal")
_ROSE_GOLD = Stuff((0.80, 0.56, 0.47), "metal")
_STEEL = Stuff((0.66, 0.68, 0.71), "metal")
_GUNMETAL = Stuff((0.26, 0.27, 0.29), "metal")
_BLACK = Stuff((0.035, 0.035, 0.04))
_TORTOISE = Stuff((0.66, 0.36, 0.12), "horn", (0.13, 0.06, 0.03))
_BROWN = Stuff((0.36, 0.20, 0.11))


@dataclass(frozen=True)
class _Style:
    """``arms`` are of the frame's stuff unless told; ``tint`` and ``haze`` are the lenses' colour and its strength."""

    model: Model
    frame: Stuff
    arms: Stuff | None = None
    tint: RGB = (0.80, 0.84, 0.86)
    haze: float = 0.05


_WIRE = 0.03

STYLES: dict[str, _Style] = {
    "round-wire-gold": _Style(
        Model("round", (0.76, 0.74), _WIRE, bridge="wire", arm=0.035, hinge=0.15, pads=True, gap=0.32), _GOLD
    ),
    "round-tortoise": _Style(
        Model("panto", (0.76, 0.70), 0.07, heft=0.3, gap=0.33, bridge="keyhole", arm=0.10), _TORTOISE
    ),
    "rectangle-black": _Style(
        Model("rectangle", (0.84, 0.56), 0.085, heft=0.35, gap=0.33, arm=0.15, studs=True), _BLACK
    ),
    "rectangle-steel": _Style(
        Model("rectangle", (0.84, 0.50), _WIRE, bridge="wire", arm=0.05, hinge=0.5, pads=True), _STEEL
    ),
    "cat-eye-red": _Style(
        Model("cat-eye", (0.86, 0.62), 0.06, heft=0.8, gap=0.30, arm=0.11, hinge=0.75), Stuff((0.62, 0.05, 0.08))
    ),
    "aviator-gunmetal": _Style(
        Model("aviator", (0.90, 0.78), _WIRE, bridge="double", arm=0.035, pads=True, gap=0.26, drop=0.1), _GUNMETAL
    ),
    "browline": _Style(
        Model("browline", (0.80, 0.62), 0.028, brow=0.11, bridge="wire", arm=0.10, studs=True, pads=True, hinge=0.85),
        _GOLD,
        _BLACK,
    ),
    "rimless": _Style(Model("oval", (0.82, 0.56), 0.0, bridge="wire", arm=0.035, hinge=0.4, pads=True), _STEEL),
    "half-rim": _Style(
        Model("rectangle", (0.84, 0.52), 0.045, "top", bridge="wire", arm=0.06, hinge=0.55, pads=True), _GUNMETAL
    ),
    "oversized-crystal": _Style(
        Model("square", (0.92, 0.82), 0.085, heft=0.2, gap=0.32, arm=0.12, drop=0.09),
        Stuff((0.86, 0.87, 0.86), alpha=0.45),
    ),
    "keyhole-brown": _Style(
        Model("wayfarer", (0.78, 0.64), 0.075, heft=0.5, gap=0.33, bridge="keyhole", arm=0.12), _BROWN
    ),
    "safety": _Style(
        Model("sport", (1.02, 0.72), 0.05, "top", gap=0.16, bridge="saddle", wrap=0.30, arm=0.16, hinge=0.45),
        Stuff((0.16, 0.17, 0.18), "matt"),
        Stuff((0.85, 0.40, 0.05), "matt"),
    ),
    "half-moon-burgundy": _Style(
        Model("half-moon", (0.78, 0.40), 0.05, heft=0.3, bridge="saddle", arm=0.07, hinge=0.8, drop=0.26),
        Stuff((0.33, 0.05, 0.10)),
    ),
    "translucent-blue": _Style(
        Model("panto", (0.80, 0.68), 0.08, heft=0.3, gap=0.33, bridge="keyhole", arm=0.11),
        Stuff((0.25, 0.45, 0.72), alpha=0.7),
    ),
    "hexagon-rose-gold": _Style(
        Model("hexagon", (0.84, 0.70), _WIRE, bridge="wire", arm=0.035, hinge=0.1, pads=True), _ROSE_GOLD
    ),
}
"""What each style looks like, RGB in white light."""


@register_occluder("glasses", styles=tuple(STYLES))
def draw_glasses(scene: Scene) -> Drawing:
    """Draw clear glasses; size, seat and what the lenses reflect come from chance."""
    style, room = STYLES[scene.style], windows(scene.rng)
    strength = float(scene.rng.uniform(0.35, 0.8))

    def glass(lens: Lens) -> Skin:
        return _clear(lens, style, room, strength)

    return spectacles(scene, style.model, style.frame, style.arms or style.frame, glass, shadow=0.2)


def _clear(lens: Lens, style: _Style, room: Room, strength: float) -> Skin:
    """Return a lens with a little haze, the room's reflection laid on it, and an edge that shows where no rim does."""
    bare = 0.5 if style.model.rim == 0 or style.model.reach == "top" else 0.12

    def skin(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        places = lens.places(s, t)
        glare = strength * room(lens.reflected(places))
        edge = bare * lens.edge(places, t, 0.035)
        haze = np.maximum(edge, style.haze)
        alpha = 1 - (1 - glare) * (1 - haze)
        tint = np.array(style.tint) * (1 - edge)[:, None]
        colour = tint * (haze * (1 - glare))[:, None] + glare[:, None]
        return np.column_stack([colour / np.maximum(alpha, 1e-4)[:, None], alpha])

    return skin
