"""The form of a face in the onset frame, from its landmarks: which way the skin looks, and how far away it is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from occlusion.degrading.carried import Canvas
from occlusion.head import Head
from occlusion.shapes.surface import Sheet, Skin, paint

_ROWS, _COLUMNS = 40, 32
_AXIS = 1.1
"""How far behind the eyes the axis of the head lies, eye distances."""
_SMOOTH = 2e-3
"""How much a landmark may be missed for the surface to be smooth."""
_SKULL = 0.7
"""How far behind the eyes the middle of the skull lies, eye distances."""
_HAIR = (0.08, 0.42)
"""Up to the first distance from the face, eye distances, things are shaped like its rim: ears, hair; beyond the second
they are taken to be far away."""


@dataclass(frozen=True)
class Relief:
    """The form of a face, on a canvas.

    Attributes:
        normals: Unit vectors out of the skin; x to the right, y down, z away from the camera.
        places: Where the skin is, in eye distances from between the eyes, the same axes.
        solid: 1 on the face and close around it, 0 far from it, smooth in between.
        person: 1 where head, neck and shoulders of somebody upright would be, 0 beside them, smooth in between.
        face: 1 on the face, 0 beside it.
    """

    normals: Float[np.ndarray, "height width 3"]
    places: Float[np.ndarray, "height width 3"]
    solid: Float[np.ndarray, "height width"]
    person: Float[np.ndarray, "height width"]
    face: Float[np.ndarray, "height width"]


def relief_of(landmarks: Float[np.ndarray, "468 3"], canvas: Canvas) -> Relief:
    """Return the form of a face: a smooth surface through its landmarks, carried on beyond its rim."""
    head = Head(landmarks)
    grid = head.place(_surface(head.points))
    seen, face = _painted(grid, canvas)
    fine = head.unit / canvas.pixel
    seen[..., 2] = (seen[..., 2] - landmarks[[33, 133, 362, 263], 2].mean()) / head.unit
    around = _spread(seen, face, fine)
    normals = np.dstack([around[..., :2], -np.sqrt(np.clip(1 - (around[..., :2] ** 2).sum(axis=-1), 0.01, 1))])
    normals = cv2.GaussianBlur(normals.astype(np.float32), (0, 0), 0.035 * fine + 0.3)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    rows, columns = np.mgrid[: canvas.shape[0], : canvas.shape[1]]
    middle = canvas.inside(landmarks[[33, 133, 362, 263], :2].mean(axis=0))
    places = np.dstack([(columns - middle[0]) / fine, (rows - middle[1]) / fine, around[..., 2]])
    person = _person((places[..., :2] - head.axes[2, :2] * _SKULL) @ np.linalg.pinv(head.axes[:2, :2]))
    return Relief(normals, places.astype(np.float32), _solid(face, fine), person, face)


def unshadowed(relief: Relief, light: Float[np.ndarray, "3"], fine: float, soft: float) -> Float[np.ndarray, "_ _"]:
    """Return how much of a distant light reaches each place past the rest of the face, 0 to 1.

    Args:
        relief: The form.
        light: Unit vector towards the light.
        fine: Canvas pixels an eye distance.
        soft: How blurred the shadows' edges are: the light's size, as seen from the face, radians.
    """
    depth = np.where(relief.face > 0.5, relief.places[..., 2], 9.0).astype(np.float32)
    start, blocked = relief.places[..., 2], np.zeros(depth.shape, np.float32)
    for step in np.arange(1.5, 1.3 * fine, 1.0):
        shift = np.array([(1, 0, -step * light[0]), (0, 1, -step * light[1])], np.float32)
        there = cv2.warpAffine(depth, shift, depth.shape[::-1], borderMode=cv2.BORDER_CONSTANT, borderValue=(9.0,))
        # So far does the ray pass behind what is there; a little is the skin's own slope.
        behind = start + step / fine * light[2] - there - 0.02
        blocked = np.maximum(blocked, np.clip(behind / (soft * step / fine + 0.02), 0, 1))
    return cv2.GaussianBlur(1 - blocked, (0, 0), 0.02 * fine + 0.3)


def _surface(points: np.ndarray) -> np.ndarray:
    """Return a grid over the face in the head's coordinates, rows downwards, columns from rim to rim.

    The surface is fitted as a distance from an upright axis through the head, by angle and height: seen from there,
    cheeks and temples lie side by side, where seen from the front they fold.
    """
    away = _AXIS - points[:, 2]
    angle, radius = np.arctan2(points[:, 0], away), np.hypot(points[:, 0], away)
    flat = np.column_stack([angle, points[:, 1]])
    rim = cv2.convexHull(flat.astype(np.float32))[:, 0]
    top, bottom = rim[:, 1].min(), rim[:, 1].max()
    y = top + (bottom - top) * np.linspace(0.03, 0.98, _ROWS)
    ends = np.array([_width(rim, level) for level in y])
    turn = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * np.linspace(0, 1, _COLUMNS)
    high = np.broadcast_to(y[:, None], turn.shape)
    far = _plate(flat, radius, np.stack([turn, high], axis=-1).reshape(-1, 2)).reshape(turn.shape)
    return np.stack([far * np.sin(turn), high, _AXIS - far * np.cos(turn)], axis=-1)


def _width(rim: np.ndarray, level: float) -> tuple[float, float]:
    """Return where a horizontal line enters and leaves a convex outline."""
    after = np.roll(rim, -1, axis=0)
    crosses = (rim[:, 1] <= level) != (after[:, 1] <= level)
    a, b = rim[crosses], after[crosses]
    x = a[:, 0] + (level - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return float(x.min()), float(x.max())


def _plate(points: np.ndarray, values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the height at places of a thin plate bent to values at points (Duchon 1977), missed a little."""
    count = len(points)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _bend(points, points) + _SMOOTH * np.eye(count)
    system[:count, count:] = np.column_stack([points, np.ones(count)])
    system[count:, :count] = system[:count, count:].T
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros(3)]))
    return np.asarray(_bend(places, points) @ weights[:count] + places @ weights[count:-1] + weights[-1])


def _bend(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    square = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
    return np.asarray(0.5 * square * np.log(np.maximum(square, 1e-12)))


def _painted(grid: np.ndarray, canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
    """Return, as seen on the canvas, the normals' x and y and the depth of a grid, and where it is seen at all."""
    dense = cv2.resize(grid, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    normal = -np.cross(np.gradient(dense, axis=1), np.gradient(dense, axis=0))
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    coded, low, size = _coded(np.dstack([normal[..., :2], dense[..., 2]]))
    points = np.dstack([canvas.inside(dense[..., :2]), dense[..., 2] / canvas.pixel])
    colour, alpha = paint(canvas.shape, [Sheet(points, _skin(coded), shaded=0.0)])
    return (colour * size + low).astype(np.float32), alpha


def _coded(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bring values between 0 and 1, as colours are; return them, their least, and their range."""
    low = values.min(axis=(0, 1))
    size = np.maximum(np.ptp(values, axis=(0, 1)), 1e-6)
    return ((values - low) / size).astype(np.float32), low, size


def _skin(coded: np.ndarray) -> Skin:
    rows, columns = coded.shape[0] - 1, coded.shape[1] - 1
    return lambda s, t: coded[np.rint(t * rows).astype(int), np.rint(s * columns).astype(int)]


def _spread(seen: np.ndarray, face: np.ndarray, fine: float) -> np.ndarray:
    """Carry values on beyond the rim of the face: near it as they are at the nearest part, farther off more evenly."""
    spread = np.broadcast_to(seen[face > 0.5].mean(axis=0) if (face > 0.5).any() else np.zeros(3), seen.shape)
    weighted = np.dstack([seen * face[..., None], face]).astype(np.float32)
    for sigma in (1.2, 0.5, 0.2, 0.08):
        blurred = cv2.GaussianBlur(weighted, (0, 0), max(sigma * fine, 0.5))
        near = np.clip(blurred[..., 3:] * 12 - 0.05, 0, 1)
        spread = spread * (1 - near) + near * blurred[..., :3] / np.maximum(blurred[..., 3:], 1e-6)
    spread = cv2.GaussianBlur(spread.astype(np.float32), (0, 0), 0.12 * fine + 0.3)
    return spread * (1 - face[..., None]) + seen * face[..., None]


def _solid(face: np.ndarray, fine: float) -> np.ndarray:
    far = cv2.distanceTransform((face < 0.5).astype(np.uint8), cv2.DIST_L2, 5) / fine
    share = np.clip((far - _HAIR[0]) / (_HAIR[1] - _HAIR[0]), 0, 1)
    return np.asarray(1 - share * share * (3 - 2 * share), np.float32)


def _person(places: np.ndarray) -> np.ndarray:
    """Return a silhouette at places measured from the skull's middle along the head's axes, eye distances."""
    x, y = np.abs(places[..., 0]), places[..., 1]
    skull = 1 - np.hypot(x / 1.3, (y - 0.2) / 1.95)
    # From the ears down a neck, from below the chin shoulders that slope.
    neck = np.minimum(0.85 - x, y)
    body = np.minimum(y - 1.8 - 0.3 * x, 3.2 - x)
    return np.clip(0.5 + 2.2 * np.maximum(np.maximum(skull, neck), body), 0, 1).astype(np.float32)
