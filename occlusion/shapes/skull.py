"""The face as something that hides what lies behind it: a sheet through the landmarks with nothing on it."""

from __future__ import annotations

import numpy as np

from occlusion.head import Head
from occlusion.shapes.solids import tinted
from occlusion.shapes.surface import Sheet

_AXIS = 0.75
"""How far behind the eyes the head's upright axis goes, eye distances."""


def skull(head: Head, slack: float = 0.06) -> Sheet:
    """Return a clear sheet along the face, from ear to ear: painted with others, it hides what is behind the head.

    Args:
        head: Whose.
        slack: How far beneath the skin it lies, eye distances, so that it never hides what lies on the skin.
    """
    turn, height, far = _round_the_axis(head.points)
    wanted_turn, wanted_height = np.meshgrid(np.linspace(-1.6, 1.6, 33), np.linspace(height.min(), height.max(), 29))
    away = (wanted_turn[..., None] - turn) ** 2 + (wanted_height[..., None] - height) ** 2
    # Between the landmarks the nearest ones have the say (Shepard 1968).
    weight = 1 / (away + 0.01) ** 2
    radius = (weight * far).sum(axis=-1) / weight.sum(axis=-1) - slack
    x, z = radius * np.sin(wanted_turn), _AXIS - radius * np.cos(wanted_turn)
    grid = head.place(np.stack([x, wanted_height, z], axis=-1))
    return Sheet(grid, tinted(np.zeros(4)), shaded=0.0)


def _round_the_axis(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, of points of the head, the turn about its axis (radians), the height and the distance from it."""
    x, z = points[:, 0], _AXIS - points[:, 2]
    return np.arctan2(x, z), points[:, 1], np.hypot(x, z)
