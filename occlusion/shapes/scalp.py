"""The form that hair lies on: half an ellipsoid above the brows, and what falls straight down from its rim.

Places on it are a direction round the head, radians (0 in front, a quarter turn the side that the picture shows on the
right), and a height in the head's coordinates, from the crown down.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from occlusion.head import Head

_CROWN = 1.10
"""How far the top of the skull lies above the eyes, as a share of how far the chin lies below them."""


class Scalp:
    """The form, in the head's coordinates.

    Attributes:
        rim: Height of the widest place, at the brows; below it hair hangs.
        crown: Height of the top.
    """

    def __init__(self, head: Head) -> None:
        temple, brow = head.symmetric(127, 356), head.points[9]
        self.rim = float(brow[1])
        self.crown = min(-_CROWN * float(head.points[152, 1]), self.rim - 0.5)
        self._depth = float(temple[2]) + 0.35
        wide, deep = float(temple[0]) * 1.04, self._depth - float(brow[2])
        self._radii = np.maximum([wide, self.rim - self.crown, deep], 0.5)

    def ring(self, y: Float[np.ndarray, "*grid"]) -> Float[np.ndarray, "*grid"]:
        """Return how wide the form is at a height, as a share of its widest."""
        return np.sqrt(np.clip(1 - np.clip((self.rim - y) / self._radii[1], 0, 1) ** 2, 0, 1))

    def angle(self, x: Float[np.ndarray, "*grid"], y: Float[np.ndarray, "*grid"]) -> Float[np.ndarray, "*grid"]:
        """Return the direction of what lies ``x`` to the right of the middle, in front."""
        return np.arcsin(np.clip(x / (self._radii[0] * np.maximum(self.ring(y), 0.1)), -0.95, 0.95))

    def place(
        self, angle: Float[np.ndarray, "*grid"], y: Float[np.ndarray, "*grid"], lift: Float[np.ndarray, "*grid"]
    ) -> Float[np.ndarray, "*grid 3"]:
        """Return points ``lift`` eye distances above the form."""
        middle = np.stack([0 * y, np.maximum(y, self.rim), 0 * y + self._depth], axis=-1)
        return middle + self._unit(angle, y) * self._radii + self.normals(angle, y) * lift[..., None]

    def normals(self, angle: Float[np.ndarray, "*grid"], y: Float[np.ndarray, "*grid"]) -> Float[np.ndarray, "*grid 3"]:
        """Return which way the form faces."""
        normal = self._unit(angle, y) / self._radii
        return np.asarray(normal / np.linalg.norm(normal, axis=-1, keepdims=True))

    def _unit(self, angle: np.ndarray, y: np.ndarray) -> np.ndarray:
        ring = self.ring(y)
        up = -np.clip((self.rim - y) / self._radii[1], 0, 1)
        return np.stack([ring * np.sin(angle), up, -ring * np.cos(angle)], axis=-1)
