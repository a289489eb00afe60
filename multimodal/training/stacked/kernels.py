"""Kernels for the front of a shallow net: convolution, ReLU, batch norm, max pool, dropout, average of many folds.

Why: such nets spend their time moving 30 x 30 maps to memory and back between layers. Here a channel's map is made,
rectified, counted and pooled while it lies in the cache, and made once more on the way back; it is never stored. A
positive (negative) scale of batch norm makes the pool's largest value the largest (smallest) rectified one, so that
pooling need not wait for the statistics.

Compiled by numba in memory when first needed (some seconds a geometry; no file is written); they let go of Python's
lock, so that threads run them side by side. A map's rows lie one after another at the padded width, so that one flat
loop covers all of them; what is past a row's end is computed and kept out by a guard. Every loop that is to become
vector instructions stands in a function of its own, with its bounds fixed at compile time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import no_type_check

import numba
import numpy as np

from multimodal.training.stacked.geometry import SHUT, Geometry
from multimodal.training.stacked.loops import (
    Kernel,
    convolve_loop,
    correlate_loop,
    finish_loop,
    pad_loop,
    pool_loop,
    rectify,
    spread_loop,
    through_norm,
    through_pool,
)


@dataclass(frozen=True)
class Kernels:
    """What is compiled for one geometry; channels of weights and bias are filled up to whole groups.

    Attributes:
        forward: ``(clips [folds, batch, channels_in, height, width], counts [folds], weights [folds, channels,
            weights], bias [folds, channels], sign [folds, channels], top, place, sums)``. Convolves, rectifies and
            pools the first ``counts`` clips of each fold's batch; ``sign`` is that of batch norm's scale. Fills ``top``
            and ``place [folds, batch, channels, y, x]`` with the rectified values that the pool lets through and where
            they were, and ``sums [folds, channels, 2]`` (float64) with the sums of all rectified values and squares.
        finish: ``(top, counts, gain [folds, channels], level [folds, channels], masks [folds or 1, batch, channels, y,
            x], out [folds, batch, channels, y, x])``. Norms, drops and averages.
        backward: ``(clips, counts, weights, bias, gain, mean, spread, top, place, masks, grad, out)``. ``gain, mean,
            spread [folds, channels]`` (float64) are batch norm's scale over the standard deviation, mean, and one over
            the standard deviation; ``grad`` that of what ``finish`` gave. Fills ``out [folds, channels, taps + 3]``
            (float64) with the gradients of weights, bias, scale and shift.
    """

    forward: Kernel
    finish: Kernel
    backward: Kernel


_ONE_AT_A_TIME = threading.Lock()


def kernels_for(geometry: Geometry) -> Kernels:
    """Return the kernels of a geometry, compiled when first called."""
    with _ONE_AT_A_TIME:  # two threads would else compile the same kernels twice
        return _kernels_for(geometry)


@lru_cache(maxsize=8)
def _kernels_for(geometry: Geometry) -> Kernels:
    pad, convolve = pad_loop(geometry), convolve_loop(geometry)
    forward = _forward(geometry, pad, convolve, pool_loop(geometry))
    backward = _backward(geometry, pad, convolve, correlate_loop(geometry))
    return Kernels(forward, finish_loop(geometry), backward)


def _forward(geometry: Geometry, pad: Kernel, convolve: Kernel, pool: Kernel) -> Kernel:
    guard, length, size = geometry.guard(), geometry.cells, geometry.padded_size
    home, reach, plane_size = geometry.margin * (geometry.pitch + 1), geometry.reach, geometry.plane_size

    @numba.njit(nogil=True)
    @no_type_check
    def forward(clips, counts, weights, bias, sign, top, place, sums):
        padded, cells = np.zeros(clips.shape[2] * size, np.float32), np.empty(4 * length, np.float32)
        plane = np.full(plane_size, SHUT, np.float32)
        wide, where = np.empty(reach, np.float32), np.empty(reach, np.int32)
        for f in range(clips.shape[0]):
            for b in range(counts[f]):
                pad(clips[f, b], padded)
                for c in range(top.shape[2]):
                    if c % 4 == 0:
                        convolve(padded, weights[f, c : c + 4], bias[f, c : c + 4], cells)
                    start = c % 4 * length
                    mine = cells[start : start + length]
                    total, squares = rectify(mine, guard, sign[f, c], plane[home : home + length])
                    sums[f, c, 0] += total
                    sums[f, c, 1] += squares
                    pool(plane, wide, where, sign[f, c], top[f, b, c], place[f, b, c])

    return forward


def _backward(geometry: Geometry, pad: Kernel, convolve: Kernel, correlate: Kernel) -> Kernel:
    guard, length, size = geometry.guard(), geometry.cells, geometry.padded_size
    area, taps, spread_out = geometry.rows * geometry.columns, geometry.taps, spread_loop(geometry)

    @numba.njit(nogil=True)
    @no_type_check
    def backward(clips, counts, weights, bias, gain, mean, spread, top, place, masks, grad, out):
        padded, cells = np.zeros(clips.shape[2] * size, np.float32), np.empty(4 * length, np.float32)
        channels, full = top.shape[2], np.zeros(top.shape[1:], np.float32)
        slope, level = np.empty(channels, np.float32), np.empty(channels, np.float32)
        for f in range(clips.shape[0]):
            for b in range(counts[f]):
                for c in range(channels):
                    mask = masks[f % masks.shape[0], b, c]
                    scale, shift = spread_out(grad[f, b, c], mask, top[f, b, c], full[b, c])
                    out[f, c, taps + 1] += (scale - mean[f, c] * shift) * spread[f, c]
                    out[f, c, taps + 2] += shift
            for c in range(channels):
                slope[c] = -gain[f, c] * spread[f, c] * out[f, c, taps + 1] / (counts[f] * area)
                level[c] = -gain[f, c] * out[f, c, taps + 2] / (counts[f] * area) - slope[c] * mean[f, c]
            for b in range(counts[f]):
                pad(clips[f, b], padded)
                for first in range(0, channels, 4):
                    convolve(padded, weights[f, first : first + 4], bias[f, first : first + 4], cells)
                    for c in range(first, min(first + 4, channels)):
                        start = (c - first) * length
                        mine, share = cells[start : start + length], np.float32(gain[f, c])
                        through_norm(mine, guard, level[c], slope[c])
                        out[f, c, taps] += through_pool(mine, place[f, b, c], share, full[b, c], top[f, b, c])
                    correlate(padded, cells, out[f, first : first + 4])

    return backward
