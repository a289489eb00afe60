"""Patterns of cloth and other stuffs, at places in eye distances so that they look alike on any face."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float

RGB = tuple[float, float, float]

Places = Float[np.ndarray, "places"]


def noise(rng: np.random.Generator, size: float, spread: float = 1.0) -> Callable[[Places, Places], Places]:
    """Return a smooth random field with grains of about ``size``, zero in the mean, with a deviation of ``spread``."""
    table = cv2.GaussianBlur(np.tile(rng.standard_normal((64, 64)), (3, 3)), (0, 0), 1.0)[64:128, 64:128]
    table = (spread * (table - table.mean()) / table.std()).astype(np.float32)

    def field(x: Places, y: Places) -> Places:
        column, row = x / size * 2, y / size * 2
        left, top = np.floor(column).astype(int), np.floor(row).astype(int)
        a, b = column - left, row - top
        upper = table[top % 64, left % 64] * (1 - a) + table[top % 64, (left + 1) % 64] * a
        lower = table[(top + 1) % 64, left % 64] * (1 - a) + table[(top + 1) % 64, (left + 1) % 64] * a
        return np.asarray(upper * (1 - b) + lower * b)

    return field


def pattern(name: str, rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    """Return how much of the second colour shows at each place, 0 to 1.

    Raises:
        KeyError: There is no such pattern; see ``PATTERNS``.
    """
    return PATTERNS[name](rng)


def mix(first: RGB, second: RGB, share: Places) -> Float[np.ndarray, "places 3"]:
    """Blend two colours place by place."""
    share = np.asarray(share, np.float32)[..., None]
    return np.asarray(np.array(first, np.float32) * (1 - share) + np.array(second, np.float32) * share)


def _soft(value: np.ndarray, edge: float = 0.15) -> np.ndarray:
    """Turn the sign of a field into 0 and 1 with a soft edge."""
    return np.clip(0.5 + value / edge / 2, 0, 1)


def _weave(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    grain = noise(rng, 0.03, 0.12)
    return lambda x, y: np.clip(0.3 + grain(x, y), 0, 1)


def _stripes(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    return lambda x, y: _soft(np.sin(2 * np.pi * y / 0.16), 0.4)


def _upright_stripes(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    return lambda x, y: _soft(np.sin(2 * np.pi * x / 0.14) - 0.3, 0.4)


def _slanted(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    return lambda x, y: _soft(np.sin(2 * np.pi * (x + y) / 0.2), 0.3)


def _gingham(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    return lambda x, y: (_soft(np.sin(2 * np.pi * x / 0.18), 0.3) + _soft(np.sin(2 * np.pi * y / 0.18), 0.3)) / 2


def _tartan(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    def along(x: np.ndarray) -> np.ndarray:
        wide = _soft(np.sin(2 * np.pi * x / 0.5), 0.2)
        thin = _soft(np.cos(4 * np.pi * x / 0.5) - 0.93, 0.05)
        return np.asarray(np.maximum(0.75 * wide, thin))

    return lambda x, y: (along(x) + along(y)) / 2


def _dots(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    def field(x: Places, y: Places) -> Places:
        row = np.floor(y / 0.16)
        across = (x / 0.18 + 0.5 * (row % 2)) % 1 - 0.5
        return _soft(0.27 - np.hypot(across, y / 0.16 - row - 0.5), 0.06)

    return field


def _flowers(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    turn = rng.uniform(0, 6.28, (8, 8))

    def field(x: Places, y: Places) -> Places:
        column, row = np.floor(x / 0.26), np.floor(y / 0.26)
        across, along = x / 0.26 - column - 0.5, y / 0.26 - row - 0.5
        angle = np.arctan2(along, across) + turn[row.astype(int) % 8, column.astype(int) % 8]
        far = np.hypot(across, along)
        return _soft(0.26 + 0.12 * np.cos(5 * angle) - far, 0.06) * _soft(far - 0.07, 0.04)

    return field


def _camouflage(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    first, second = noise(rng, 0.35), noise(rng, 0.22)
    return lambda x, y: 0.5 * _soft(first(x, y), 0.1) + 0.5 * _soft(second(x, y) - 0.2, 0.1)


def _knit(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    # Stitches lie in columns, each leaning to its column's middle.
    def field(x: Places, y: Places) -> Places:
        column = x / 0.09
        lean = np.abs(column % 1 - 0.5)
        return np.clip(0.5 + 0.5 * np.cos(2 * np.pi * (y / 0.055 + 1.2 * lean)) * (0.25 + 1.2 * lean), 0, 1)

    return field


def _ribs(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    return lambda x, y: 0.5 - 0.5 * np.cos(2 * np.pi * x / 0.11)


def _twill(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    grain = noise(rng, 0.05, 0.18)
    return lambda x, y: np.clip(0.35 + 0.25 * np.sin(2 * np.pi * (x + 0.6 * y) / 0.035) + grain(x, y), 0, 1)


def _leopard(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    spots, gaps = noise(rng, 0.14), noise(rng, 0.1)
    return lambda x, y: _soft(0.45 - np.abs(spots(x, y) - 0.75), 0.2) * _soft(gaps(x, y) + 0.8, 0.3)


def _zigzag(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    return lambda x, y: _soft(np.sin(2 * np.pi * (y + 0.35 * np.abs((x / 0.24) % 1 - 0.5)) / 0.17), 0.4)


def _plaited(rng: np.random.Generator) -> Callable[[Places, Places], Places]:
    return lambda x, y: _soft(np.sin(2 * np.pi * (x + y) / 0.16) * np.sin(2 * np.pi * (x - y) / 0.16), 0.15)


PATTERNS: dict[str, Callable[[np.random.Generator], Callable[[Places, Places], Places]]] = {
    "plain": _weave,
    "stripes": _stripes,
    "upright stripes": _upright_stripes,
    "slanted": _slanted,
    "gingham": _gingham,
    "tartan": _tartan,
    "dots": _dots,
    "flowers": _flowers,
    "camouflage": _camouflage,
    "knit": _knit,
    "ribs": _ribs,
    "twill": _twill,
    "leopard": _leopard,
    "zigzag": _zigzag,
    "plaited": _plaited,
}
"""The patterns by name."""
