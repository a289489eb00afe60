"""The front door: draw an occluder of a kind, and tell what it covers."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from jaxtyping import Float

from occlusion.degradation import Degradation
from occlusion.occluder import Drawing, Occluded, Occluder, Scene
from occlusion.regions import REGION_LANDMARKS, region_polygon
from occlusion.registry import entry_of, kinds, styles

__all__ = ["Degradation", "Occluded", "Occluder", "coverage", "draw", "kinds", "styles"]


def draw(
    kind: str,
    seed: int,
    landmarks: Float[np.ndarray, "468 3"],
    image_shape: tuple[int, ...],
    options: Mapping[str, str] | None = None,
    style: str | None = None,
) -> Occluder | Degradation:
    """Draw an occluder or a degradation for a clip.

    Args:
        kind: One of ``kinds()``.
        seed: The same seed gives the same occluder for the same landmarks.
        landmarks: MediaPipe's points in the onset frame, pixels.
        image_shape: The frames' shape, height first.
        options: Of the kind: ``hands``, a folder of hands before a green screen, of ``hand``.
        style: One of ``styles(kind)``; None draws one by the seed.

    Raises:
        ValueError: There is no such kind or style.
    """
    entry = entry_of(kind)
    chosen = _style(entry.styles, kind, seed, style)
    shape = (image_shape[0], image_shape[1])
    drawn = entry.draw(Scene(landmarks, shape, np.random.default_rng(seed), chosen, dict(options or {})))
    if isinstance(drawn, Drawing):
        return Occluder(drawn, landmarks, kind, chosen)
    return Degradation(drawn, landmarks, kind, chosen)


def _style(known: tuple[str, ...], kind: str, seed: int, style: str | None) -> str:
    """Return the style asked for, else one by the seed, from a chance of its own: asked for, it looks the same."""
    if style is None:
        return known[int(np.random.default_rng((seed, 1)).integers(len(known)))]
    if style not in known:
        raise ValueError(f"{kind} has no style {style!r}: choose one of {', '.join(known)}")
    return style


def coverage(
    alpha: Float[np.ndarray, "height width"], landmarks: Float[np.ndarray, "468 3"]
) -> Float[np.ndarray, "12"]:
    """Return which fraction of each region is covered, in the order of ``REGION_LANDMARKS``.

    Args:
        alpha: How much of each pixel is hidden, 0 to 1.
        landmarks: MediaPipe's points in the same frame, pixels. What lies outside the frame counts as covered.
    """
    return np.array([_covered(alpha, region_polygon(name, landmarks)) for name in REGION_LANDMARKS], np.float32)


def _covered(alpha: np.ndarray, polygon: np.ndarray) -> float:
    low = np.floor(polygon.min(axis=0)).astype(int) - 1
    high = np.ceil(polygon.max(axis=0)).astype(int) + 2
    inside = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    cv2.fillConvexPoly(inside, np.round((polygon - low) * 16).astype(np.int32), 1, shift=4)
    hidden = np.ones(inside.shape, np.float32)
    x0, y0 = np.maximum(low, 0)
    x1, y1 = np.minimum(high, alpha.shape[::-1])
    if x1 > x0 and y1 > y0:
        hidden[y0 - low[1] : y1 - low[1], x0 - low[0] : x1 - low[0]] = alpha[y0:y1, x0:x1]
    return float(hidden[inside > 0].mean()) if inside.any() else 1.0
