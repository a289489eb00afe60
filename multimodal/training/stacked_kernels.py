"""Kernels for the front of a shallow net: convolution, ReLU, batch norm and max pool of many folds in one go.

Why: such nets spend their time moving 30 x 30 maps to memory and back between layers. Here a channel's map is made,
rectified, counted and pooled while it lies in the cache, and made once more on the way back; it is never stored. A
positive (negative) scale of batch norm makes the pool's largest value the largest (smallest) rectified one, so that
pooling need not wait for the statistics.

Compiled by numba in memory when first needed (some seconds; no file is written); they let go of Python's lock, so that
threads run them side by side. A map's rows lie one after another at the padded width, so that one flat loop covers all
of them; what is past a row's end is computed and kept out by ``guard``.
"""

from __future__ import annotations

from typing import NamedTuple, no_type_check

import numba
import numpy as np

TAPS = 9
"""So many taps of a convolution are done in one go; their number is filled up with zero weights."""

_LANES = 16
_SHUT = np.float32(-1e30)


class Geometry(NamedTuple):
    """Sizes of one front.

    Attributes:
        height, width: Of the maps.
        kernel, padding: Of the convolution (stride 1).
        pool, stride, margin: Of the max pool; margin is its padding, less than ``kernel``.
    """

    height: int
    width: int
    kernel: int
    padding: int
    pool: int
    stride: int
    margin: int

    @property
    def rows(self) -> int:
        """Rows after the convolution."""
        return self.height + 2 * self.padding - self.kernel + 1

    @property
    def columns(self) -> int:
        """Columns after the convolution."""
        return self.width + 2 * self.padding - self.kernel + 1

    @property
    def pitch(self) -> int:
        """Length of a padded row."""
        return self.width + 2 * self.padding

    @property
    def cells(self) -> int:
        """Length of the flat loop over a map, in whole vectors."""
        return -(-self.rows * self.pitch // _LANES) * _LANES

    @property
    def pooled(self) -> tuple[int, int]:
        """Rows and columns after the pool."""
        return tuple((side + 2 * self.margin - self.pool) // self.stride + 1 for side in (self.rows, self.columns))

    def guard(self) -> np.ndarray:
        """Return ``[cells]`` float32: 0 in the map, hugely negative past the end of a row and of the map."""
        flat = np.full(self.cells, _SHUT, np.float32)
        flat[: self.rows * self.pitch].reshape(self.rows, self.pitch)[:, : self.columns] = 0
        return flat

    def offsets(self, channels: int) -> np.ndarray:
        """Return ``[taps]``, where each tap reads in a padded clip, filled up to a multiple of ``TAPS`` with 0."""
        c, y, x = np.indices((channels, self.kernel, self.kernel)).reshape(3, -1)
        taps = c * self.padded_size + y * self.pitch + x
        return np.pad(taps, (0, -len(taps) % TAPS)).astype(np.int64)

    @property
    def padded_size(self) -> int:
        """Length of a channel of a padded clip, with room for what the flat loop reads past its end."""
        return self.cells + self.kernel * self.pitch + _LANES

    @property
    def plane_size(self) -> int:
        """Length of a rectified map with closed rows above and below, with room for the pool's flat loop."""
        return self.cells + (2 * self.margin + self.stride + self.pool) * self.pitch + _LANES


@numba.njit(nogil=True, fastmath=True)
@no_type_check  # the tests' shape checks wrap plain functions, which numba cannot compile
def _pad(clip, geometry, padded):
    height, width, padding = geometry[0], geometry[1], geometry[3]
    pitch = width + 2 * padding
    size = padded.shape[0] // clip.shape[0]
    for c in range(clip.shape[0]):
        for y in range(height):
            start = c * size + (y + padding) * pitch + padding
            for x in range(width):
                padded[start + x] = clip[c, y, x]


@numba.njit(nogil=True, fastmath=True)
@no_type_check
def _convolve(padded, weights, offsets, bias, out):
    """Fill ``out`` with a channel's map before the ReLU."""
    for p in range(out.shape[0]):
        out[p] = bias
    for t in range(0, offsets.shape[0], 9):
        w0, w1, w2, w3, w4, w5, w6, w7, w8 = (
            weights[t], weights[t + 1], weights[t + 2], weights[t + 3], weights[t + 4], weights[t + 5],
            weights[t + 6], weights[t + 7], weights[t + 8],
        )
        a0, a1, a2 = padded[offsets[t] :], padded[offsets[t + 1] :], padded[offsets[t + 2] :]
        a3, a4, a5 = padded[offsets[t + 3] :], padded[offsets[t + 4] :], padded[offsets[t + 5] :]
        a6, a7, a8 = padded[offsets[t + 6] :], padded[offsets[t + 7] :], padded[offsets[t + 8] :]
        for p in range(out.shape[0]):
            out[p] += (
                w0 * a0[p] + w1 * a1[p] + w2 * a2[p] + w3 * a3[p] + w4 * a4[p]
                + w5 * a5[p] + w6 * a6[p] + w7 * a7[p] + w8 * a8[p]
            )


@numba.njit(nogil=True, fastmath=True)
@no_type_check
def _correlate(padded, change, offsets, grad):
    """Add to ``grad`` what each tap's weight gets from ``change``, a map's gradient before the ReLU."""
    zero = np.float32(0)
    for t in range(0, offsets.shape[0], 9):
        s0, s1, s2, s3, s4, s5, s6, s7, s8 = zero, zero, zero, zero, zero, zero, zero, zero, zero
        a0, a1, a2 = padded[offsets[t] :], padded[offsets[t + 1] :], padded[offsets[t + 2] :]
        a3, a4, a5 = padded[offsets[t + 3] :], padded[offsets[t + 4] :], padded[offsets[t + 5] :]
        a6, a7, a8 = padded[offsets[t + 6] :], padded[offsets[t + 7] :], padded[offsets[t + 8] :]
        for p in range(change.shape[0]):
            d = change[p]
            s0 += d * a0[p]
            s1 += d * a1[p]
            s2 += d * a2[p]
            s3 += d * a3[p]
            s4 += d * a4[p]
            s5 += d * a5[p]
            s6 += d * a6[p]
            s7 += d * a7[p]
            s8 += d * a8[p]
        grad[t] += s0
        grad[t + 1] += s1
        grad[t + 2] += s2
        grad[t + 3] += s3
        grad[t + 4] += s4
        grad[t + 5] += s5
        grad[t + 6] += s6
        grad[t + 7] += s7
        grad[t + 8] += s8


@numba.njit(nogil=True, fastmath=True)
@no_type_check
def _pool(plane, pitch, pool, stride, columns, tall, where, top, place):
    """Write the largest value of each window and its place in ``plane``; the first of equals wins, as in torch."""
    reach = (columns - 1) * stride + pool
    rows = top.shape[0] // columns
    for i in range(rows):
        start = i * stride * pitch
        for x in range(reach):
            tall[x] = plane[start + x]
            where[x] = start + x
        for d in range(1, pool):
            start += pitch
            for x in range(reach):
                higher = plane[start + x] > tall[x]
                tall[x] = plane[start + x] if higher else tall[x]
                where[x] = start + x if higher else where[x]
        for j in range(columns):
            best, at = tall[j * stride], where[j * stride]
            for x in range(j * stride + 1, j * stride + pool):
                higher = tall[x] > best
                best = tall[x] if higher else best
                at = where[x] if higher else at
            top[i * columns + j] = best
            place[i * columns + j] = at


@numba.njit(nogil=True, fastmath=True)
@no_type_check
def forward(clips, counts, weights, bias, sign, geometry, offsets, guard, room, top, place, sums):
    """Convolve, rectify and pool the clips of several folds.

    Args:
        clips: ``[folds, batch, channels_in, height, width]``.
        counts: ``[folds]``, how many of the batch are clips; the rest is left alone.
        weights, bias: ``[folds, channels, taps]``, ``[folds, channels]``.
        sign: ``[folds, channels]``, that of batch norm's scale.
        geometry, offsets, guard: See ``Geometry``; ``room`` is its ``padded_size, plane_size``.
        top, place: Filled: ``[folds, batch, channels, pooled]``, rectified values that the pool lets through, and where.
        sums: Filled: ``[folds, channels, 2]`` float64, sums of all rectified values and of their squares.
    """
    pitch, pool, stride, margin = geometry[1] + 2 * geometry[3], geometry[4], geometry[5], geometry[6]
    columns = (pitch - geometry[2] + 1 + 2 * margin - pool) // stride + 1
    padded = np.zeros(clips.shape[2] * room[0], np.float32)
    plane = np.full(room[1], _SHUT, np.float32)
    inner = plane[margin * pitch + margin :]
    cells = np.empty(guard.shape[0], np.float32)
    tall = np.empty((columns - 1) * stride + pool, np.float32)
    where = np.empty(tall.shape[0], np.int32)
    for f in range(clips.shape[0]):
        for b in range(counts[f]):
            _pad(clips[f, b], geometry, padded)
            for c in range(bias.shape[1]):
                _convolve(padded, weights[f, c], offsets, bias[f, c], cells)
                way, total, squares = sign[f, c], np.float32(0), np.float32(0)
                for p in range(cells.shape[0]):
                    value = cells[p] if cells[p] > 0 and guard[p] == 0 else np.float32(0)
                    inner[p] = way * value + guard[p]
                    total += value
                    squares += value * value
                sums[f, c, 0] += total
                sums[f, c, 1] += squares
                _pool(plane, pitch, pool, stride, columns, tall, where, top[f, b, c], place[f, b, c])
                for q in range(top.shape[3]):
                    top[f, b, c, q] *= way


@numba.njit(nogil=True, fastmath=True)
@no_type_check
def backward(clips, counts, weights, bias, scale, mean, spread, geometry, offsets, guard, room, top, place, grad, out):
    """Find the gradients of a front from that of what it gives.

    Args:
        clips, counts, weights, bias, geometry, offsets, guard, room, top, place: As in ``forward``.
        scale, mean, spread: ``[folds, channels]`` float64: of batch norm; spread is one over the standard deviation.
        grad: ``[folds, batch, channels, pooled]``, of the front's output.
        out: Filled: ``[folds, channels, taps + 3]`` float64: of weights, bias, scale, shift.
    """
    pitch, margin, taps = geometry[1] + 2 * geometry[3], geometry[6], offsets.shape[0]
    home = margin * pitch + margin
    padded = np.zeros(clips.shape[2] * room[0], np.float32)
    cells = np.empty(guard.shape[0], np.float32)
    area = 0
    for p in range(guard.shape[0]):
        area += guard[p] == 0
    for f in range(clips.shape[0]):
        for c in range(bias.shape[1]):
            for b in range(counts[f]):
                for q in range(top.shape[3]):
                    out[f, c, taps + 1] += grad[f, b, c, q] * (top[f, b, c, q] - mean[f, c]) * spread[f, c]
                    out[f, c, taps + 2] += grad[f, b, c, q]
        for b in range(counts[f]):
            _pad(clips[f, b], geometry, padded)
            for c in range(bias.shape[1]):
                gain, number = scale[f, c] * spread[f, c], counts[f] * area
                slope = np.float32(-gain * spread[f, c] * out[f, c, taps + 1] / number)
                level = np.float32(-gain * out[f, c, taps + 2] / number - slope * mean[f, c])
                _convolve(padded, weights[f, c], offsets, bias[f, c], cells)
                for p in range(cells.shape[0]):
                    cells[p] = level + slope * cells[p] if cells[p] > 0 and guard[p] == 0 else np.float32(0)
                for q in range(top.shape[3]):
                    share = gain * grad[f, b, c, q] if top[f, b, c, q] > 0 else 0.0
                    cells[place[f, b, c, q] - home] += np.float32(share)
                total = np.float32(0)
                for p in range(cells.shape[0]):
                    total += cells[p]
                out[f, c, taps] += total
                _correlate(padded, cells, offsets, out[f, c])
