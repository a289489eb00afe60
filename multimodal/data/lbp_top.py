"""LBP-TOP: local binary patterns on three orthogonal planes (Zhao and Pietikainen 2007, section 4).

Every voxel is compared with eight neighbours on an ellipse in each of the planes XY, XT and YT; the 256 outcomes are
merged into the 58 uniform patterns and one for the rest (Ojala et al. 2002). Blocks of the picture have a histogram for
each plane.
"""

from __future__ import annotations

import functools

import numpy as np
from jaxtyping import Float, Int, UInt8

NEIGHBOURS = 8
RADII = (1, 1, 4)
"""Of the ellipses along x, y and time, as baselines on CASME II have them."""

BLOCKS = 5
"""Blocks along each side of the picture."""

PATTERNS = NEIGHBOURS * (NEIGHBOURS - 1) + 3

_PLANES = ((0, 1), (0, 2), (1, 2))
"""XY, XT, YT: axes of (x, y, time)."""

_EQUAL = 1e-6
"""Grey levels; interpolation between equal neighbours must not make them darker than they are."""


def lbp_top(
    clip: UInt8[np.ndarray, "time height width"], blocks: int = BLOCKS, radii: tuple[int, int, int] = RADII
) -> Float[np.ndarray, "dims"]:
    """Describe a clip by the patterns of its texture and motion.

    Args:
        clip: Grey, aligned, at least ``2 * radius + 1`` along each axis.
        blocks: Blocks along each side; they share the voxels that have all neighbours.
        radii: Along x, y and time, voxels.

    Returns:
        ``[blocks * blocks * 3 * 59]`` float32: block by block in reading order, in each the planes XY, XT, YT; each
        histogram sums to 1.

    Raises:
        ValueError: The clip is too small for the radii or the blocks.
    """
    inner = [size - 2 * radius for size, radius in zip(reversed(clip.shape), radii, strict=True)]
    if min(inner) < 1 or min(inner[:2]) < blocks:
        raise ValueError(f"expected a clip larger than {radii} on each side and {blocks} blocks, given {clip.shape}")
    volume = clip.astype(np.float64)
    cells = _cells(inner[1], inner[0], blocks)
    counts = np.stack([_histograms(_patterns(volume, axes, radii), cells, blocks) for axes in _PLANES], axis=1)
    return (counts / counts.sum(axis=2, keepdims=True)).astype(np.float32).ravel()


@functools.lru_cache(maxsize=1)
def uniform_patterns() -> Int[np.ndarray, "256"]:
    """Return the number of each code's pattern: codes with at most two changes around the circle, then the rest."""
    codes = np.arange(1 << NEIGHBOURS)
    turned = (codes >> 1) | ((codes & 1) << (NEIGHBOURS - 1))
    changes = np.array([int(code).bit_count() for code in codes ^ turned])
    table = np.full(1 << NEIGHBOURS, PATTERNS - 1)
    table[changes <= 2] = np.arange((changes <= 2).sum())
    return table


def neighbour_offsets(radii: tuple[int, int]) -> Float[np.ndarray, "8 2"]:
    """Return where the neighbours lie on an ellipse with these radii along a plane's two axes, voxels."""
    angles = 2 * np.pi * np.arange(NEIGHBOURS) / NEIGHBOURS
    return np.stack([radii[0] * np.cos(angles), radii[1] * np.sin(angles)], axis=1).round(9)


def _patterns(
    volume: Float[np.ndarray, "time height width"], axes: tuple[int, int], radii: tuple[int, int, int]
) -> Int[np.ndarray, "inner_time inner_height inner_width"]:
    """Return the pattern of each voxel that has all its neighbours, in one plane."""
    centre = _shifted(volume, (0, 0, 0), radii)
    code = np.zeros(centre.shape, np.int64)
    for bit, (first, second) in enumerate(neighbour_offsets((radii[axes[0]], radii[axes[1]]))):
        level = _interpolated(volume, axes, (first, second), radii)
        code |= (level >= centre - _EQUAL).astype(np.int64) << bit
    return uniform_patterns()[code]


def _interpolated(
    volume: np.ndarray, axes: tuple[int, int], offset: tuple[float, float], radii: tuple[int, int, int]
) -> np.ndarray:
    """Return all voxels' neighbours at an offset within a plane, bilinear between the four nearest voxels."""
    total: np.ndarray | float = 0.0
    low = np.floor(offset).astype(int)
    part = np.asarray(offset) - low
    for step in np.ndindex(2, 2):
        weight = float(np.prod(np.where(step, part, 1 - part)))
        if weight > 0:
            shift = [0, 0, 0]
            shift[axes[0]], shift[axes[1]] = int(low[0] + step[0]), int(low[1] + step[1])
            total = total + weight * _shifted(volume, (shift[0], shift[1], shift[2]), radii)
    return np.asarray(total)


def _shifted(volume: np.ndarray, shift: tuple[int, int, int], radii: tuple[int, int, int]) -> np.ndarray:
    """Return the inner voxels moved by ``shift`` along x, y, time; a view."""
    x, y, t = (
        slice(radius + step, size - radius + step)
        for size, radius, step in zip(reversed(volume.shape), radii, shift, strict=True)
    )
    return volume[t, y, x]


def _cells(height: int, width: int, blocks: int) -> Int[np.ndarray, "height width"]:
    """Return the number of the block that each inner pixel lies in."""
    row, column = (np.arange(size) * blocks // size for size in (height, width))
    return row[:, None] * blocks + column[None]


def _histograms(
    patterns: Int[np.ndarray, "time height width"], cells: Int[np.ndarray, "height width"], blocks: int
) -> Float[np.ndarray, "cells patterns"]:
    places = cells[None] * PATTERNS + patterns
    counts = np.bincount(places.ravel(), minlength=blocks * blocks * PATTERNS)
    return counts.reshape(blocks * blocks, PATTERNS).astype(np.float64)
