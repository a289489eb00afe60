"""Things that hide part of the face, in the flow domain: masks, glasses, blocks and hands on the canonical grid.

What an optical-flow estimator sees there is the thing's own motion, not the face's. Pictures are covered by the
package ``occlusion``; this is its cheap counterpart for flow maps.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

from multimodal.errors import UsageError
from multimodal.face.canonical import EYE_LEFT, EYE_RIGHT, GRID, crop_regions

COVERS: tuple[str, ...] = ("mask", "glasses", "block", "hand")
"""What can be put on a face."""


def draw_cover(kind: str, rng: np.random.Generator) -> Bool[np.ndarray, "28 28"]:
    """Return the cells that a thing hides.

    Args:
        kind: One of ``COVERS``, or ``block:R`` with the covered share R of the square, 0 to 1; without it, R is drawn
            between .05 and .5.
        rng: Where place and size come from.

    Raises:
        UsageError: The kind is unknown or the share is not between 0 and 1.
    """
    name, _, share = kind.partition(":")
    if name == "mask":
        return _mask(rng)
    if name == "glasses":
        return _glasses(rng)
    if name == "block":
        return _block(rng, _share(kind, share) if share else float(rng.uniform(0.05, 0.5)))
    if name == "hand":
        return _hand(rng)
    raise UsageError(f"unknown cover {kind!r}: choose one of {', '.join(COVERS)}, or block:R with R between 0 and 1")


def visibility_under(hidden: Bool[np.ndarray, "28 28"]) -> Float[np.ndarray, "12"]:
    """Return the share of each region's crop that is not hidden, 0 to 1."""
    return 1.0 - crop_regions(hidden.astype(np.float32)).mean(axis=(1, 2))


def cover_flow(
    flow: Float[np.ndarray, "time 2 28 28"], hidden: Bool[np.ndarray, "28 28"], rng: np.random.Generator
) -> Float[np.ndarray, "time 2 28 28"]:
    """Put the thing's own motion where it hides the face: with the head (still), a drift, or an estimator's noise.

    Args:
        flow: u and v, head motion removed.
        hidden: The cells that it hides.
        rng: Where its motion comes from.
    """
    size = float(np.abs(flow).max()) + 1e-6
    drift = rng.normal(0, 0.2 * size, (1, 2, 1, 1)) * float(rng.random() < 0.3)
    noise = rng.normal(0, 0.1 * size * rng.random(), flow.shape)
    ramp = np.linspace(1 / len(flow), 1, len(flow))[:, None, None, None]
    return np.where(hidden, drift * ramp + noise, flow).astype(np.float32)


def _grid() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:GRID, :GRID] + 0.5
    return x, y


def _mask(rng: np.random.Generator) -> np.ndarray:
    x, y = _grid()
    top, peak = rng.uniform(14.0, 17.0), rng.uniform(1.0, 4.0)
    # From cheek to cheek, higher on the bridge of the nose.
    return y > top - peak * np.exp(-0.5 * ((x - GRID / 2) / 3.0) ** 2)


def _glasses(rng: np.random.Generator) -> np.ndarray:
    x, y = _grid()
    rx, ry, drop = rng.uniform(4.4, 6.0), rng.uniform(2.8, 4.4), rng.uniform(-0.3, 1.0)
    hidden = np.abs(y - EYE_LEFT[1] * GRID) < rng.uniform(0.4, 0.9)
    for eye in (EYE_LEFT, EYE_RIGHT):
        across, down = (x - eye[0] * GRID) / rx, (y - eye[1] * GRID - drop) / ry
        hidden |= across**4 + down**4 < 1
    return hidden


def _block(rng: np.random.Generator, share: float) -> np.ndarray:
    x, y = _grid()
    aspect = float(np.exp(rng.normal(0, 0.25)))
    width = min(GRID * math.sqrt(share) * aspect, GRID)
    height = min(GRID * GRID * share / width, GRID)
    left, top = rng.uniform(0, GRID - width), rng.uniform(0, GRID - height)
    return (x > left) & (x < left + width) & (y > top) & (y < top + height)


def _hand(rng: np.random.Generator) -> np.ndarray:
    """Four fingers side by side that come in from below or from a side, and the palm behind them."""
    x, y = _grid()
    turn = rng.uniform(-0.6, 0.6) + rng.choice([-1.2, 0.0, 1.2])
    cx, cy = rng.uniform(6, 22), rng.uniform(10, 24)
    along = (x - cx) * math.sin(turn) - (y - cy) * math.cos(turn)
    across = (x - cx) * math.cos(turn) + (y - cy) * math.sin(turn)
    width = rng.uniform(2.2, 3.4)
    finger = np.clip(np.floor(across / width), -2, 1).astype(int) + 2
    reach = rng.uniform(4.0, 9.0) + rng.uniform(-1.0, 1.0, 4)
    return (np.abs(across) < 2 * width) & (along < reach[finger])


def _share(kind: str, text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise UsageError(f"cover {kind!r}: write the covered share between 0 and 1, for example block:0.3")
    return share
