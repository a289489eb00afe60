"""Curved sheets in space, brought into the picture: what lies in front hides what lies behind, light falls on slopes.

A sheet is a grid of points. It is sampled more densely than the picture's pixels, at twice their resolution, each pixel
keeps its nearest sample, and the result is averaged down: soft edges, no holes, and no triangles to go through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

_FINE = 2
_SPACING = 0.7
_DENSE = 1600

Skin = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Colour at places of a sheet: s along its columns and t along its rows, 0 to 1, both ``[n]``, to RGB or RGBA."""

Layer = tuple[np.ndarray, np.ndarray]
"""Colour ``[height, width, 3]``, 0 to 1, and alpha ``[height, width]``."""


@dataclass(frozen=True)
class Sheet:
    """A surface.

    Attributes:
        points: ``[rows, columns, 3]``: x, y and depth in pixels of the picture.
        skin: Its colour.
        gloss: Strength of the highlight, and its exponent.
        shaded: How much slopes away from the light darken it, 0 to 1.
        cut: Where there is any sheet at all (s, t to bool), or None: everywhere.
    """

    points: Float[np.ndarray, "rows columns 3"]
    skin: Skin
    gloss: tuple[float, float] = (0.0, 20.0)
    shaded: float = 0.5
    cut: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None


def paint(shape: tuple[int, int], sheets: Sequence[Sheet]) -> Layer:
    """Draw sheets into one layer of a picture of height and width ``shape``."""
    box = _box(shape, sheets)
    colour, alpha = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
    if box is None:
        return colour, alpha
    x0, y0, x1, y1 = box
    fine = _splat(sheets, box)
    small = cv2.resize(fine, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    part = small[..., 3]
    colour[y0:y1, x0:x1] = small[..., :3] / np.maximum(part, 1e-4)[..., None]
    alpha[y0:y1, x0:x1] = np.clip(part, 0, 1)
    return np.clip(colour, 0, 1), alpha


def over(front: Layer, back: Layer) -> Layer:
    """Lay one layer on another (Porter and Duff 1984)."""
    alpha = front[1] + back[1] * (1 - front[1])
    mixed = front[0] * front[1][..., None] + back[0] * (back[1] * (1 - front[1]))[..., None]
    return (mixed / np.maximum(alpha, 1e-4)[..., None]).astype(np.float32), alpha.astype(np.float32)


def plain(colour: Sequence[float]) -> Skin:
    """Return a skin of one colour."""
    return lambda s, t: np.broadcast_to(np.array(colour, np.float32), (*s.shape, 3))


def lathe(
    profile: Float[np.ndarray, "rows 2"], columns: int = 48, stretch: tuple[float, float] = (1.0, 1.0)
) -> Float[np.ndarray, "rows _ 3"]:
    """Return a solid of revolution about the y axis from pairs of radius and height."""
    angle = np.linspace(-np.pi, np.pi, columns)
    x = profile[:, :1] * np.sin(angle) * stretch[0]
    z = -profile[:, :1] * np.cos(angle) * stretch[1]
    return np.stack([x, np.broadcast_to(profile[:, 1:], x.shape), z], axis=-1)


def tube(
    path: Float[np.ndarray, "rows 3"], radius: Float[np.ndarray, "rows"], columns: int = 24
) -> Float[np.ndarray, "rows _ 3"]:
    """Return a tube along a path, as wide as ``radius`` at each of its points."""
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    side = np.cross(along, [0.0, 0.0, 1.0])
    side = np.where(np.linalg.norm(side, axis=1, keepdims=True) > 1e-3, side, [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(side, along)
    angle = np.linspace(-np.pi, np.pi, columns)[None, :, None]
    ring = np.cos(angle) * side[:, None] + np.sin(angle) * other[:, None]
    return np.asarray(path[:, None] + radius[:, None, None] * ring)


def turned(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Float[np.ndarray, "3 3"]:
    """Return the rotation about the x, then the y, then the z axis, degrees."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.radians([x, y, z])), np.sin(np.radians([x, y, z]))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def _box(shape: tuple[int, int], sheets: Sequence[Sheet]) -> tuple[int, int, int, int] | None:
    """Return the part of the picture that the sheets reach, x0, y0, x1, y1, or None."""
    ends = [(sheet.points[..., :2].min(axis=(0, 1)), sheet.points[..., :2].max(axis=(0, 1))) for sheet in sheets]
    x0, y0 = np.maximum(np.floor(np.min([low for low, _ in ends], axis=0)).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(np.max([high for _, high in ends], axis=0)).astype(int) + 2, shape[::-1])
    return (int(x0), int(y0), int(x1), int(y1)) if x1 > x0 and y1 > y0 else None


def _splat(sheets: Sequence[Sheet], box: tuple[int, int, int, int]) -> np.ndarray:
    """Return premultiplied RGBA of the box at the fine resolution."""
    x0, y0, x1, y1 = box
    width, height = (x1 - x0) * _FINE, (y1 - y0) * _FINE
    canvas = np.zeros((height * width, 4), np.float32)
    nearest = np.full(height * width, np.inf, np.float32)
    for sheet in sheets:
        place, depth, s, t = _samples(sheet, (x0, y0), (width, height))
        # Far samples first, so that near ones are written last and stay; only those are coloured.
        order = np.argsort(-depth, kind="stable")
        winner = np.full(height * width, -1, np.int64)
        winner[place[order]] = order
        seen = np.flatnonzero(winner >= 0)
        seen = seen[depth[winner[seen]] < nearest[seen]]
        nearest[seen], won = depth[winner[seen]], winner[seen]
        canvas[seen] = _coloured(sheet, s[won], t[won])
    canvas[:, :3] *= canvas[:, 3:]
    return canvas.reshape(height, width, 4)


def _samples(
    sheet: Sheet, corner: tuple[int, int], size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return, of a sheet's dense samples within the box, fine pixel, depth, and place on the sheet (s, t)."""
    points = sheet.points.astype(np.float32)
    rows, columns = (_count(points, axis) for axis in (0, 1))
    dense = _denser(points, rows, columns).reshape(-1, 3)
    column, row = (np.floor((dense[:, axis] + 0.5 - corner[axis]) * _FINE).astype(np.int64) for axis in (0, 1))
    seen = np.flatnonzero((column >= 0) & (row >= 0) & (column < size[0]) & (row < size[1]))
    s, t = (seen % columns / max(columns - 1, 1)).astype(np.float32), (seen // columns / (rows - 1)).astype(np.float32)
    if sheet.cut is not None:
        keep = sheet.cut(s, t)
        seen, s, t = seen[keep], s[keep], t[keep]
    return row[seen] * size[0] + column[seen], dense[seen, 2], s, t


def _coloured(sheet: Sheet, s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return lit RGBA ``[n, 4]`` at places of a sheet."""
    skin = sheet.skin(s, t)
    colour = np.ones((len(s), 4), np.float32)
    colour[:, : skin.shape[-1]] = skin
    colour[:, :3] = _light(colour[:, :3], _at(_normals(sheet.points.astype(np.float32)), s, t), sheet)
    return colour


def _at(grid: np.ndarray, s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Sample a grid linearly at places (s along columns, t along rows)."""
    rows, columns = grid.shape[:2]
    row, column = t * (rows - 1), s * (columns - 1)
    top, left = np.minimum(row.astype(int), rows - 2), np.minimum(column.astype(int), columns - 2)
    a, b = (column - left)[:, None], (row - top)[:, None]
    upper = grid[top, left] * (1 - a) + grid[top, left + 1] * a
    return np.asarray(upper * (1 - b) + (grid[top + 1, left] * (1 - a) + grid[top + 1, left + 1] * a) * b)


def _count(points: np.ndarray, axis: int) -> int:
    steps = np.linalg.norm(np.diff(points[..., :2], axis=axis), axis=-1).max(initial=0.0)
    return int(np.clip(np.ceil(steps * (points.shape[axis] - 1) * _FINE / _SPACING), points.shape[axis], _DENSE))


def _denser(grid: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Sample a grid linearly at ``rows`` times ``columns`` places."""
    for axis, count in ((0, rows), (1, columns)):
        place = np.linspace(0, grid.shape[axis] - 1, count, dtype=np.float32)
        low = np.minimum(place.astype(int), grid.shape[axis] - 2)
        share = (place - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        grid = grid.take(low, axis) * (1 - share) + grid.take(low + 1, axis) * share
    return grid


def _normals(points: np.ndarray) -> np.ndarray:
    normal = np.cross(np.gradient(points, axis=1), np.gradient(points, axis=0))
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
    # Both faces of a sheet are lit: the one that is seen looks towards the camera, which is where depths are small.
    return np.where(normal[..., 2:] > 0, -normal, normal)


def _light(colour: np.ndarray, normals: np.ndarray, sheet: Sheet) -> np.ndarray:
    """Darken slopes that look away from a wide light above the camera, and add the highlight."""
    light = np.array([0.0, -0.45, -0.89], np.float32)
    facing = np.clip(normals @ light / np.maximum(np.linalg.norm(normals, axis=-1), 1e-6), 0, 1)
    strength, power = sheet.gloss
    lit = colour * (1 - sheet.shaded + sheet.shaded * 1.08 * facing)[..., None]
    return np.asarray(lit + (strength * facing**power)[..., None])
