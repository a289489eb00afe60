"""Sheets larger than the surface samples without gaps, cut into tiles side by side."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from occlusion.shapes.surface import Sheet

_WIDEST = 500.0
"""Pixels; wider sheets would show gaps."""


def tiles(sheet: Sheet, shape: tuple[int, int]) -> list[Sheet]:
    """Return the tiles of a sheet that reach a picture of height and width ``shape``.

    The first and the last column are left out: they are where slopes are not known on both sides.
    """
    columns = sheet.points.shape[1]
    step = float(np.linalg.norm(np.diff(sheet.points[..., :2], axis=1), axis=-1).max())
    count = int(np.clip(np.ceil(step * columns / _WIDEST), 1, columns - 2))
    ends = np.linspace(1, columns - 2, count + 1).round().astype(int)
    cut = (_tile(sheet, int(first), int(last)) for first, last in pairwise(ends))
    return [tile for tile in cut if _reaches(tile, shape)]


def _tile(sheet: Sheet, first: int, last: int) -> Sheet:
    """Return some columns of a sheet; one more on either side gives the slopes there and is cut off."""
    columns, width = sheet.points.shape[1], last - first + 2

    def place(s: np.ndarray) -> np.ndarray:
        return np.asarray((first - 1 + s * width) / (columns - 1))

    def cut(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        inside = (s >= 1 / width) & (s <= 1 - 1 / width)
        return np.asarray(inside if sheet.cut is None else inside & sheet.cut(place(s), t))

    points = sheet.points[:, first - 1 : last + 2]
    return Sheet(points, lambda s, t: sheet.skin(place(s), t), sheet.gloss, sheet.shaded, cut)


def _reaches(sheet: Sheet, shape: tuple[int, int]) -> bool:
    low, high = sheet.points[..., :2].min(axis=(0, 1)), sheet.points[..., :2].max(axis=(0, 1))
    return bool((high > -1).all() and (low < shape[::-1]).all())
