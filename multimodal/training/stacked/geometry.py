"""The sizes of a front, and the tables that its kernels go by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

GROUP = 4
"""So many channels are done in one go (the loops are written for it), so that what is read of a clip serves all."""

_TAPS = 3
"""The gradients of so many taps of a convolution are found in one go; filled up to a multiple."""

LANES = 16
"""Loops run over whole vectors of so many float32."""

SHUT = np.float32(-1e30)
"""What closed cells hold: no value that the pool would take."""


class Geometry(NamedTuple):
    """Sizes of one front.

    Attributes:
        channels, height, width: Of the clips.
        kernel, padding: Of the convolution (stride 1).
        pool, stride, margin: Of the max pool; margin is its padding, less than ``kernel``.
        average: Side of the blocks that are averaged in the end; 1 where there are none.
    """

    channels: int
    height: int
    width: int
    kernel: int
    padding: int
    pool: int
    stride: int
    margin: int
    average: int = 1

    @property
    def pitch(self) -> int:
        """Length of a padded row."""
        return self.width + 2 * self.padding

    @property
    def rows(self) -> int:
        """Rows after the convolution."""
        return self.height + 2 * self.padding - self.kernel + 1

    @property
    def columns(self) -> int:
        """Columns after the convolution."""
        return self.pitch - self.kernel + 1

    @property
    def pooled(self) -> tuple[int, int]:
        """Rows and columns after the pool."""
        high, wide = ((side + 2 * self.margin - self.pool) // self.stride + 1 for side in (self.rows, self.columns))
        return high, wide

    @property
    def reach(self) -> int:
        """Length of the flat loop over a rectified plane, from the first window's corner to the last one's."""
        high, wide = self.pooled
        return whole(((high - 1) * self.stride + self.pool - 1) * self.pitch + (wide - 1) * self.stride + 1)

    @property
    def plane_size(self) -> int:
        """Length of a rectified map with closed cells around it, with room for what the flat loops read past it."""
        return max(self.reach + self.pool, self.margin * (self.pitch + 1) + self.cells)

    @property
    def averaged(self) -> tuple[int, int]:
        """Rows and columns in the end."""
        high, wide = self.pooled
        return high // self.average, wide // self.average

    @property
    def cells(self) -> int:
        """Length of the flat loop over a map, in whole vectors."""
        return whole(self.rows * self.pitch)

    @property
    def taps(self) -> int:
        """Number of a filter's weights, filled up to a multiple of three."""
        return -(-self.channels * self.kernel**2 // _TAPS) * _TAPS

    @property
    def padded_size(self) -> int:
        """Length of a channel of a padded clip, with room for what the flat loop reads past its end."""
        return self.cells + self.kernel * self.pitch

    def guard(self) -> np.ndarray:
        """Return ``[cells]`` float32: 0 in the map, hugely negative past the end of a row and of the map."""
        flat = np.full(self.cells, SHUT, np.float32)
        flat[: self.rows * self.pitch].reshape(self.rows, self.pitch)[:, : self.columns] = 0
        return flat

    def offsets(self) -> np.ndarray:
        """Return ``[taps]``, where each tap reads in a padded clip."""
        c, y, x = np.indices((self.channels, self.kernel, self.kernel)).reshape(3, -1)
        taps = c * self.padded_size + y * self.pitch + x
        return np.pad(taps, (0, self.taps - len(taps))).astype(np.int64)


def whole(size: int) -> int:
    """Return the size filled up to whole vectors."""
    return -(-size // LANES) * LANES
