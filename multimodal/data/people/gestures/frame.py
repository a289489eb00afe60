"""Where the camera stands and what it frames; where the hands are in the picture, and how much of them is seen."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from multimodal.data.people.body import SKIN_VERTICES, load_body
from multimodal.data.people.gestures.draw import FINE, Drawn
from multimodal.data.people.gestures.figure import ARMS, Figure, hand_weight
from multimodal.data.people.gestures.model import Body
from multimodal.data.people.raster import cover
from multimodal.data.people.render import Camera

BoxPixels = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels, edge to edge: 0 is the left edge of the first pixel."""

# Of the boxes of the photos to learn from (194, train part): the longer side as a share of the picture's, and the
# place of the middle; quantiles.
_QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_LONG_SIDE = (0.11, 0.185, 0.37, 0.51, 0.71, 0.91, 1.05)
_MIDDLE_X = (0.33, 0.37, 0.43, 0.50, 0.56, 0.63, 0.68)
_MIDDLE_Y = (0.31, 0.36, 0.42, 0.49, 0.56, 0.63, 0.72)
_WIDEST_VIEW = 1.5


@dataclass(frozen=True)
class Framing:
    """What a picture is to show.

    Attributes:
        share: Longer side of the hand's box, as a share of the picture's side.
        middle: Where the box's middle is to be, x and y as shares of the picture.
        distance: From the camera to the hand, dm; farther if the view would be too wide.
    """

    share: float
    middle: tuple[float, float]
    distance: float


def sample_framing(rng: np.random.Generator) -> Framing:
    """Draw a framing: mostly as the real photos are framed, sometimes small, far and anywhere."""
    distance = float(np.exp(rng.uniform(np.log(3.4), np.log(18.0))))
    if rng.random() < 0.86:
        share = float(np.interp(rng.random(), _QUANTILES, _LONG_SIDE))
        x = float(np.interp(rng.random(), _QUANTILES, _MIDDLE_X))
        y = float(np.interp(rng.random(), _QUANTILES, _MIDDLE_Y))
    else:
        share = float(np.exp(rng.uniform(np.log(0.07), np.log(0.6))))
        x, y = rng.uniform(0.05, 0.95, 2).tolist()
    return Framing(share, (x, y), distance)


def frame(
    hand: Float[np.ndarray, "points 3"], view: Float[np.ndarray, "3 3"], framing: Framing, size: int
) -> tuple[Camera, Float[np.ndarray, "3"]]:
    """Return the camera, and the world's place that it looks at from ``distance`` along its axis.

    Args:
        hand: The hand's vertices in the world.
        view: Rotation from the camera's axes to the world.
        framing: What is wanted; perspective lets it come out a little different.
        size: Side of the picture, pixels.
    """
    middle = (hand.min(axis=0) + hand.max(axis=0)) / 2
    local = (hand - middle) @ view
    length = float(np.ptp(local[:, :2], axis=0).max())
    distance = max(framing.distance, length / (_WIDEST_VIEW * framing.share), float(local[:, 2].max()) + 1.5)
    flat = local[:, :2] / (distance - local[:, 2:])
    low, high = flat.min(axis=0), flat.max(axis=0)
    focal = framing.share * size / float((high - low).max())
    away = (low + high) / 2 - np.array([framing.middle[0] - 0.5, 0.5 - framing.middle[1]]) * size / focal
    target = middle + view[:, :2] @ away * distance
    return Camera((0.0, 0.0, distance), focal, size, size), target


def hand_vertices(side: str) -> Int[np.ndarray, "_"]:
    """Return the vertices of one hand from the wrist to the finger tips."""
    return _hand_vertices()[side]


def box_of(body: Body, side: str, camera: Camera) -> BoxPixels:
    """Return the box of one hand, also where something hides it, not cut to the picture."""
    points = camera.project(body.vertices[hand_vertices(side), :3].astype(np.float64)) + 0.5
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return x0, y0, x1, y1


def cut(box: BoxPixels, size: int) -> BoxPixels:
    """Return the part of a box inside the picture."""
    x0, y0, x1, y1 = np.clip(box, 0, size).tolist()
    return x0, y0, x1, y1


def seen_mask(drawn: Drawn, body: Body, side: str) -> Bool[np.ndarray, "fine_height fine_width"]:
    """Return in which fine pixels one hand is seen; ``body`` was the first drawn."""
    mine = _mine(side)
    hand = np.concatenate([mine[layer.triangles].all(axis=1) for layer, _ in body.layers])
    # What is not of the body, nothing included, finds the last entry.
    hand = np.append(hand, False)
    return np.asarray(hand[np.where((drawn.seen >= 0) & (drawn.seen < len(hand)), drawn.seen, len(hand) - 1)])


def whole_area(body: Body, side: str, camera: Camera) -> float:
    """Return how many fine pixels one hand would cover if nothing hid it and the picture had no edge."""
    x0, y0, x1, y1 = box_of(body, side, camera)
    scale = 96 / max(x1 - x0, y1 - y0, 1e-6)
    screen = (camera.project(body.vertices[:, :3]) + 0.5 - (x0, y0)) * scale
    seen = np.full((98, 98), -1, np.int32)
    cover(screen, camera.distance(body.vertices[:, :3]), hand_faces(side), 0, np.zeros(seen.shape, np.float32), seen,
          np.zeros((*seen.shape, 2), np.float32))  # fmt: skip
    return float((seen >= 0).sum() * (FINE / scale) ** 2)


@functools.lru_cache(maxsize=2)
def hand_faces(side: str) -> Int[np.ndarray, "triangles 3"]:
    """Return the triangles of one hand from the wrist to the finger tips."""
    triangles = load_body().triangles
    return triangles[_mine(side)[triangles].all(axis=1)]


@functools.lru_cache(maxsize=2)
def _mine(side: str) -> Bool[np.ndarray, "vertices"]:
    """Return which vertices are of one hand."""
    mine = np.zeros(len(load_body().vertices), bool)
    mine[hand_vertices(side)] = True
    return mine


@functools.lru_cache(maxsize=1)
def _hand_vertices() -> dict[str, np.ndarray]:
    body, found = load_body(), {}
    for side in ARMS:
        rig = Figure(body.vertices).arms[side]
        mirrored = body.vertices * (1.0 if side == "r" else (-1.0, 1.0, 1.0))
        beyond = ((mirrored - rig.wrist) @ rig.frame.T)[:, 1] > 0.0
        beyond[SKIN_VERTICES:] = False  # helpers, some of which stick out of the finger tips
        found[side] = np.flatnonzero(beyond & (hand_weight(side) > 0.5))
    return found
