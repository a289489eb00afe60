"""Fur: thousands of hairs on a body, each a thin line from its root to its tip, far ones first."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from occlusion.shapes.surface import Layer
from occlusion.shapes.texture import RGB, noise

_FINE = 3
_SHIFT = 4
_STEPS = np.linspace(0, 1, 6)


def rooted(
    centre: tuple[float, float, float], radii: tuple[float, float, float], count: int, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "hairs 3"], Float[np.ndarray, "hairs 3"]]:
    """Return roots strewn evenly over an ellipsoid, and in which direction hairs stand there (unit length)."""
    # Points of a golden spiral on a sphere, shaken a little.
    place = np.arange(count) + rng.uniform(-0.5, 0.5, count)
    up, turn = 1 - 2 * np.clip((place + 0.5) / count, 0, 1), place * np.pi * (3 - np.sqrt(5))
    flat = np.sqrt(np.clip(1 - up**2, 0, 1))
    ball = np.stack([flat * np.cos(turn), up, flat * np.sin(turn)], axis=1)
    out = ball / np.array(radii)
    return ball * radii + centre, out / np.linalg.norm(out, axis=1, keepdims=True)


def combed(
    roots: Float[np.ndarray, "hairs 3"],
    out: Float[np.ndarray, "hairs 3"],
    length: float,
    down: Float[np.ndarray, "3"],
    rng: np.random.Generator,
) -> Float[np.ndarray, "hairs steps 3"]:
    """Return the hairs' courses: they stand out, hang over, and cling together in locks.

    Args:
        roots: Where they begin.
        out: In which direction.
        length: Of a hair, in the roots' unit; each is a little longer or shorter.
        down: The direction in which they hang.
        rng: Where chance comes from.
    """
    locks = [noise(rng, 0.9 * length, 0.5) for _ in range(3)]
    lean = np.stack([lock(roots[:, 0] + roots[:, 2], roots[:, 1] - roots[:, 2]) for lock in locks], axis=1)
    lean += rng.normal(0, 0.16, lean.shape)
    reach = length * rng.uniform(0.65, 1.2, (len(roots), 1, 1))
    step = _STEPS[None, :, None]
    bend = (lean[:, None] + 0.55 * np.asarray(down)) * step**2
    return np.asarray(roots[:, None] + reach * (0.8 * step * out[:, None] + bend))


def brush(
    shape: tuple[int, int],
    hairs: Float[np.ndarray, "hairs steps 3"],
    colours: tuple[RGB, RGB],
    width: float,
    rng: np.random.Generator,
) -> Layer:
    """Draw hairs.

    Args:
        shape: Height and width of the picture.
        hairs: Their courses in the picture, x, y and depth, pixels.
        colours: At their roots and their tips, RGB in white light.
        width: Of a hair, pixels.
        rng: Where their various shades come from.
    """
    colour, alpha = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
    x0, y0 = np.maximum(np.floor(hairs[..., :2].min(axis=(0, 1))).astype(int) - 2, 0)
    x1, y1 = np.minimum(np.ceil(hairs[..., :2].max(axis=(0, 1))).astype(int) + 3, shape[::-1])
    if x1 <= x0 or y1 <= y0:
        return colour, alpha
    canvas = np.zeros(((y1 - y0) * _FINE, (x1 - x0) * _FINE, 4), np.uint8)
    lines = np.round(((hairs[..., :2] - (x0, y0) + 0.5) * _FINE - 0.5) * 2**_SHIFT).astype(np.int32)
    shades = _shades(hairs, colours, rng)
    thick = max(1, round(width * _FINE))
    for number in np.argsort(-hairs[:, -1, 2]):
        for part, tone in enumerate(shades[number]):
            piece = lines[number, 2 * part : 2 * part + 3]
            cv2.polylines(canvas, [piece], False, (*map(float, tone), 255.0), thick, cv2.LINE_AA, _SHIFT)
    small = cv2.resize(canvas, (int(x1 - x0), int(y1 - y0)), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    colour[y0:y1, x0:x1] = small[..., :3] / np.maximum(small[..., 3:], 1e-3)
    alpha[y0:y1, x0:x1] = small[..., 3]
    return np.clip(colour, 0, 1), alpha


def _shades(hairs: np.ndarray, colours: tuple[RGB, RGB], rng: np.random.Generator) -> np.ndarray:
    """Return the colour of each hair's lower and upper part, 0 to 255, ``[hairs, 2, 3]``: lit from above."""
    way = hairs[:, -1] - hairs[:, 0]
    way = way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    light = (0.80 - 0.22 * way[:, 1] - 0.10 * way[:, 2]) * rng.uniform(0.78, 1.12, len(hairs))
    root, tip = np.array(colours[0]), np.array(colours[1])
    pair = np.stack([0.55 * root + 0.45 * tip, tip])
    return np.asarray(np.clip(255 * light[:, None, None] * pair, 0, 255))
