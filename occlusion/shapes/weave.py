"""More patterns, of cloth that is wound, knitted or printed large; see ``texture`` for what a pattern is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from occlusion.shapes.texture import PATTERNS, Places, noise

Field = Callable[[Places, Places], Places]


def figure(name: str, rng: np.random.Generator) -> Field:
    """Return how much of a pattern's colour shows at each place (x, y in eye distances), 0 to 1.

    Raises:
        KeyError: There is no such pattern, neither in ``WEAVES`` nor in ``texture.PATTERNS``.
    """
    return ({**PATTERNS, **WEAVES})[name](rng)


def _step(value: np.ndarray, edge: float) -> np.ndarray:
    return np.clip(0.5 + value / edge / 2, 0, 1)


def _cable(rng: np.random.Generator) -> Field:
    # Fat stitches in pairs of columns: what shows are the gaps between them.
    def field(x: Places, y: Places) -> Places:
        column = x / 0.17
        across = column % 1 - 0.5
        along = y / 0.135 + 0.9 * np.abs(across) + 0.5 * (np.floor(column) % 2)
        stitch = np.abs(np.sin(np.pi * along)) ** 0.7 * np.cos(np.pi * across) ** 0.5
        return np.asarray(np.clip(1 - stitch, 0, 1))

    return field


def _fleece(rng: np.random.Generator) -> Field:
    fine, coarse = noise(rng, 0.022, 0.16), noise(rng, 0.11, 0.1)
    return lambda x, y: np.clip(0.4 + fine(x, y) + coarse(x, y), 0, 1)


def _gauze(rng: np.random.Generator) -> Field:
    # Slubs: threads thicker in places, both ways.
    along, across = noise(rng, 0.05, 0.22), noise(rng, 0.05, 0.18)
    return lambda x, y: np.clip(0.4 + along(x / 7, y / 0.5) + across(x / 0.5, y / 7), 0, 1)


def _bars(rng: np.random.Generator) -> Field:
    return lambda x, y: _step(np.sin(2 * np.pi * x / 1.1 + 0.9), 0.05)


def _thin_bars(rng: np.random.Generator) -> Field:
    return lambda x, y: _step(np.cos(4 * np.pi * x / 1.1 + 1.8) - 0.9, 0.03)


def _houndstooth(rng: np.random.Generator) -> Field:
    def field(x: Places, y: Places) -> Places:
        column, row = x / 0.15 % 1, y / 0.15 % 1
        # Twill of four dark and four light threads each way.
        slant = (column - row) % 0.5 < 0.25
        warp, weft = column < 0.5, row < 0.5
        return np.where(warp == weft, warp, slant).astype(np.float32)

    return field


def _lattice(rng: np.random.Generator) -> Field:
    # The fishing net of a keffiyeh: rhombs of stitches.
    def field(x: Places, y: Places) -> Places:
        one, other = (x + y) / 0.115, (x - y) / 0.115
        net = np.minimum(np.abs(one % 1 - 0.5), np.abs(other % 1 - 0.5))
        knots = _step(0.5 + np.sin(2 * np.pi * 3 * one) * np.sin(2 * np.pi * 3 * other), 0.5)
        return np.asarray(_step(0.17 - net, 0.06) * (0.45 + 0.55 * knots))

    return field


def _border(rng: np.random.Generator) -> Field:
    return lambda x, y: np.asarray(
        _step(np.cos(2 * np.pi * y / 0.62) - 0.86, 0.05) * _step(np.sin(2 * np.pi * x / 0.1), 0.6)
    )


def _plaid_lines(rng: np.random.Generator) -> Field:
    def along(x: np.ndarray) -> np.ndarray:
        return np.maximum(_step(np.cos(2 * np.pi * x / 0.5 - 1.2) - 0.985, 0.012), 0)

    return lambda x, y: np.asarray(np.clip(along(x) + along(y), 0, 1))


def _bunches(rng: np.random.Generator) -> Field:
    return _scattered(rng, 0.42, _petals)


def _leaves(rng: np.random.Generator) -> Field:
    return _scattered(rng, 0.3, _leaf)


def _paisley(rng: np.random.Generator) -> Field:
    return _scattered(rng, 0.34, _drop)


def _spots(rng: np.random.Generator) -> Field:
    """Return the dark brown of a leopard's rosettes: broken rings of different sizes."""
    return _scattered(rng, 0.19, _rosette)


def _rosette(across: np.ndarray, along: np.ndarray, chance: np.ndarray) -> np.ndarray:
    angle, far = np.arctan2(along, across), np.hypot(across, along)
    radius = 0.3 + 0.06 * np.sin(3 * angle + 9 * chance) + 0.04 * np.sin(5 * angle + 20 * chance)
    gap = np.cos(angle * np.where(chance > 0.5, 1, 2) + 30 * chance) - 0.72
    return np.asarray(_step(0.115 - np.abs(far - radius), 0.05) * (1 - _step(gap, 0.08)))


def _drop(across: np.ndarray, along: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return a drop with a bent tip, its rim, its heart and dots around it, as on bandanas."""
    turn = 6.28 * chance
    u = np.clip(across * np.cos(turn) + along * np.sin(turn) + 0.4, 0, 0.8) / 0.8
    v = along * np.cos(turn) - across * np.sin(turn) - 0.35 * u**2 + 0.08
    far = np.abs(v) / np.maximum(0.62 * np.sqrt(u) * (1 - u), 1e-3)
    rim = _step(0.22 - np.abs(far - 0.85), 0.15) + _step(0.3 - far, 0.1)
    dots = _step(0.03 - np.hypot(across * 7 % 1 - 0.5, along * 7 % 1 - 0.5) / 7, 0.01) * (far > 1.6)
    return np.asarray(np.clip(rim + dots, 0, 1))


def _petals(across: np.ndarray, along: np.ndarray, chance: np.ndarray) -> np.ndarray:
    angle, far = np.arctan2(along, across) + 6.28 * chance, np.hypot(across, along)
    size = 0.75 + 0.4 * ((7 * chance) % 1)
    leafage = 0.8 + 0.2 * np.cos(3.1 * far / size * 9)
    return np.asarray(_step((0.27 + 0.1 * np.abs(np.cos(2.5 * angle))) * size - far, 0.04) * leafage)


def _leaf(across: np.ndarray, along: np.ndarray, chance: np.ndarray) -> np.ndarray:
    turn = 6.28 * chance
    u = across * np.cos(turn) + along * np.sin(turn)
    v = along * np.cos(turn) - across * np.sin(turn)
    return np.asarray(_step(0.13 * (1 - (u / 0.42) ** 2) - np.abs(v), 0.04) * _step(np.abs(v) - 0.008, 0.02))


def _scattered(
    rng: np.random.Generator, pitch: float, shape: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
) -> Field:
    """Scatter a shape, drawn within a square of side 1, over a grid that chance has shaken."""
    shift, chance = rng.uniform(-0.22, 0.22, (2, 16, 16)), rng.random((16, 16))

    def field(x: Places, y: Places) -> Places:
        row = np.floor(y / pitch)
        staggered = x / pitch + 0.5 * (row % 2)
        column = np.floor(staggered)
        place = row.astype(int) % 16, column.astype(int) % 16
        across, along = staggered - column - 0.5 + shift[0][place], y / pitch - row - 0.5 + shift[1][place]
        return shape(across, along, chance[place])

    return field


WEAVES: Mapping[str, Callable[[np.random.Generator], Field]] = {
    "cable": _cable,
    "fleece": _fleece,
    "gauze": _gauze,
    "bars": _bars,
    "thin bars": _thin_bars,
    "houndstooth": _houndstooth,
    "lattice": _lattice,
    "border": _border,
    "plaid lines": _plaid_lines,
    "bunches": _bunches,
    "leaves": _leaves,
    "paisley": _paisley,
    "spots": _spots,
}
"""The patterns by name."""
