"""Scarves: wound round the neck and pulled up over the mouth, some over the nose; tubes, bandanas and collars too."""

from __future__ import annotations

from occlusion.head import Head
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder
from occlusion.shapes.cloth import Cloth
from occlusion.shapes.draping import CUTS, build
from occlusion.shapes.neck import Neck
from occlusion.shapes.outline import outline_of
from occlusion.shapes.surface import paint
from occlusion.shapes.tiles import tiles
from occlusion.shapes.winding import wind

_ANCHORS = (123, 352, 132, 361, 6, 152, 195, 199)
_BLACK = (0.0, 0.0, 0.0)

STYLES: dict[str, tuple[str, Cloth]] = {
    "chunky-knit": (
        "wound",
        Cloth((0.86, 0.81, 0.72), (("cable", (0.42, 0.37, 0.30), 0.75),), 0.2, (0.06, 0.7), 0.0),
    ),
    "tartan-wool": (
        "fringed",
        Cloth(
            (0.66, 0.09, 0.10),
            (("tartan", (0.07, 0.13, 0.20), 0.85), ("plaid lines", (0.9, 0.76, 0.3), 0.7), ("twill", _BLACK, 0.15)),
            scale=1.2,
        ),
    ),
    "houndstooth": (
        "fringed",
        Cloth((0.90, 0.89, 0.86), (("houndstooth", (0.10, 0.10, 0.11), 0.95),)),
    ),
    "football-stripes": (
        "fringed",
        Cloth(
            (0.10, 0.20, 0.55),
            (("bars", (0.92, 0.92, 0.90), 1.0), ("knit", _BLACK, 0.3)),
            0.12,
            (0.05, 0.5),
            0.1,
        ),
    ),
    "leopard": (
        "silk",
        Cloth((0.82, 0.64, 0.42), (("spots", (0.14, 0.09, 0.06), 0.95),), 0.07, (0.09, 0.34), 0.6, (0.06, 14.0)),
    ),
    "silk-flowers": (
        "silk",
        Cloth(
            (0.14, 0.23, 0.36),
            (("leaves", (0.34, 0.56, 0.40), 0.9), ("bunches", (0.93, 0.50, 0.55), 0.95)),
            0.06,
            (0.08, 0.3),
            0.9,
            (0.16, 16.0),
        ),
    ),
    "silk-emerald": (
        "silk",
        Cloth((0.05, 0.42, 0.33), (("plain", (0.1, 0.5, 0.4), 0.3),), 0.06, (0.085, 0.3), 1.0, (0.26, 14.0)),
    ),
    "linen-gauze": (
        "silk",
        Cloth((0.86, 0.80, 0.70), (("gauze", (0.55, 0.48, 0.40), 0.6),), 0.06, (0.07, 0.19), 0.8),
    ),
    "keffiyeh": (
        "shemagh",
        Cloth(
            (0.93, 0.92, 0.90),
            (("lattice", (0.08, 0.08, 0.09), 0.95), ("border", (0.08, 0.08, 0.09), 0.9)),
            0.06,
            (0.09, 0.32),
            0.7,
        ),
    ),
    "bandana-red": (
        "bandana",
        Cloth((0.74, 0.08, 0.10), (("paisley", (0.96, 0.95, 0.93), 0.95),), 0.04, (0.08, 0.36), 0.7, scale=1.4),
    ),
    "bandana-indigo": (
        "bandana",
        Cloth((0.16, 0.21, 0.42), (("dots", (0.93, 0.93, 0.91), 0.95),), 0.04, (0.08, 0.36), 0.7, scale=0.7),
    ),
    "buff-black": (
        "tube",
        Cloth((0.08, 0.08, 0.09), (("plain", (0.3, 0.3, 0.3), 0.3),), 0.03, (0.1, 0.3), 0.5, (0.09, 6.0)),
    ),
    "buff-zigzag": (
        "tube",
        Cloth(
            (0.10, 0.45, 0.54),
            (("zigzag", (0.97, 0.57, 0.22), 0.95), ("plain", _BLACK, 0.15)),
            0.03,
            (0.1, 0.3),
            0.6,
            (0.04, 20.0),
            1.5,
        ),
    ),
    "camouflage-tube": (
        "tube",
        Cloth((0.52, 0.51, 0.36), (("camouflage", (0.17, 0.21, 0.13), 1.0),), 0.03, (0.1, 0.3), 0.5, scale=1.2),
    ),
    "fleece-grey": (
        "tube",
        Cloth((0.56, 0.58, 0.61), (("fleece", (0.32, 0.33, 0.36), 0.6),), 0.12, (0.09, 0.5), 0.0),
    ),
    "snood-mustard": (
        "snood",
        Cloth((0.88, 0.64, 0.17), (("knit", (0.42, 0.25, 0.03), 0.7),), 0.24, (0.06, 0.5), 0.1, scale=1.5),
    ),
    "ribbed-collar": (
        "collar",
        Cloth((0.90, 0.87, 0.80), (("ribs", (0.42, 0.38, 0.32), 0.75),), 0.09, (0.06, 0.6), 0.0),
    ),
}
"""Cut (a key of ``draping.CUTS``) and cloth of each style."""


@register_occluder("scarf", styles=tuple(STYLES))
def draw_scarf(scene: Scene) -> Drawing:
    """Draw a scarf; whether it hides the nose, how it is wound and how it is creased comes from chance."""
    (cut, cloth), head = STYLES[scene.style], Head(scene.landmarks)
    folds = CUTS[cut](build(head, scene.rng), scene.rng)
    sheets = wind(head, Neck(head, freely=float(cut == "bandana")), folds, cloth, scene.rng)
    shown = [tile for sheet in sheets for tile in tiles(sheet, scene.shape)]
    colour, alpha = paint(scene.shape, shown or sheets)
    return Drawing(colour, alpha, outline_of(alpha), _ANCHORS, shadow=0.3)
