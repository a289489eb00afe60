"""A board to draw on in millimetres: discs, panels and lines with soft edges, which become a printed skin."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from occlusion.shapes.texture import RGB

FINE = 5
"""Pixels per millimetre."""


class Board:
    """A picture in the making.

    Args:
        size: Width and height, millimetres.

    Attributes:
        x: Of each pixel, millimetres from the middle to the right.
        y: The same, down.
        picture: RGB and alpha, 0 to 1.
    """

    def __init__(self, size: tuple[float, float]) -> None:
        wide, high = size
        self.size = size
        self.x, self.y = np.meshgrid(
            np.linspace(-wide / 2, wide / 2, int(wide * FINE)), np.linspace(-high / 2, high / 2, int(high * FINE))
        )
        self.picture = np.ones((*self.x.shape, 4), np.float32)

    def lay(self, colour: np.ndarray | RGB, share: np.ndarray | float) -> None:
        """Blend a colour in."""
        share = np.broadcast_to(np.asarray(share, np.float32), self.x.shape)[..., None]
        self.picture[..., :3] = self.picture[..., :3] * (1 - share) + np.asarray(colour, np.float32) * share

    def disc(self, at: tuple[float, float], radius: float, colour: RGB) -> None:
        """Lay a disc."""
        self.panel(at, (radius, radius), radius, colour)

    def panel(self, at: tuple[float, float], half: tuple[float, float], corner: float, colour: RGB) -> None:
        """Lay a rectangle with rounded corners."""
        window = np.s_[_close(self.y[:, 0], at[1], half[1]), _close(self.x[0], at[0], half[0])]
        share = inside(-_outside(self.x[window], self.y[window], at, half, corner))[..., None]
        self.picture[window][..., :3] *= 1 - share
        self.picture[window][..., :3] += share * np.array(colour)

    def rim(self, inset: float, corner: float) -> Float[np.ndarray, "height width"]:
        """Return how far each pixel lies outside a line at ``inset`` from the edge, millimetres."""
        half = self.size[0] / 2 - inset, self.size[1] / 2 - inset
        return _outside(self.x, self.y, (0.0, 0.0), half, corner)


def inside(value: Float[np.ndarray, "*places"]) -> Float[np.ndarray, "*places"]:
    """Turn how far places lie inside a line (millimetres) into 0 and 1 with a soft edge."""
    return np.clip(0.5 + value / 0.3, 0, 1)


def _close(places: np.ndarray, middle: float, half: float) -> slice:
    """Return which places may lie within ``half`` of the middle."""
    low, high = np.searchsorted(places, (middle - half - 1, middle + half + 1))
    return slice(int(low), int(high))


def _outside(
    x: np.ndarray, y: np.ndarray, at: tuple[float, float], half: tuple[float, float], corner: float
) -> np.ndarray:
    """Return how far places lie outside a rectangle with rounded corners, millimetres; inside it is negative."""
    out_x, out_y = np.abs(x - at[0]) - half[0] + corner, np.abs(y - at[1]) - half[1] + corner
    away = np.hypot(np.maximum(out_x, 0), np.maximum(out_y, 0))
    return np.asarray(away + np.minimum(np.maximum(out_x, out_y), 0) - corner)
