"""The innermost loops of the kernels, one a function, with bounds fixed at compile time where that is quicker.

Each becomes vector instructions; together in one function numba leaves them scalar. Fast mathematics is on: sums
are taken in any order, and values are finite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import no_type_check

import numba
import numpy as np

from multimodal.training.stacked.geometry import Geometry

Kernel = Callable[..., None]

_ZERO = np.float32(0)


@numba.njit(nogil=True, fastmath=True)
@no_type_check  # the tests' shape checks wrap plain functions, which numba cannot compile
def rectify(cells, guard, way, plane):
    """Put the rectified map, ``way`` 1 or -1 times, into ``plane``; return the sums of its values and squares."""
    total, squares = _ZERO, _ZERO
    for p in range(cells.shape[0]):
        value = max(cells[p] + guard[p], _ZERO)
        plane[p] = way * value + guard[p]
        total += value
        squares += value * value
    return total, squares


@numba.njit(nogil=True, fastmath=True)
@no_type_check
def through_norm(cells, guard, level, slope):
    """Turn a map before the ReLU into its gradient by way of batch norm's statistics."""
    for p in range(cells.shape[0]):
        value = cells[p] + guard[p]
        cells[p] = level + slope * value if value > 0 else _ZERO


@numba.njit(nogil=True, fastmath=True)
@no_type_check
def through_pool(cells, place, gain, grad, top):
    """Add the gradient that the pool sends back to the places it took its values from; return the sum of all."""
    for y in range(top.shape[0]):
        for x in range(top.shape[1]):
            cells[place[y, x]] += gain * grad[y, x] if top[y, x] > 0 else _ZERO
    total = _ZERO
    for p in range(cells.shape[0]):
        total += cells[p]
    return total


def pad_loop(geometry: Geometry) -> Kernel:
    """Return ``(clip [channels, height, width], padded)``, which puts a clip into the middle of a padded one."""
    height, width, size = geometry.height, geometry.width, geometry.padded_size
    first, pitch = geometry.padding * (geometry.pitch + 1), geometry.pitch

    @numba.njit(nogil=True, fastmath=True)
    @no_type_check
    def pad(clip, padded):
        for c in range(clip.shape[0]):
            for y in range(height):
                for x in range(width):
                    padded[c * size + first + y * pitch + x] = clip[c, y, x]

    return pad


def convolve_loop(geometry: Geometry) -> Kernel:
    """Return ``(padded, weights [4, weights], bias [4], out)``, which fills out with four maps before the ReLU."""
    channels, kernel, pitch = geometry.channels, geometry.kernel, geometry.pitch
    length, size = geometry.cells, geometry.padded_size

    @numba.njit(nogil=True, fastmath=True)
    @no_type_check
    def convolve(padded, weights, bias, out):
        for g in range(4):
            for p in range(length):
                out[g * length + p] = bias[g]
        for c in range(channels):
            for p in range(length):
                r, s, t, u = out[p], out[length + p], out[2 * length + p], out[3 * length + p]
                for y in range(kernel):
                    for x in range(kernel):
                        tap = (c * kernel + y) * kernel + x
                        value = padded[c * size + y * pitch + x + p]
                        r += weights[0, tap] * value
                        s += weights[1, tap] * value
                        t += weights[2, tap] * value
                        u += weights[3, tap] * value
                out[p], out[length + p], out[2 * length + p], out[3 * length + p] = r, s, t, u

    return convolve


def correlate_loop(geometry: Geometry) -> Kernel:
    """Return ``(padded, change, grad [4, taps])``; change is the gradient of four maps before the ReLU.

    It adds to ``grad`` what the weights get from that.
    """
    offsets, taps, length = geometry.offsets(), geometry.taps, geometry.cells

    @numba.njit(nogil=True, fastmath=True)
    @no_type_check
    def correlate(padded, change, grad):
        for k in range(0, taps, 3):
            a, b, c = padded[offsets[k] :], padded[offsets[k + 1] :], padded[offsets[k + 2] :]
            r0 = r1 = r2 = s0 = s1 = s2 = t0 = t1 = t2 = u0 = u1 = u2 = _ZERO
            for p in range(length):
                r, s, t, u = change[p], change[length + p], change[2 * length + p], change[3 * length + p]
                x, y, z = a[p], b[p], c[p]
                r0 += r * x
                r1 += r * y
                r2 += r * z
                s0 += s * x
                s1 += s * y
                s2 += s * z
                t0 += t * x
                t1 += t * y
                t2 += t * z
                u0 += u * x
                u1 += u * y
                u2 += u * z
            for g, sums in enumerate(((r0, r1, r2), (s0, s1, s2), (t0, t1, t2), (u0, u1, u2))):
                for n in range(3):
                    grad[g, k + n] += sums[n]

    return correlate


def pool_loop(geometry: Geometry) -> Kernel:
    """Return ``(plane, wide, where, way, top, place)``, which fills top and place [y, x] from a rectified plane.

    Of equal values the first by row, then column wins, as in torch. ``wide, where`` are scratch; ``top`` is taken
    ``way`` times, 1 or -1.
    """
    (rows, columns), pitch, reach = geometry.pooled, geometry.pitch, geometry.reach
    pool, stride, home = geometry.pool, geometry.stride, geometry.margin * (geometry.pitch + 1)

    @numba.njit(nogil=True, fastmath=True)
    @no_type_check
    def along(plane, wide, where):
        for p in range(reach):
            best, at = plane[p], np.int32(p - home)
            for d in range(1, pool):
                value = plane[p + d]
                at = np.int32(p + d - home) if value > best else at
                best = value if value > best else best
            wide[p], where[p] = best, at

    @numba.njit(nogil=True, fastmath=True)
    @no_type_check
    def down(wide, where, way, top, place):
        for i in range(rows):
            for j in range(columns):
                start = i * stride * pitch + j * stride
                best, at = wide[start], where[start]
                for d in range(1, pool):
                    value = wide[start + d * pitch]
                    at = where[start + d * pitch] if value > best else at
                    best = value if value > best else best
                top[i, j], place[i, j] = way * best, at

    @numba.njit(nogil=True)
    @no_type_check
    def both(plane, wide, where, way, top, place):
        along(plane, wide, where)
        down(wide, where, way, top, place)

    return both


def spread_loop(geometry: Geometry) -> Kernel:
    """Return ``(grad [y, x], mask, top, full)``: the way back through average and dropout, into ``full``.

    It returns the sums of ``full * top`` and of ``full``.
    """
    (high, wide), side = geometry.averaged, geometry.average
    share = np.float32(1 / side**2)

    @numba.njit(nogil=True, fastmath=True)
    @no_type_check
    def spread(grad, mask, top, full):
        scale, shift = _ZERO, _ZERO
        for y in range(high * side):
            for x in range(wide * side):
                value = grad[y // side, x // side] * mask[y, x] * share
                full[y, x] = value
                scale += value * top[y, x]
                shift += value
        return scale, shift

    return spread


def finish_loop(geometry: Geometry) -> Kernel:
    """Return ``(top, counts, gain, level, masks, out)``: the last of ``Kernels``' forward way."""
    (high, wide), side = geometry.averaged, geometry.average
    share = np.float32(1 / side**2)

    @numba.njit(nogil=True, fastmath=True)
    @no_type_check
    def finish(top, counts, gain, level, masks, out):
        for f in range(top.shape[0]):
            for b in range(counts[f]):
                for c in range(top.shape[2]):
                    mask = masks[f % masks.shape[0], b, c]
                    for y in range(high):
                        for x in range(wide):
                            total = _ZERO
                            for i in range(y * side, (y + 1) * side):
                                for j in range(x * side, (x + 1) * side):
                                    total += (gain[f, c] * top[f, b, c, i, j] + level[f, c]) * mask[i, j]
                            out[f, b, c, y, x] = total * share

    return finish
