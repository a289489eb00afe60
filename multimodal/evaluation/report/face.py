"""Region attention on a line drawing of the canonical face, laid out for an SVG."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from markupsafe import Markup

from multimodal.evaluation.report.numbers import change, score, signed, stacked
from multimodal.evaluation.report.predictions import Predictions
from multimodal.evaluation.report.summary import shown
from multimodal.evaluation.report.tables import Table
from multimodal.face.canonical import CROP, CROP_CORNERS, GRID, SCALE
from multimodal.results import REGIONS

STRETCH = SCALE[0] / SCALE[1]
"""The canonical square shows faces flattened; the drawing is that much higher, so that it looks like a face."""

RADIUS = 2.35
"""Of a region's disc, cells of the canonical grid; the crops themselves overlap."""

SKETCH = {
    "oval": "M14 -3.4C5 -3.4 -2.6 -1.4 -3.7 6C-4.2 11 -3.4 17 -1.6 21.5C0 25.5 5 28.4 10 29.8Q12 30.3 14 30.3",
    "ear": "M-3.9 8C-6.2 6.6 -6.3 11 -5.2 14C-4.6 15.8 -3.9 15.6 -3.4 14.6",
    "brow": "M-.2 4.3C2 2.4 6.5 2 10.5 3",
    "eye": "M2.7 7.3C4.3 6.2 7.7 6.2 9.6 7.3C7.8 8.2 4.6 8.2 2.7 7.3Z",
    "iris": "M5.3 7.2A.9 .71 0 1 0 7.1 7.2A.9 .71 0 1 0 5.3 7.2Z",
    "nose": "M11.9 8.2C11.4 11 10.6 13 9.7 14.6C9 16 9.6 17 10.7 16.6C11.8 16.3 12.7 17.2 14 17.2",
    "upper": "M7.9 21.3C9.7 20.6 12 19.7 13 20Q13.6 20.2 14 20.2M7.9 21.3Q11 21.1 14 21.3",
    "lower": "M7.9 21.3C9.6 22.9 12 23.3 14 23.3",
}
"""The left half of the face, paths in cells of the canonical grid; the other half mirrors it.

Points follow the mean of rendered people seen from the front (``data/occlude/mean_face.csv``) on that grid.
"""

VIEW = (-7.0, -5.0 * STRETCH, 42.0, 36.8 * STRETCH)
"""The SVG's view box: left, top, width, height."""


@dataclass(frozen=True)
class Disc:
    """One region: its middle, what it shows, and how strong its colour is (0 to 1)."""

    region: str
    x: float
    y: float
    shade: float
    text: str
    below: str
    title: str


@dataclass(frozen=True)
class Face:
    """The mean attention under one condition."""

    occlusion: str
    discs: tuple[Disc, ...]


def mean_attention(answers: Predictions | None) -> dict[str, Float[np.ndarray, "12"]]:
    """Return the mean attention over clips and seeds by condition; nothing where the model has none."""
    if answers is None or answers.attention is None:
        return {}
    names = dict.fromkeys(answers.conditions)
    return {name: answers.attention[answers.under(name)].mean(axis=0) for name in names}


def faces(means: dict[str, Float[np.ndarray, "12"]], base: str) -> list[Face]:
    """Lay out a face a condition, ``base`` first; the others also show the change to it.

    The strongest colour is the largest attention of all faces.
    """
    most = max((float(values.max()) for values in means.values()), default=0.0) or 1.0
    names = sorted(means, key=lambda name: name != base)
    return [Face(name, _discs(means[name], None if name == base else means.get(base), most)) for name in names]


def attention_table(means: dict[str, Float[np.ndarray, "12"]], base: str) -> Table:
    """Return the same figures as a table, a row a region."""
    names = sorted(means, key=lambda name: name != base)
    rows = [
        (_words(region), *(_attention_cell(means, name, base, place) for name in names))
        for place, region in enumerate(REGIONS)
    ]
    caption = f"Mean attention of each region, 0 to 1, and its change to {shown(base)}"
    return Table(caption, ("Region", *map(shown, names)), tuple(rows) if names else ())


def middle(region: str) -> tuple[float, float]:
    """Return the middle of a region's crop, cells of the grid, stretched as the drawing is."""
    x, y = CROP_CORNERS[region]
    return x + CROP / 2, round((y + CROP / 2) * STRETCH, 2)


def mirror() -> str:
    """Return the SVG transform that turns the left half of the face into the right one."""
    return f"translate({GRID} 0) scale(-1 1)"


def _discs(values: Float[np.ndarray, "12"], before: Float[np.ndarray, "12"] | None, most: float) -> tuple[Disc, ...]:
    return tuple(
        _disc(region, float(values[place]), None if before is None else float(before[place]), most)
        for place, region in enumerate(REGIONS)
    )


def _disc(region: str, value: float, before: float | None, most: float) -> Disc:
    moved = "" if before is None else signed(value - before, 2)
    title = f"{_words(region)}: {value:.3f}" + (f", change {signed(value - before)}" if before is not None else "")
    return Disc(region, *middle(region), round(value / most, 3), f"{value:.2f}", moved, title)


def _attention_cell(means: dict[str, Float[np.ndarray, "12"]], name: str, base: str, place: int) -> Markup:
    value = float(means[name][place])
    if name == base or base not in means:
        return score(value)
    return stacked(score(value), change(value - float(means[base][place])))


def _words(region: str) -> str:
    return region.replace("_", " ")
