"""Backgrounds: rooms drawn by chance, or the user's own photos."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float

from multimodal.data.people.gestures.things import sample_thing
from multimodal.data.people.gestures.walls import clouds, sample_wall
from multimodal.data.yolo_folder import IMAGE_SUFFIXES, read_rgb
from multimodal.errors import MissingError

Room = Float[np.ndarray, "size size 3"]

_GAMMA = 2.2
_MARGIN = 1.2


def sample_room(rng: np.random.Generator, size: int) -> Room:
    """Draw a room: a wall, things before it, seen a little askew, unevenly lit, perhaps out of focus. Linear light."""
    wide = int(size * _MARGIN)
    room = sample_wall(rng, wide, wide)
    for _ in range(int(rng.choice(7, p=(0.16, 0.2, 0.2, 0.16, 0.12, 0.09, 0.07)))):
        sample_thing(room, rng)
    room *= _falloff(rng, wide)[..., None]
    return _blurred(_askew(np.clip(room, 0.003, 6.0), rng, size), rng)


def photo_room(path: Path, rng: np.random.Generator, size: int) -> Room:
    """Cut a random square out of a photo. Linear light.

    Raises:
        DecodeError: It cannot be decoded.
    """
    photo = read_rgb(path)
    height, width = photo.shape[:2]
    side = max(1, int(min(height, width) * rng.uniform(0.5, 1.0)))
    x, y = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
    cut = cv2.resize(photo[y : y + side, x : x + side], (size, size), interpolation=cv2.INTER_AREA)
    flipped = cut[:, ::-1] if rng.random() < 0.5 else cut
    return np.asarray((flipped / np.float32(255)) ** np.float32(_GAMMA), np.float32)


@functools.lru_cache(maxsize=4)
def photos(folder: Path) -> tuple[Path, ...]:
    """Return the photos of a folder and those below it, by name.

    Raises:
        MissingError: There is none.
    """
    found = tuple(sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES))
    if not found:
        raise MissingError(f"no photos in {folder}: give --backgrounds a folder of jpg or png files")
    return found


def _falloff(rng: np.random.Generator, wide: int) -> np.ndarray:
    """Return how light falls on the wall: from one side, perhaps with a bright place, a little unevenly."""
    y, x = np.mgrid[0:wide, 0:wide].astype(np.float32) / wide - 0.5
    slope = rng.normal(0, 0.35, 2)
    light = slope[0] * x + slope[1] * y + 0.05 * clouds(rng, wide, wide, wide / 3)
    if rng.random() < 0.4:
        place, radius = rng.uniform(-0.6, 0.6, 2), float(rng.uniform(0.25, 0.7))
        light += float(rng.uniform(0.2, 0.9)) * np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / radius**2)
    return np.asarray(np.exp(light), np.float32)


def _askew(room: np.ndarray, rng: np.random.Generator, size: int) -> np.ndarray:
    """Turn and tilt the view as hand-held cameras do."""
    wide = room.shape[0]
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) - 0.5
    turn = np.radians(rng.normal(0, 3.5))
    zoom = float(rng.uniform(0.82, 1.0)) if rng.random() < 0.6 else float(rng.uniform(0.4, 0.8))
    away = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * zoom * 0.85
    seen = ((away * np.exp(rng.normal(0, 0.05, (4, 1))) + 0.5) * wide).astype(np.float32)
    target = ((corners + 0.5) * size).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(seen, target)
    return cv2.warpPerspective(room, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _blurred(room: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    size = room.shape[0]
    sigma = float(rng.uniform(0.2, 0.8)) if rng.random() < 0.75 else size * float(rng.uniform(0.005, 0.025))
    if sigma < 2.5:
        return cv2.GaussianBlur(room, (0, 0), sigma)
    small = cv2.resize(room, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / 2), room.shape[1::-1], interpolation=cv2.INTER_LINEAR)
