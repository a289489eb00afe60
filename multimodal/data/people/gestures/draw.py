"""Bodies before a camera: what is seen where, lit, with shadows, over a background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int

from multimodal.data.people.gestures.light import cast, light
from multimodal.data.people.gestures.model import Body
from multimodal.data.people.raster import cover
from multimodal.data.people.render import Camera, Lighting

FINE = 2
"""Each pixel is the mean of this many squared."""


@dataclass(frozen=True)
class Drawn:
    """A picture of bodies on nothing.

    Attributes:
        light: Linear, 1 is white, premultiplied: black where nothing is.
        alpha: How much of each pixel is body, 0 to 1.
        seen: Number of the triangle seen in each fine pixel, -1 for none; ``starts`` the first number of each layer,
            by body and layer.
    """

    light: Float[np.ndarray, "height width 3"]
    alpha: Float[np.ndarray, "height width"]
    seen: Int[np.ndarray, "fine_height fine_width"]
    starts: Sequence[tuple[int, ...]]


def draw(
    bodies: Sequence[Body], camera: Camera, lighting: Lighting, middle: Float[np.ndarray, "3"], soft: float = 0.1
) -> Drawn:
    """Draw bodies.

    Args:
        bodies: In the camera's axes: it looks along -z.
        camera, lighting: How they are seen; the first lamp casts shadows.
        middle: About which shadows are worked out, some 3 dm each way.
        soft: How far the edge of a shadow spreads, dm.
    """
    view = camera.enlarged(FINE)
    shape = (view.height, view.width)
    z_buffer, seen = np.zeros(shape, np.float32), np.full(shape, -1, np.int32)
    weights = np.zeros((*shape, 2), np.float32)
    first, starts = 0, []
    for body in bodies:
        screen, depth = view.project(body.vertices[:, :3]), view.distance(body.vertices[:, :3])
        row = []
        for layer, _ in body.layers:
            cover(screen, depth, layer.triangles, first, z_buffer, seen, weights)
            row.append(first)
            first += len(layer.triangles)
        starts.append(tuple(row))
    image = _lit(bodies, starts, seen, weights, camera, lighting, middle, soft) * _gaps(z_buffer, view)[..., None]
    alpha = cv2.resize((seen >= 0).astype(np.float32), (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    small = cv2.resize(image, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    return Drawn(small, alpha, seen, starts)


def _lit(
    bodies: Sequence[Body], starts: Sequence[tuple[int, ...]], seen: np.ndarray, weights: np.ndarray,
    camera: Camera, lighting: Lighting, middle: np.ndarray, soft: float,
) -> np.ndarray:  # fmt: skip
    lights, eye = lighting.table(), np.array(camera.place, np.float32)
    places, corners = _joined(bodies)
    shadow = cast(places, corners, lights[1, :3].astype(np.float64), middle, 3.2, soft)
    image = np.zeros((*seen.shape, 3), np.float32)
    for body, row in zip(bodies, starts, strict=True):
        for (layer, stuff), first in zip(body.layers, row, strict=True):
            light(image, seen, weights, first, layer, body.vertices, stuff, lights, shadow, eye)
    return image


def _joined(bodies: Sequence[Body]) -> tuple[np.ndarray, np.ndarray]:
    """Return all vertices' places and all triangles."""
    places, corners, count = [], [], 0
    for body in bodies:
        places.append(body.vertices[:, :3].astype(np.float64))
        corners += [layer.triangles + count for layer, _ in body.layers]
        count += len(body.vertices)
    return np.concatenate(places), np.concatenate(corners)


def _gaps(z_buffer: np.ndarray, view: Camera) -> np.ndarray:
    """Return how bright the gaps between fingers and the like leave each pixel: dark where what is around is nearer.

    Unsharp masking of the depths (Luft, Colditz and Deussen 2006), at two sizes.
    """
    full = cv2.resize(z_buffer, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST)
    mask = (full > 0).astype(np.float32)
    depth = mask / np.maximum(full, 1e-6)
    unit = 0.5 * view.focal / float(np.median(depth[mask > 0])) if mask.any() else 1.0
    bright = np.ones_like(depth)
    for size, strength in ((0.03, 2.0), (0.1, 0.8)):
        sigma = max(0.6, min(size * unit, 12.0))
        around = cv2.GaussianBlur(depth, (0, 0), sigma) / np.maximum(cv2.GaussianBlur(mask, (0, 0), sigma), 1e-3)
        behind = np.clip(depth - around, 0, None)
        # What lies far behind is not darkened by what is before it.
        bright *= 1 - np.clip(strength * behind * np.exp(-((behind / 0.15) ** 2)), 0, 0.35) * mask
    return cv2.resize(bright, z_buffer.shape[::-1], interpolation=cv2.INTER_LINEAR)
