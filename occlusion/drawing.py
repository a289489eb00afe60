"""The front door: draw an occluder of a kind, and tell what it covers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from jaxtyping import Float

from occlusion.degradation import Degradation
from occlusion.jitter import Fit, JitterOccluder, block_fit, box_fit, glasses_fit, mask_fit, upright
from occlusion.occluder import Drawing, Occluded, Occluder, Scene
from occlusion.presence import Presence
from occlusion.regions import REGION_LANDMARKS, region_polygon
from occlusion.registry import Change, entry_of, kinds, styles

__all__ = [
    "Degradation",
    "JitterOccluder",
    "Occluded",
    "Occluder",
    "coverage",
    "draw",
    "draw_jitter",
    "kinds",
    "styles",
]


def draw(
    kind: str,
    seed: int,
    landmarks: Float[np.ndarray, "468 3"],
    image_shape: tuple[int, ...],
    options: Mapping[str, str] | None = None,
    style: str | None = None,
    presence: Presence | None = None,
) -> Occluder | Degradation:
    """Draw an occluder or a degradation for a clip; it follows the head (the ``rigid`` mode).

    Args:
        kind: One of ``kinds()``.
        seed: The same seed gives the same occluder for the same landmarks.
        landmarks: MediaPipe's points in the onset frame, pixels.
        image_shape: The frames' shape, height first.
        options: Of the kind: ``hands``, a folder of hands before a green screen, of ``hand``.
        style: One of ``styles(kind)``; None draws one by the seed.
        presence: When the occluder is there (see ``sample_presence``); None: throughout.

    Raises:
        ValueError: There is no such kind or style, or a degradation was to come and go.
    """
    chosen, drawn = _drawn(kind, seed, landmarks, (image_shape[0], image_shape[1]), options, style)
    if isinstance(drawn, Drawing):
        return Occluder(drawn, landmarks, kind, chosen, presence)
    if presence is not None:
        raise ValueError(f"{kind} changes the whole picture and does not come and go: leave the presence out")
    return Degradation(drawn, kind, chosen)


def draw_jitter(
    kind: str,
    seed: int,
    landmarks: Float[np.ndarray, "468 3"],
    options: Mapping[str, str] | None = None,
    style: str | None = None,
) -> JitterOccluder:
    """Draw an occluder that every frame's landmarks place anew; the arguments are those of ``draw``.

    Raises:
        ValueError: There is no such kind or style, or it is a degradation, which has no place.
    """
    front, canvas = upright(landmarks)
    chosen, drawn = _drawn(kind, seed, front, canvas, options, style)
    if not isinstance(drawn, Drawing):
        raise ValueError(f"{kind} has no place that could jitter: choose a kind that covers, or the rigid mode")
    return JitterOccluder(drawn, _fit(kind, seed, landmarks, front, drawn, chosen), kind, chosen)


def _drawn(
    kind: str,
    seed: int,
    landmarks: np.ndarray,
    shape: tuple[int, int],
    options: Mapping[str, str] | None,
    style: str | None,
) -> tuple[str, Drawing | Change]:
    """Return the style and what its kind draws of it."""
    entry = entry_of(kind)
    chosen = _style(entry.styles, kind, seed, style)
    return chosen, entry.draw(Scene(landmarks, shape, np.random.default_rng(seed), chosen, dict(options or {})))


def _fit(
    kind: str, seed: int, landmarks: np.ndarray, front: np.ndarray, drawn: Drawing, style: str
) -> Callable[[np.ndarray], Fit]:
    """Return how the public generator places a kind, or for kinds that it does not know the nearest to it."""
    if kind == "block":
        return block_fit(landmarks, float(style), np.random.default_rng(seed))
    if kind == "mask":
        return mask_fit
    return glasses_fit if kind in ("glasses", "sunglasses") else box_fit(front, drawn)


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
