"""The lower half of a head with its neck, as a form that cloth is wound round, in the head's coordinates.

Directions round the neck are angles: 0 is in front, a quarter turn is the side that the picture shows on the right.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from occlusion.head import Head
from occlusion.shapes.canvas import rounded

_BLUNT = 0.3
_SEEN = 1.75
"""How far to either side of the camera's direction a wound cloth can be seen, radians; the rest it hides itself."""


class Neck:
    """The form, wide enough that cloth which is stretched over nose, cheeks and jaw lies on it.

    Args:
        head: The head.
        freely: 0 for cloth that lies round the neck, 1 for cloth that hangs down from the chin.
    """

    def __init__(self, head: Head, freely: float = 0.0) -> None:
        self._front = _spline(_front(head, freely))
        self._side = _spline(_side(head, freely))

    def around(
        self,
        angle: Float[np.ndarray, "rows columns"],
        y: Float[np.ndarray, "rows columns"],
        off: Float[np.ndarray, "rows columns"],
    ) -> Float[np.ndarray, "rows columns 3"]:
        """Return points of the head at heights ``y`` in directions ``angle``, radians, ``off`` eye distances out."""
        front = np.interp(y, self._front[0], self._front[1])
        wide, deep, power = (np.interp(y, self._side[0], column) for column in self._side[1:])
        across, along = np.sin(angle), np.cos(angle)
        # In front a superellipse from ear to ear, below power 2 a tent over the nose; behind half an ellipse.
        bent = np.sign(along) * np.abs(along) ** np.where(along > 0, 2 / power, 1.0)
        # Blunt at the very middle, as cloth over the ridge of a nose is.
        x = wide * across * ((across**2 + _BLUNT**2) / (1 + _BLUNT**2)) ** np.where(along > 0, 1 / power - 0.5, 0.0)
        z = deep - np.where(along > 0, deep - front, 1.3 * wide) * bent
        return np.stack([x + off * across, y, z - off * along], axis=-1)


def seen_angles(head: Head, columns: int) -> Float[np.ndarray, "columns"]:
    """Return directions round the neck, radians, from one end of what the camera sees to the other."""
    towards = float(np.arctan2(-head.axes[0, 2], max(float(head.axes[2, 2]), 1e-3)))
    return towards + np.linspace(-_SEEN, _SEEN, columns)


def _front(head: Head, freely: float) -> np.ndarray:
    """Go down the middle, as pairs of height and depth: over nose, lips and chin to neck and chest."""
    bridge, tip, chin = head.points[6, 1:], head.points[4, 1:], head.points[152, 1:]
    lips, front = head.points[13, 1:], head.points[199, 1:]
    stand = min(float(lips[1]), float(tip[1]) + 0.2)
    loose = np.array([(0.5, 0.22), (0.9, 0.2), (1.5, 0.02), (2.1, -0.15)])
    hanging = np.array([(0.3, 0.02), (0.8, 0.06), (1.5, 0.04), (2.1, 0.0)])
    below = chin + loose * (1 - freely) + hanging * freely
    face = [
        bridge,
        bridge * 0.5 + tip * 0.5,
        tip,
        (lips[0], stand),
        (front[0], front[1] - 0.1),
        np.add(chin, (0.08, -0.12)),
    ]
    return np.array([bridge - (2, 0), *face, *below, below[-1] + (2, 0)])


def _side(head: Head, freely: float) -> np.ndarray:
    """Go down the side: height, half the width, depth of the widest place, and how round the front is."""
    ear, jaw = head.symmetric(132, 361), head.symmetric(172, 397)
    chin, wide = float(head.points[152, 1]), float(head.symmetric(234, 454)[0])
    rows = [
        (-2.0, wide, ear[2], 1.35),
        (float(head.points[4, 1]), wide, ear[2], 1.35),
        (float(ear[1]) + 0.1, wide + 0.02, ear[2], 1.5),
        (float(jaw[1]), wide - 0.02, ear[2], 1.6),
        (chin, wide - 0.06, ear[2], 1.75),
        (chin + 0.5, wide - 0.04, ear[2] + 0.05, 2.0),
        (chin + 0.9, wide + 0.1, ear[2], 2.1),
        (chin + 1.5, wide + 0.45 - 0.2 * freely, ear[2], 2.2),
        (chin + 2.1, wide + 0.9 - 0.5 * freely, ear[2], 2.3),
        (chin + 4.0, wide + 0.9, ear[2], 2.3),
    ]
    return np.array(rows, np.float64)


def _spline(corners: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return heights and what goes with them of a smooth line through corners, heights made to increase."""
    line = rounded(corners, closed=False)
    height = np.maximum.accumulate(line[:, 0]) + 1e-6 * np.arange(len(line))
    return (height, *line[:, 1:].T)
