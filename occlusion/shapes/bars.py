"""Bars of stiff stuff bent along paths in space, such as the rims and arms of spectacles, and pebbles."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from occlusion.shapes.canvas import ellipse, rounded
from occlusion.shapes.surface import lathe


def evenly(path: Float[np.ndarray, "corners axes"], count: int) -> Float[np.ndarray, "count axes"]:
    """Sample a line through corners at places as far from each other along it; it may lie in the plane or in space."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    places = np.linspace(0, length[-1], count)
    return np.stack([np.interp(places, length, column) for column in path.T], axis=1)


def bent(corners: Float[np.ndarray, "corners 3"], count: int = 40) -> Float[np.ndarray, "count 3"]:
    """Return a smooth path from the first corner to the last one, which it cuts short in between."""
    return evenly(rounded(corners, closed=False), count)


def bar(
    path: Float[np.ndarray, "rows 3"],
    wide: float | Float[np.ndarray, "rows"],
    thick: float | Float[np.ndarray, "rows"],
    axis: tuple[float, float, float],
    power: float = 3.0,
    columns: int = 20,
) -> Float[np.ndarray, "rows columns 3"]:
    """Return the surface of a bar.

    Args:
        path: Its middle line.
        wide: Its extent across both path and axis, at each place.
        thick: Its extent along the axis, at each place.
        axis: A direction across the path throughout, a unit vector.
        power: Of the cross-section's superellipse: 2 is round, above it grows corners.
    """
    across = np.cross(np.gradient(path, axis=0), axis)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    # Evenly: a sheet is sampled everywhere as densely as its longest steps need.
    one, other = evenly(ellipse(np.zeros(2), (0.5, 0.5), power, 360)[np.arange(-180, 181)], columns).T
    half = np.broadcast_to(wide, len(path))[:, None] * one, np.broadcast_to(thick, len(path))[:, None] * other
    return np.asarray(path[:, None] + half[0][..., None] * across[:, None] + half[1][..., None] * np.array(axis))


def pebble(
    centre: Float[np.ndarray, "3"], radii: tuple[float, float, float], count: int = 13
) -> Float[np.ndarray, "count columns 3"]:
    """Return an ellipsoid with radii along x, y and z."""
    angle = np.linspace(0, np.pi, count)
    profile = np.stack([np.sin(angle), -radii[1] * np.cos(angle)], axis=1)
    return lathe(profile, 16, (radii[0], radii[2])) + centre
