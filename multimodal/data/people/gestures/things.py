"""Things that stand and hang in rooms, drawn flat on a picture of linear light.

Each takes the picture (changed in place) and a box x, y, w, h in pixels to be filled.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float

from multimodal.data.people.gestures.walls import any_colour, clouds, sample_wall, wall_colour

Room = Float[np.ndarray, "height width 3"]
Box = tuple[int, int, int, int]


def sample_thing(room: Room, rng: np.random.Generator) -> None:
    """Draw one thing somewhere."""
    draw, (least, most), share = _THINGS[int(rng.choice(len(_THINGS), p=_OFTEN))]
    height, width = room.shape[:2]
    w = int(width * np.exp(rng.uniform(np.log(least), np.log(most))))
    h = int(np.clip(w * share * np.exp(rng.normal(0, 0.25)), 3, 1.5 * height))
    x, y = int(rng.uniform(-0.5 * w, width - 0.4 * w)), int(rng.uniform(-0.4 * h, height - 0.4 * h))
    draw(room, (x, y, max(w, 3), h), rng)


def window(room: Room, box: Box, rng: np.random.Generator) -> None:
    """A window: bright, with what is outside, a frame, perhaps a blind or curtains."""
    x, y, w, h = box
    bright = float(np.exp(rng.uniform(np.log(0.5), np.log(4.0))))
    sky = np.linspace(1.0, float(rng.uniform(0.3, 1.0)), h)[:, None, None] * np.array([0.9, 0.97, 1.05])
    view = np.broadcast_to(sky, (h, w, 3)) * bright
    green = np.clip(clouds(rng, h, w, w / 6) + np.linspace(-2, 1.2, h)[:, None], 0, 1)[..., None] * rng.integers(0, 2)
    leaves = bright * np.array([0.12, 0.25, 0.06]) * np.exp(0.4 * clouds(rng, h, w, 4))[..., None]
    view = view * (1 - green) + green * leaves
    if rng.random() < 0.2:
        view = view * (0.45 + 0.55 * (np.arange(h) % max(3, h // 24) > 1))[:, None, None]
    _paste(room, view, x, y)
    frame = wall_colour(rng) * 0.9
    for k in range(int(rng.integers(2, 4)) + 1):
        _bar(room, x + k * w // 2, y, max(2, w // 24), h, frame)
    for k in (0, 1):
        _bar(room, x, y + k * h, w, max(2, w // 24), frame)
    if rng.random() < 0.4:
        side = int(w * rng.uniform(0.15, 0.4))
        for start in (x - side // 2, x + w - side // 2):
            _paste(room, sample_wall(rng, h + side, side) * min(bright, 1.2), start, y - side // 2)


def door(room: Room, box: Box, rng: np.random.Generator) -> None:
    """A door or a tall cupboard with panels and a handle."""
    x, y, w, h = box
    _paste(room, sample_wall(rng, h, w), x, y)
    colour = np.clip(wall_colour(rng), 0.02, 0.8)
    _outline(room, box, colour * 0.6, max(2, w // 20))
    for k in range(int(rng.integers(0, 4))):
        inner = (x + w // 6, y + h * (2 * k + 1) // 8, 2 * w // 3, h // 6)
        _outline(room, inner, colour * rng.uniform(0.4, 0.8), max(1, w // 50))
    _bar(room, x + int(w * 0.85), y + h // 2, max(2, w // 30), max(3, h // 20), any_colour(rng))


def picture(room: Room, box: Box, rng: np.random.Generator) -> None:
    """A framed picture or a poster."""
    x, y, w, h = box
    art = sum(clouds(rng, h, w, max(2, w / k))[..., None] * rng.normal(0.5, 0.3, 3) for k in rng.uniform(2, 12, 3))
    _paste(room, np.clip(any_colour(rng) * np.exp(np.clip(art, -3, 3)), 0.01, 0.85), x, y)
    _outline(room, box, any_colour(rng), int(rng.integers(1, max(2, w // 8) + 1)))


def shelf(room: Room, box: Box, rng: np.random.Generator) -> None:
    """Shelves with books and boxes."""
    x, y, w, h = box
    _bar(room, x, y, w, h, any_colour(rng) * 0.4)
    rows, board = int(rng.integers(1, 5)), any_colour(rng)
    for row in range(rows):
        low, tall, at = y + (row + 1) * h // rows, h // rows, x
        while at < x + w:
            thick, high = max(1, int(w * rng.uniform(0.02, 0.12))), int(tall * rng.uniform(0.4, 0.9))
            if rng.random() < 0.85:
                _bar(room, at, low - high, thick, high, any_colour(rng))
            at += thick + 1
        _bar(room, x, low, w, max(2, h // 40), board)


def cupboard(room: Room, box: Box, rng: np.random.Generator) -> None:
    """A row of cupboard fronts."""
    x, y, w, h = box
    stuff = sample_wall(rng, h, w)
    _paste(room, stuff, x, y)
    columns, rows = int(rng.integers(1, 5)), int(rng.integers(1, 3))
    for column in range(columns):
        for row in range(rows):
            left, top, wide, tall = x + column * w // columns, y + row * h // rows, w // columns, h // rows
            _outline(room, (left, top, wide, tall), stuff[0, 0] * 0.5, 1 + w // 150)
            _bar(room, left + wide // 8, top + tall // 2, max(1, w // 60), max(3, tall // 6), any_colour(rng))


def screen(room: Room, box: Box, rng: np.random.Generator) -> None:
    """A screen, dark or alight."""
    x, y, w, h = box
    _bar(room, x, y, w, h, np.full(3, 0.01))
    m = max(1, w // 40)
    lit = rng.random() < 0.4
    inner = any_colour(rng) * (2.0 if lit else 0.05) * np.exp(0.5 * clouds(rng, h, w, w / 5))[..., None]
    _paste(room, np.asarray(inner)[: max(1, h - 2 * m), : max(1, w - 2 * m)], x + m, y + m)


def lamp(room: Room, box: Box, rng: np.random.Generator) -> None:
    """A lamp that shines, and its glow."""
    x, y, w, h = box
    middle, radius = (x + w // 2, y + h // 2), max(2, w // 2)
    glow = np.zeros(room.shape[:2], np.float32)
    cv2.circle(glow, middle, radius, 1.0, -1)
    small = cv2.GaussianBlur(cv2.resize(glow, None, fx=0.125, fy=0.125), (0, 0), max(1.0, radius / 5))
    wide = cv2.resize(small, glow.shape[::-1])
    colour = np.array([1.0, 0.82, 0.55]) ** float(rng.uniform(0.2, 1.2)) * float(rng.uniform(0.8, 3.0))
    room += wide[..., None] * (0.6 * colour).astype(np.float32)
    corners = np.array([[x + w // 4, y], [x + 3 * w // 4, y], [x + w, y + h // 2], [x, y + h // 2]])
    cv2.fillPoly(room, [corners], colour.tolist(), cv2.LINE_AA)
    _bar(room, middle[0], y + h // 2, max(1, w // 16), h, any_colour(rng))


def plant(room: Room, box: Box, rng: np.random.Generator) -> None:
    """Leaves on stems, from a pot."""
    x, y, w, h = box
    root = np.array([x + w / 2, y + h * 0.85])
    _bar(room, x + w // 3, int(root[1]), w // 3, h // 6, any_colour(rng))
    green = np.array([0.10, 0.22, 0.05]) * np.exp(rng.normal(0, 0.3))
    for _ in range(int(rng.integers(8, 30))):
        turn, far = float(rng.normal(-90, 45)), float(rng.uniform(0.2, 0.9)) * h
        way = np.array([np.cos(np.radians(turn)), np.sin(np.radians(turn))])
        end = root + way * far
        shade = (green * np.exp(rng.normal(0, 0.35))).tolist()
        cv2.line(room, _point(root), _point(end), shade, max(1, w // 80), cv2.LINE_AA)
        size = (max(2, int(h * rng.uniform(0.06, 0.2))), max(1, int(h * rng.uniform(0.02, 0.06))))
        cv2.ellipse(room, _point(end), size, turn + float(rng.normal(0, 30)), 0, 360, shade, -1, cv2.LINE_AA)


def clock(room: Room, box: Box, rng: np.random.Generator) -> None:
    """A round clock."""
    x, y, w, _ = box
    middle, radius = (x + w // 2, y + w // 2), max(2, w // 2)
    cv2.circle(room, middle, radius, any_colour(rng).tolist(), -1, cv2.LINE_AA)
    cv2.circle(room, middle, max(1, int(radius * 0.85)), (0.7, 0.7, 0.68), -1, cv2.LINE_AA)
    for turn, length in zip(rng.uniform(0, 6.28, 2), (0.5, 0.75), strict=True):
        end = np.array(middle) + radius * length * np.array([np.cos(turn), np.sin(turn)])
        cv2.line(room, middle, _point(end), (0.02, 0.02, 0.02), max(1, radius // 14), cv2.LINE_AA)


def sofa(room: Room, box: Box, rng: np.random.Generator) -> None:
    """A seat's back or a bed: a big soft shape with a cushion or two."""
    for k in range(int(rng.integers(1, 4))):
        x, y, w, h = (int(v * (0.5**k if j > 1 else 1)) for j, v in enumerate(box))
        colour = any_colour(rng)
        corner = max(1, min(w, h) // 5)
        _bar(room, x + corner, y, w - 2 * corner, h, colour)
        _bar(room, x, y + corner, w, h, colour)
        for middle in ((x + corner, y + corner), (x + w - corner, y + corner)):
            cv2.circle(room, middle, corner, colour.tolist(), -1, cv2.LINE_AA)


def edge(room: Room, box: Box, rng: np.random.Generator) -> None:
    """Something tall, of which an upright part is seen: a wardrobe's side, a door post, a curtain."""
    x, _, w, _ = box
    _paste(room, sample_wall(rng, room.shape[0], w) * rng.uniform(0.4, 1.1), x, 0)
    _bar(room, x, 0, max(1, w // 40), room.shape[0], any_colour(rng) * 0.5)


def ceiling(room: Room, box: Box, rng: np.random.Generator) -> None:
    """The ceiling above the wall, its edge sloping as the camera looks up."""
    height, width = room.shape[:2]
    left, right = (rng.uniform(0.02, 0.45, 2) * height).tolist()
    corners = np.array([[0, 0], [width, 0], [width, right], [0, left]]).astype(np.int32)
    colour = rng.uniform(0.4, 0.8) * np.array([1.0, rng.uniform(0.92, 1.0), rng.uniform(0.85, 1.0)])
    cv2.fillPoly(room, [corners], colour.tolist(), cv2.LINE_AA)
    cv2.line(room, (0, int(left)), (width, int(right)), (colour * 0.7).tolist(), int(rng.integers(1, 7)), cv2.LINE_AA)


def clutter(room: Room, box: Box, rng: np.random.Generator) -> None:
    """Small things of any shape."""
    x, y, w, h = box
    for _ in range(int(rng.integers(2, 10))):
        middle = (int(x + rng.uniform(0, w)), int(y + rng.uniform(0, h)))
        size = (max(1, int(w * rng.uniform(0.03, 0.25))), max(1, int(h * rng.uniform(0.03, 0.25))))
        if rng.random() < 0.5:
            turn = float(rng.uniform(0, 180))
            cv2.ellipse(room, middle, size, turn, 0, 360, any_colour(rng).tolist(), -1, cv2.LINE_AA)
        else:
            corners = np.array(middle) + rng.normal(0, 1, (4, 2)) * size
            cv2.fillConvexPoly(room, cv2.convexHull(corners.astype(np.int32)), any_colour(rng).tolist(), cv2.LINE_AA)


def _paste(room: Room, part: np.ndarray, x: int, y: int) -> None:
    height, width = room.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + part.shape[1], width), min(y + part.shape[0], height)
    if x1 > x0 and y1 > y0:
        room[y0:y1, x0:x1] = part[y0 - y : y1 - y, x0 - x : x1 - x]


def _bar(room: Room, x: int, y: int, w: int, h: int, colour: np.ndarray) -> None:
    room[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)] = colour


def _outline(room: Room, box: Box, colour: np.ndarray, thick: int) -> None:
    x, y, w, h = box
    cv2.rectangle(room, (x, y), (x + w, y + h), colour.tolist(), thick)


def _point(place: np.ndarray) -> tuple[int, int]:
    return int(place[0]), int(place[1])


_Draw = Callable[[Room, Box, np.random.Generator], None]
# What, between which shares of the picture's width it is broad, and how tall it is for its breadth; then how often.
_THINGS: tuple[tuple[_Draw, tuple[float, float], float], ...] = (
    (window, (0.25, 0.9), 1.2), (door, (0.2, 0.7), 2.0), (picture, (0.08, 0.5), 1.1), (shelf, (0.2, 0.8), 0.9),
    (cupboard, (0.2, 0.9), 0.9), (screen, (0.15, 0.7), 0.6), (lamp, (0.06, 0.3), 1.2), (plant, (0.15, 0.6), 1.3),
    (clock, (0.08, 0.3), 1.0), (sofa, (0.3, 1.0), 0.6), (edge, (0.05, 0.5), 1.0), (ceiling, (1.0, 1.0), 1.0),
    (clutter, (0.1, 0.6), 0.8),
)  # fmt: skip
_OFTEN = (0.11, 0.09, 0.11, 0.07, 0.08, 0.05, 0.05, 0.06, 0.03, 0.06, 0.14, 0.06, 0.09)
