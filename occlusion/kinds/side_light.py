"""Light from one side: half the face in shadow, blinds, coloured lamps, light from below or behind.

It multiplies the light that was there: what was dark in the picture stays dark.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from occlusion.degrading.carried import Canvas, Carrier
from occlusion.degrading.lamps import Beam, Lamp, as_factor
from occlusion.degrading.relief import Relief, relief_of
from occlusion.occluder import Scene
from occlusion.registry import Change, register_degradation
from occlusion.shapes.texture import RGB

_ANCHORS = (33, 263, 61, 291, 1, 152, 127, 356)
_FINE, _MARGIN = 30.0, 1.0


@dataclass(frozen=True)
class _Style:
    """A room.

    Attributes:
        lamps: In it.
        ambient: Light from everywhere, RGB, linear, 1 as it was.
        spill: How much of the lamps' light falls on what is far from the face.
        side: Whether chance may put the lamps on the other side.
        behind: Light on what is not the person, besides.
        veil: Stray light over the whole picture, as a share of white.
    """

    lamps: tuple[Lamp, ...]
    ambient: RGB
    spill: float
    side: bool = True
    behind: float = 0.0
    veil: float = 0.0


def _grey(value: float) -> RGB:
    return (value, value, value)


def _one(lamp: Lamp, ambient: float, spill: float, side: bool = True) -> _Style:
    return _Style((lamp,), _grey(ambient), spill, side)


_WARM, _SUN = (1.5, 1.2, 0.85), (2.0, 1.7, 1.25)
_RED, _BLUE, _PINK, _CYAN = (1.6, 0.07, 0.05), (0.06, 0.25, 1.7), (1.6, 0.05, 0.35), (0.03, 0.6, 1.5)
_SOFT_LEFT = Lamp((-0.85, -0.2, -0.5), _grey(1.35), wrap=0.3, soft=0.5)
_HARD_LEFT = Lamp((-0.92, -0.25, -0.32), _grey(1.5), edge=0.45, soft=0.08)

STYLES: dict[str, _Style] = {
    "soft-left": _one(_SOFT_LEFT, 0.10, 0.5, side=False),
    "soft-right": _one(_SOFT_LEFT.mirrored(), 0.10, 0.5, side=False),
    "hard-left": _one(_HARD_LEFT, 0.03, 0.4, side=False),
    "hard-right": _one(_HARD_LEFT.mirrored(), 0.03, 0.4, side=False),
    "half-in-shadow": _one(Lamp((-1, 0, -0.04), _grey(1.4), edge=0.4, soft=0.08), 0.012, 0.3),
    "from-above": _one(Lamp((0.12, -0.93, -0.34), _grey(1.7), edge=0.7), 0.03, 0.3),
    "from-below": _one(Lamp((0.15, 0.88, -0.45), (1.5, 1.4, 1.2), edge=0.7, soft=0.1), 0.02, 0.2),
    "rembrandt": _one(Lamp((-0.62, -0.62, -0.48), _WARM, edge=0.6, soft=0.1), 0.04, 0.3),
    "blinds": _one(Lamp((-0.5, -0.3, -0.8), _SUN, edge=0.6, soft=0.05, gobo="blinds"), 0.07, 0.25),
    "leaf-shadows": _one(Lamp((-0.3, -0.6, -0.75), _SUN, edge=0.7, gobo="leaves"), 0.12, 0.35),
    "window-bars": _one(Lamp((-0.6, -0.2, -0.75), _WARM, edge=0.6, soft=0.05, gobo="window"), 0.05, 0.35),
    "red-gel": _Style((Lamp((-0.8, -0.1, -0.5), _RED, wrap=0.15),), (0.05, 0.02, 0.03), 0.4),
    "blue-gel": _Style((Lamp((0.8, -0.1, -0.5), _BLUE, wrap=0.15),), (0.02, 0.03, 0.07), 0.4),
    "two-gels": _Style(
        (Lamp((-0.92, 0, -0.3), _PINK, edge=0.7), Lamp((0.92, 0, -0.3), _CYAN, edge=0.7)), (0.02, 0.02, 0.03), 0.35
    ),
    "rim-light": _one(Lamp((-0.9, -0.25, 0.3), _grey(2.2), edge=0.6, soft=0.2), 0.05, 0.1),
    "backlight": _Style((), _grey(0.045), 0.0, behind=2.6, veil=0.08),
    "burnt-out": _one(Lamp((-0.75, -0.2, -0.6), _grey(6.0), edge=0.8, soft=0.1), 0.25, 0.22),
}
"""The rooms by name; left and right are the picture's."""


@register_degradation("side-light", styles=tuple(STYLES))
def relight(scene: Scene) -> Change:
    """Light the face anew; the lamps' exact places and strengths, and the side where the style leaves it, are chance's.

    The lamps stay where they are: when the head turns, other parts of it are lit. The form is the onset frame's; the
    shadows that parts of the face throw on others go along with the head.
    """
    style = _varied(STYLES[scene.style], scene.rng)
    fine = min(_FINE, max(scene.unit, 4.0))
    canvas = Canvas.around(scene.landmarks, _MARGIN, fine)
    relief, carrier = relief_of(scene.landmarks, canvas), Carrier(canvas, scene.landmarks, _ANCHORS)
    beams = [Beam(lamp, relief, fine, scene.rng) for lamp in style.lamps]
    far, veil = _far(style, relief), np.full((*scene.shape, 3), round(255 * style.veil), np.uint8)

    def change(image: np.ndarray, landmarks: np.ndarray | None) -> np.ndarray:
        carrier.follow(image, landmarks)
        near = _near(style, beams, carrier.turn, canvas.shape)
        factor = as_factor(_joined(near, far, relief))
        lit = cv2.multiply(image, carrier.place(factor, image.shape, cv2.BORDER_REPLICATE), dtype=cv2.CV_8U)
        return cv2.add(lit, veil) if style.veil else lit

    return change


def _near(style: _Style, beams: list[Beam], turn: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the light on the face, RGB, linear, on the canvas."""
    light = np.full((*shape, 3), style.ambient, np.float32)
    for beam in beams:
        light += beam.on(turn)[..., None] * beam.colour
    return light


def _far(style: _Style, relief: Relief) -> np.ndarray:
    """Return the light on what lies beside the face, and on a person's silhouette before a bright wall."""
    light = np.full(relief.normals.shape, style.ambient, np.float32)
    for lamp in style.lamps:
        # A wall and shoulders are lit more on the lamp's side; where they are is not known, so it changes slowly.
        slope = relief.places[..., :2] @ lamp.direction[:2].astype(np.float32)
        light += style.spill / (1 + np.exp(-1.8 * slope))[..., None] * np.array(lamp.colour, np.float32)
    return light + style.behind * (1 - relief.person[..., None])


def _joined(near: np.ndarray, far: np.ndarray, relief: Relief) -> np.ndarray:
    """Go over from the face to what is beside it; sooner where that makes it darker, lest a halo betray it."""
    more, solid = near - far, relief.solid[..., None]
    return far + np.where(more > 0, solid**3, solid) * more


def _varied(style: _Style, rng: np.random.Generator) -> _Style:
    """Move the lamps a little, change their strength, and put them on the other side if chance may."""
    other = style.side and bool(rng.integers(2))
    lamps = tuple(_nudged(lamp.mirrored() if other else lamp, rng) for lamp in style.lamps)
    red, green, blue = float(rng.uniform(0.75, 1.3)) * np.array(style.ambient)
    return replace(style, lamps=lamps, ambient=(float(red), float(green), float(blue)))


def _nudged(lamp: Lamp, rng: np.random.Generator) -> Lamp:
    x, y, z = (float(v) for v in lamp.direction + rng.normal(0, 0.07, 3))
    gain = float(rng.uniform(0.88, 1.12))
    red, green, blue = (gain * v for v in lamp.colour)
    return replace(lamp, towards=(x, y, z), colour=(red, green, blue))
