"""Measures of how far each region looks like the uncovered face of this person.

Colours are compared with the person's own skin between the brows, so that no tone of skin is the norm; a memory of how
the regions looked while they could be seen tells a hand before the face from the face.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from multimodal.face.canonical import CROP, CROP_CORNERS, GRID, MIRROR
from multimodal.results import REGIONS

SIDE = 2 * GRID
"""Side of the squares that are judged, pixels."""

OWN = 18
"""Number of measures of each region's own."""

FEATURES = len(REGIONS) * OWN + 7
"""Number of all measures: each region's own, then six of the whole face and whether there is a memory."""

_SKIN = np.s_[2:14, 21:35]
"""Rows and columns between the brows: the last part of a face that masks and glasses leave free."""


@dataclass(frozen=True)
class Look:
    """A canonical square in Lab.

    Attributes:
        lab: L 0 to 1, a and b around 0 (their range divided by 60).
        skin: Median colour between the brows, in the same units.
    """

    lab: Float[np.ndarray, "56 56 3"]
    skin: Float[np.ndarray, "3"]


@dataclass(frozen=True)
class Memory:
    """How the face looked while it could be seen.

    Attributes:
        lab: As in ``Look``.
        skin: As in ``Look``.
        known: ``[12]``, how well each region is known, 0 to 1.
    """

    lab: Float[np.ndarray, "56 56 3"]
    skin: Float[np.ndarray, "3"]
    known: Float[np.ndarray, "12"]


def look_at(square: UInt8[np.ndarray, "56 56 3"]) -> Look:
    """Turn an RGB canonical square into a ``Look``."""
    lab = cv2.cvtColor(square.astype(np.float32) / 255, cv2.COLOR_RGB2Lab) / np.array([100, 60, 60], np.float32)
    return Look(lab, np.median(lab[_SKIN].reshape(-1, 3), axis=0))


def remember(memory: Memory | None, look: Look, visibility: Float[np.ndarray, "12"], rate: float = 0.1) -> Memory:
    """Take what can be seen now into the memory.

    Args:
        memory: The memory so far; None starts one.
        look: The face now.
        visibility: What can be seen of it, 0 to 1; regions under .6 are not learnt, they are forgotten slowly.
        rate: How fast what is new replaces what was known.
    """
    seen = np.clip((visibility - 0.6) / 0.3, 0, 1).astype(np.float32)
    if memory is None:
        return Memory(look.lab, look.skin, seen)
    # Where nothing was known yet, what is seen counts in full.
    speed = _spread(seen * np.maximum(rate, 1 - memory.known))[..., None]
    skin_speed = rate * float(seen[[1, 2]].min())
    known = np.clip(memory.known + rate * seen - 0.002 * (1 - seen), 0, 1)
    return Memory(
        memory.lab + speed * (look.lab - memory.lab),
        memory.skin + np.float32(skin_speed) * (look.skin - memory.skin),
        np.maximum(known, seen * (memory.known == 0)).astype(np.float32),
    )


def measure(look: Look, typical: Float[np.ndarray, "56 56"], memory: Memory | None = None) -> Float[np.ndarray, "_"]:
    """Measure a face.

    Args:
        look: The face.
        typical: A mean face's brightness (relative to its skin), to compare patterns with.
        memory: How this person looked before, if known.

    Returns:
        ``[FEATURES]``, within -3 to 3.
    """
    skin = look.skin if memory is None else 0.5 * (look.skin + memory.skin)
    bright = relative_brightness(look.lab, skin)
    rows = [_levels(bright, look.lab[..., 1:] - skin[1:]), _likeness(bright, typical)[None]]
    rows.append(np.zeros((3, len(REGIONS)), np.float32) if memory is None else _against(memory, look, bright, skin))
    own = np.concatenate(rows).T
    whole = np.array([*look.skin, *look.lab.mean(axis=(0, 1)), float(memory is not None)])
    return np.clip(np.concatenate([own.ravel(), whole]), -3, 3).astype(np.float32)


def relative_brightness(lab: Float[np.ndarray, "56 56 3"], skin: Float[np.ndarray, "3"]) -> Float[np.ndarray, "56 56"]:
    """Return L relative to the skin's: 0 as bright, -1 black."""
    return lab[..., 0] / max(float(skin[0]), 0.08) - 1


def _levels(bright: np.ndarray, chroma: np.ndarray) -> Float[np.ndarray, "measures 12"]:
    """Return colour, spread, texture and asymmetry of each region."""
    off = np.hypot(chroma[..., 0], chroma[..., 1])
    gx, gy = cv2.Sobel(bright, cv2.CV_32F, 1, 0), cv2.Sobel(bright, cv2.CV_32F, 0, 1)
    means = _means(
        bright, chroma[..., 0], chroma[..., 1], off, np.tanh(4 * off), bright < -0.55, bright > 0.35,
        np.abs(gx) / 2, np.abs(gy) / 2, 4 * np.abs(cv2.Laplacian(bright, cv2.CV_32F)),
        np.abs(bright - bright[:, ::-1]), 2 * np.abs(chroma - chroma[:, ::-1]).sum(axis=-1),
        bright * bright, off * off,
    )  # fmt: skip
    spreads = 2 * np.sqrt(np.maximum(means[-2:] - means[[0, 3]] ** 2, 0))
    return np.concatenate([means[:-2], spreads])


def _likeness(a: np.ndarray, b: np.ndarray) -> Float[np.ndarray, "12"]:
    """Return the correlation of two brightness patterns in each region; flat ones count as unlike anything."""
    mean_a, mean_b, aa, bb, ab = _means(a, b, a * a, b * b, a * b)
    spread = np.maximum(aa - mean_a**2, 0) * np.maximum(bb - mean_b**2, 0)
    return (ab - mean_a * mean_b) / (np.sqrt(spread) + 1e-3)


def _against(memory: Memory, look: Look, bright: np.ndarray, skin: np.ndarray) -> Float[np.ndarray, "3 12"]:
    """Return likeness to and distance from the memory, as far as there is one."""
    before = relative_brightness(memory.lab, skin)
    chroma = np.abs(look.lab[..., 1:] - memory.lab[..., 1:]).sum(axis=-1)
    changes = np.concatenate([_likeness(bright, before)[None], _means(np.abs(bright - before), 2 * chroma)])
    return memory.known * changes


def _means(*maps: np.ndarray) -> Float[np.ndarray, "maps 12"]:
    """Return the mean of each map in each region, by way of integral images."""
    whole = np.stack([cv2.integral(np.ascontiguousarray(m, np.float32)) for m in maps])
    top, left = _corners()
    bottom, right = top + 2 * CROP, left + 2 * CROP
    sums = whole[:, bottom, right] - whole[:, top, right] - whole[:, bottom, left] + whole[:, top, left]
    return (sums / (2 * CROP) ** 2).astype(np.float32)


@functools.lru_cache(maxsize=1)
def _corners() -> Int[np.ndarray, "2 12"]:
    """Return each region's first row, then each region's first column."""
    return 2 * np.array([CROP_CORNERS[name][::-1] for name in REGIONS]).T


@functools.lru_cache(maxsize=1)
def _pixels() -> Int[np.ndarray, "12 pixels"]:
    """Return the flat numbers of each region's pixels."""
    y, x = np.mgrid[: 2 * CROP, : 2 * CROP]
    corners = (CROP_CORNERS[name] for name in REGIONS)
    return np.stack([((2 * top + y) * SIDE + 2 * left + x).ravel() for left, top in corners])


def _spread(by_region: np.ndarray) -> Float[np.ndarray, "56 56"]:
    """Give each pixel the mean of the regions that cover it, or of all regions."""
    total, count = np.zeros(SIDE * SIDE, np.float32), np.zeros(SIDE * SIDE, np.float32)
    for pixels, value in zip(_pixels(), by_region, strict=True):
        total[pixels] += value
        count[pixels] += 1
    return np.where(count > 0, total / np.maximum(count, 1), np.float32(by_region.mean())).reshape(SIDE, SIDE)


def mirrored(features: Float[np.ndarray, "*lead features"]) -> Float[np.ndarray, "*lead features"]:
    """Return the measures of the mirrored picture."""
    split = len(REGIONS) * OWN
    own = features[..., :split].reshape(*features.shape[:-1], len(REGIONS), OWN)[..., list(MIRROR), :]
    return np.concatenate([own.reshape(*features.shape[:-1], split), features[..., split:]], axis=-1)
