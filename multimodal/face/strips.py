"""Brows and mouth on the canonical square: what spotting in long videos looks at.

Liong, See, Wong (SOFTNet, ICIP 2021) cut them out by 68 landmarks and hide the eyes. Here the face is aligned, so they
lie at fixed places, the brows' strip ends above the eyes, and the nose's patch lies below them (reconstructed).
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.face.strain import strain

STRIP_SIDE = 42
"""Width of both strips together, and their height, as published."""

_Box = tuple[float, float, float, float]
"""Left, top, right, bottom, fractions of the square's side."""

_BROWS: _Box = (0.06, 0.02, 0.94, 0.22)
_MOUTH: _Box = (0.18, 0.60, 0.82, 0.92)
_NOSE: _Box = (0.455, 0.30, 0.545, 0.39)

PLACES: dict[str, _Box] = {
    "brow_outer_left": (0.06, 0.06, 0.22, 0.20),
    "brow_left": (0.22, 0.04, 0.36, 0.18),
    "brow_inner_left": (0.36, 0.06, 0.48, 0.20),
    "brow_inner_right": (0.52, 0.06, 0.64, 0.20),
    "brow_right": (0.64, 0.04, 0.78, 0.18),
    "brow_outer_right": (0.78, 0.06, 0.94, 0.20),
    "mouth_corner_left": (0.22, 0.66, 0.38, 0.82),
    "mouth_corner_right": (0.62, 0.66, 0.78, 0.82),
    "upper_lip": (0.40, 0.62, 0.60, 0.72),
    "lower_lip": (0.40, 0.77, 0.60, 0.87),
    "chin": (0.40, 0.89, 0.60, 0.99),
    "nose_wing_left": (0.28, 0.48, 0.40, 0.60),
    "nose_wing_right": (0.60, 0.48, 0.72, 0.60),
}
"""Where action units show, on a square with eyes and mouth at their places; none touches the lids (reconstructed)."""


def strips(flow: Float[np.ndarray, "2 side side"]) -> UInt8[np.ndarray, "3 42 42"]:
    """Return u, v and strain of brows (upper 21 rows) and mouth, without the nose's motion.

    Args:
        flow: u, v in percent of the distance between the eyes, on the canonical square.

    Returns:
        Each channel stretched to 0 to 255 over both strips, as published; a channel without any motion is 0.
    """
    moved = flow - nose_motion(flow)[:, None, None]
    maps = np.concatenate([moved, strain(moved)[None]])
    size = (STRIP_SIDE, STRIP_SIDE // 2)
    cut = [np.concatenate([_resized(_cut(one, box), size) for box in (_BROWS, _MOUTH)]) for one in maps]
    return np.stack([_stretched(one) for one in cut])


def nose_motion(flow: Float[np.ndarray, "2 side side"]) -> Float[np.ndarray, "2"]:
    """Return the mean motion of a patch at the bridge of the nose, which moves with the skull alone."""
    return np.stack([_cut(one, _NOSE).mean() for one in flow])


def motion_of_places(flow: Float[np.ndarray, "2 side side"]) -> Float[np.ndarray, "places 2"]:
    """Return the mean motion of each of ``PLACES`` without the nose's, in the unit of ``flow``."""
    means = np.stack([[_cut(one, box).mean() for one in flow] for box in PLACES.values()])
    return (means - nose_motion(flow)).astype(np.float32)


def _cut(one: Float[np.ndarray, "side side"], box: _Box) -> Float[np.ndarray, "rows columns"]:
    left, top, right, bottom = (round(edge * len(one)) for edge in box)
    return one[top:bottom, left:right]


def _resized(part: Float[np.ndarray, "rows columns"], size: tuple[int, int]) -> Float[np.ndarray, "height width"]:
    return cv2.resize(np.ascontiguousarray(part, np.float32), size, interpolation=cv2.INTER_AREA)


def _stretched(one: Float[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width"]:
    low, high = float(one.min()), float(one.max())
    return np.round((one - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)
