"""What an optical-flow estimator makes of a face's true motion: smeared, flat between edges, noisy where skin is bare.

The forms follow from how variational estimators work; the amounts were set by measures that know no labels, see
``docs/lab-book.md``.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float

from multimodal.data.people.maps import smooth_fields
from multimodal.face.canonical import EYE_LEFT, EYE_RIGHT, GRID, MOUTH
from multimodal.face.strain import strain

FINE = 3
"""Strain is measured on maps this many times as fine as the grid."""

_AXES = ((1.18, 1 / 1.18), (1.5, 1 / 1.5))
"""Correlation length of u's and v's errors along x and y: brows, lids and lips run across and pin down v alone."""

_LEVELS = np.array([1.0, 1.3], np.float32)[:, None, None]
_SMEARED = (1.0, 0.5)
_FLATTENED = np.array([1.0, 0.4], np.float32)[:, None, None]


@lru_cache(maxsize=1)
def texture() -> Float[np.ndarray, "28 28"]:
    """Return where a face has texture: estimators see sharp motion, and err, at eyes and mouth; cheeks come out smooth.

    Mean 1; the places are those of the canonical face, the amounts our choice.
    """
    y, x = (np.mgrid[:GRID, :GRID] + 0.5) / GRID
    spots = (*((eye, 1.0, (0.10, 0.10)) for eye in (EYE_LEFT, EYE_RIGHT)), (MOUTH, 0.3, (0.18, 0.10)))
    field = 0.6 * np.exp(-0.5 * (((x - 0.5) / 0.4) ** 4 + ((y - 0.45) / 0.5) ** 4)) + 0.2
    for (cx, cy), amount, (wide, high) in spots:
        field += amount * np.exp(-0.5 * (((x - cx) / wide) ** 2 + ((y - cy) / high) ** 2))
    return (field / field.mean()).astype(np.float32)


def blur(flow: Float[np.ndarray, "*lead 28 28"], along: float, across: float | None = None) -> np.ndarray:
    """Return maps smoothed with a Gaussian.

    Args:
        flow: Maps.
        along: Standard deviation along x, cells.
        across: The same along y; as along x by default.
    """
    stack = np.ascontiguousarray(flow.reshape(-1, GRID, GRID).transpose(1, 2, 0), np.float32)
    smooth = cv2.GaussianBlur(stack, (0, 0), along, sigmaY=across or along, borderType=cv2.BORDER_REPLICATE)
    return np.atleast_3d(smooth).transpose(2, 0, 1).reshape(flow.shape)


def smear(flow: Float[np.ndarray, "time 2 28 28"], cells: float) -> Float[np.ndarray, "time 2 28 28"]:
    """Give bare skin the motion of what has texture nearby; v, which lids and lips pin down, half as far as u.

    Args:
        flow: u, v.
        cells: How far motion spreads.
    """
    weight, spread = texture() ** 2, np.empty_like(flow, dtype=np.float32)
    for channel, share in enumerate(_SMEARED):
        reach = max(cells * share, 0.2)
        spread[:, channel] = blur(flow[:, channel] * weight, reach) / blur(weight[None], reach)
    return spread


def errors(length: int, level: float, grain: float, rng: np.random.Generator) -> Float[np.ndarray, "length 2 28 28"]:
    """Draw an estimator's errors: smooth blotches, half of them shared by all maps, whose onset frame is the same.

    Args:
        length: Number of maps.
        level: Their standard deviation.
        grain: Correlation length of the finer half of them, cells.
        rng: Where chance comes from.
    """
    coarse = rng.uniform(0.15, 0.75)
    blotches = _blotches(length + 1, grain, rng) + coarse * _blotches(length + 1, 3.5, rng)
    # A few places (hair, glints, the rim) err much more than the rest, and so does the forehead under hair.
    trust = np.exp(smooth_fields(rng, 1, 1.7)) * texture()
    trust = trust * (1 + 0.6 * np.exp(-((np.arange(GRID, dtype=np.float32) / 9.0) ** 2)))[:, None]
    noise = (blotches[1:] + blotches[:1]) * _LEVELS * trust
    return level * noise / (float(noise.std()) + 1e-6)


def _blotches(count: int, cells: float, rng: np.random.Generator) -> np.ndarray:
    rough = rng.normal(size=(count, 2, GRID, GRID)).astype(np.float32)
    for channel, (along, across) in enumerate(_AXES):
        smooth = blur(rough[:, channel], cells * along, cells * across)
        rough[:, channel] = smooth / (smooth.std() + 1e-9)
    return rough


def flatten(
    flow: Float[np.ndarray, "time 2 28 28"], weight: float, rounds: int = 12
) -> Float[np.ndarray, "time 2 28 28"]:
    """Make each map flat between edges, as TV-L1 does: total variation denoising (Chambolle 2004, dual projection).

    Args:
        flow: u, v.
        weight: Of the total variation of u against the squared difference to ``flow``, in its unit; v's is smaller.
            0 leaves the flow as it is.
        rounds: Iterations.
    """
    if weight <= 0:
        return flow
    amount = weight * _FLATTENED
    target = flow.astype(np.float32) / amount
    px, py = np.zeros_like(target), np.zeros_like(target)
    dx, dy = np.zeros_like(target), np.zeros_like(target)
    for _ in range(rounds):
        rest = _divergence(px, py) - target
        np.subtract(rest[..., 1:], rest[..., :-1], out=dx[..., :-1])
        np.subtract(rest[..., 1:, :], rest[..., :-1, :], out=dy[..., :-1, :])
        scale = 1 + 0.25 * np.sqrt(dx * dx + dy * dy)
        px, py = (px + 0.25 * dx) / scale, (py + 0.25 * dy) / scale
    return flow - amount * _divergence(px, py)


def _divergence(px: np.ndarray, py: np.ndarray) -> np.ndarray:
    total = px + py
    total[..., 1:] -= px[..., :-1]
    total[..., 1:, :] -= py[..., :-1, :]
    return total


def with_strain(
    flow: Float[np.ndarray, "time 2 28 28"], rough: float, rng: np.random.Generator
) -> Float[np.ndarray, "time 3 28 28"]:
    """Add strain, measured before the picture is made small, as the published maps have it.

    Args:
        flow: u, v.
        rough: Strain that lies finer than the maps: standard deviation of its logarithm.
        rng: Where chance comes from.
    """
    channels = np.ascontiguousarray(flow.reshape(-1, GRID, GRID).transpose(1, 2, 0), np.float32)
    fine = cv2.resize(channels, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_CUBIC)
    whole = strain(fine.transpose(2, 0, 1).reshape(len(flow), 2, FINE * GRID, FINE * GRID))
    cells = whole.reshape(len(flow), GRID, FINE, GRID, FINE).mean(axis=(2, 4))
    grain = smooth_fields(rng, len(flow), 0.3) + smooth_fields(rng, len(flow), 0.8)
    return np.concatenate([flow, (cells * np.exp(0.7 * rough * grain))[:, None]], axis=1).astype(np.float32)
