"""Hair that falls over forehead, brows and part of the eyes, as wigs do: from the crown down, on any head."""

from __future__ import annotations

from occlusion.head import Head
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder
from occlusion.shapes.combing import Look, comb
from occlusion.shapes.locks import Growth, grow
from occlusion.shapes.outline import outline_of
from occlusion.shapes.scalp import Scalp
from occlusion.shapes.strands import stroke

_ANCHORS = (10, 67, 297, 109, 338, 103, 332, 54, 284, 127, 356, 151, 9)

_CAP = Growth(50, (0.0, 2.4), (-1.05, 0.6), (0.55, 1.0), lift=(0.06, 0.0), wide=0.24, apart=True)
"""What covers the head where nothing else does."""

_BOB = Growth(60, (0.75, 2.3), (1.35, 1.5), (0.3, 1.0), lift=(0.14, 0.08), wide=0.2, apart=True)

CUTS: dict[str, tuple[Growth, ...]] = {
    "blunt": (_BOB, Growth(95, (-0.85, 0.85), (-0.08, -0.08), (0.6, 1.0), uneven=(0.03, 0.025), lift=(0.13, 0.07))),
    "wispy": (
        Growth(60, (0.7, 2.3), (1.5, 1.8), (0.3, 1.0), lift=(0.14, 0.08), wide=0.2, apart=True),
        Growth(70, (-0.9, 0.9), (-0.8, -0.8), (0.6, 1.0), lift=(0.1, 0.06), ground=0.8),
        Growth(22, (-0.8, 0.8), (-0.02, -0.02), (0.6, 0.9), uneven=(0.1, 0.1), wide=0.08, ground=0.3),
    ),
    "swept": (
        _CAP,
        Growth(60, (-0.5, -2.3), (-0.3, 0.8), (0.2, 1.0), lift=(0.08, 0.02), uneven=(0.05, 0.1)),
        Growth(60, (0.8, 2.3), (0.2, 1.2), (0.25, 1.0), part=0.45, lift=(0.1, 0.05)),
        Growth(90, (-0.95, -2.3), (0.3, 1.3), (0.5, 1.0), part=0.45, lift=(0.16, 0.06), bend=1.1),
        Growth(70, (0.3, -0.95), (-0.35, 0.2), (0.25, 0.8), part=0.45, lift=(0.2, 0.08), bend=1.0, uneven=(0.04, 0.06)),
    ),
    "curtain": (
        _CAP,
        Growth(75, (0.65, 2.4), (1.0, 1.8), (0.3, 1.0), part=0.03, lift=(0.16, 0.08), bend=1.5, apart=True),
        Growth(50, (0.4, 0.95), (0.2, 1.2), (0.25, 0.7), part=0.03, lift=(0.2, 0.08), bend=0.7, apart=True),
    ),
    "emo": (
        _CAP,
        Growth(60, (-0.4, -2.3), (-0.2, 1.0), (0.2, 1.0), lift=(0.08, 0.02), uneven=(0.05, 0.1)),
        Growth(60, (0.8, 2.4), (0.2, 1.2), (0.25, 1.0), part=0.55, lift=(0.1, 0.05)),
        Growth(80, (-0.9, -2.3), (1.0, 1.7), (0.5, 1.0), part=0.55, lift=(0.16, 0.06), bend=1.1),
        Growth(
            95, (0.15, -0.95), (-0.25, 0.85), (0.25, 0.8), part=0.55, lift=(0.2, 0.1), bend=1.0, uneven=(0.06, 0.12)
        ),
    ),
    "curls": (
        Growth(75, (0.6, 2.3), (0.8, 1.3), (0.1, 1.0), lift=(0.25, 0.2), wide=0.16, uneven=(0.1, 0.25), apart=True),
        Growth(70, (-0.9, 0.9), (-0.25, -0.25), (0.5, 1.0), lift=(0.2, 0.14), wide=0.14, uneven=(0.12, 0.15)),
    ),
    "afro": (
        Growth(130, (0.5, 2.4), (0.0, 0.4), (0.0, 1.0), lift=(0.35, 0.45), wide=0.2, uneven=(0.2, 0.3), apart=True),
        Growth(110, (-0.9, 0.9), (-0.4, -0.4), (0.45, 1.0), lift=(0.28, 0.3), wide=0.16, uneven=(0.15, 0.2)),
    ),
    "crop": (
        Growth(70, (0.75, 2.4), (0.0, 0.4), (0.0, 0.6), lift=(0.05, 0.03), wide=0.11, uneven=(0.1, 0.1), apart=True),
        Growth(80, (-0.95, 0.95), (-0.33, -0.33), (0.3, 0.8), None, 0.1, (0.16, 0.1), (0.1, 0.06), 0.09, ground=0.75),
        Growth(60, (0.0, 2.4), (-0.75, -0.4), (0.5, 1.0), lift=(0.1, 0.05), wide=0.1, uneven=(0.2, 0.2), apart=True),
        Growth(60, (0.0, 2.4), (-1.3, -1.0), (0.8, 1.0), lift=(0.1, 0.08), wide=0.1, uneven=(0.25, 0.15), apart=True),
    ),
    "shag": (
        Growth(80, (0.8, 2.3), (0.8, 1.7), (0.1, 1.0), lift=(0.16, 0.1), wide=0.14, uneven=(0.08, 0.3), apart=True),
        Growth(90, (-0.8, 0.8), (-0.1, -0.1), (0.5, 1.0), sway=0.12, wide=0.11, uneven=(0.1, 0.12), ground=0.75),
    ),
    "loose": (
        _CAP,
        Growth(90, (1.1, 2.4), (0.5, 1.2), (0.25, 1.0), part=0.0, lift=(0.12, 0.02), bend=2.2, apart=True),
        Growth(
            5, (0.2, 1.0), (0.2, 1.0), (0.24, 0.5), 0.05, 0.0, (0.12, 0.15), (0.22, 0.1), 0.05, 1.1, 0.0, apart=True
        ),
        Growth(9, (0.15, 0.85), (0.2, 1.0), (0.24, 0.5), 0.05, 0.0, (0.15, 0.15), (0.25, 0.1), 0.06, 0.9, 0.0),
    ),
    "wet": (
        _CAP,
        Growth(60, (0.7, 2.4), (0.9, 1.4), (0.2, 1.0), lift=(0.05, 0.0), uneven=(0.05, 0.15), ground=0.6, apart=True),
        Growth(
            40, (-0.85, 0.85), (-0.02, -0.02), (0.5, 0.95), lift=(0.06, 0.0), uneven=(0.12, 0.14), wide=0.14, ground=0.5
        ),
    ),
}
"""How hair is cut, by name; asymmetric cuts are mirrored by chance."""

STYLES: dict[str, tuple[str, Look]] = {
    "blunt-black": ("blunt", Look((0.035, 0.03, 0.03), (0.05, 0.043, 0.04), gloss=0.22)),
    "swept-blonde": ("swept", Look((0.42, 0.31, 0.17), (0.78, 0.64, 0.42), (0.90, 0.80, 0.60), 0.2, 0.09)),
    "curtain-brown": ("curtain", Look((0.14, 0.085, 0.05), (0.30, 0.185, 0.11), (0.40, 0.26, 0.16), 0.15)),
    "wispy-dark": ("wispy", Look((0.06, 0.045, 0.035), (0.11, 0.075, 0.055), ragged=0.12, clump=0.7)),
    "emo-black": ("emo", Look((0.03, 0.03, 0.035), (0.05, 0.05, 0.06), (0.45, 0.05, 0.12), 0.03)),
    "curly-chestnut": (
        "curls",
        Look((0.15, 0.08, 0.045), (0.34, 0.19, 0.10), (0.45, 0.28, 0.16), 0.1, 0.15, (0.07, 0.4), 0.5),
    ),
    "afro": (
        "afro",
        Look((0.06, 0.045, 0.035), (0.14, 0.10, 0.075), gloss=0.1, wave=(0.05, 0.2), dense=14, fine=0.012, frizz=0.02),
    ),
    "wavy-auburn": (
        "curtain",
        Look((0.22, 0.07, 0.035), (0.45, 0.17, 0.08), (0.55, 0.26, 0.13), 0.15, 0.2, (0.05, 0.95)),
    ),
    "crop-grey": (
        "crop",
        Look((0.34, 0.34, 0.35), (0.50, 0.50, 0.51), (0.62, 0.62, 0.63), 0.2, 0.04, clump=0.45, fine=0.008),
    ),
    "shag-ginger": ("shag", Look((0.40, 0.15, 0.05), (0.72, 0.33, 0.12), (0.82, 0.47, 0.22), 0.2, 0.15, clump=0.8)),
    "bob-blue": ("blunt", Look((0.05, 0.10, 0.28), (0.12, 0.36, 0.72), (0.25, 0.55, 0.85), 0.2)),
    "swept-pink": ("swept", Look((0.45, 0.16, 0.26), (0.92, 0.50, 0.64), (0.97, 0.70, 0.78), 0.2, 0.08)),
    "loose-strands": ("loose", Look((0.10, 0.065, 0.045), (0.22, 0.14, 0.09), (0.30, 0.19, 0.12), 0.1, clump=0.75)),
    "wet-strands": ("wet", Look((0.04, 0.03, 0.025), (0.07, 0.05, 0.04), gloss=0.4, clump=0.93, frizz=0.004)),
}
"""Cut and look of each style."""


@register_occluder("hair", styles=tuple(STYLES))
def draw_hair(scene: Scene) -> Drawing:
    """Draw hair; where each lock and strand falls and to which side it is combed comes from chance."""
    (cut, look), head = STYLES[scene.style], Head(scene.landmarks)
    locks = grow(Scalp(head), CUTS[cut], int(scene.rng.choice((-1, 1))), scene.rng)
    colour, alpha = stroke(scene.shape, comb(head, locks, look, scene.rng))
    return Drawing(colour, alpha, outline_of(alpha), _ANCHORS, shadow=0.3)
