"""What comes between: things before a hand, and the shadow of the person on the wall behind."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from multimodal.data.people.gestures.lamps import Mood
from multimodal.data.people.gestures.walls import any_colour, clouds


@dataclass(frozen=True)
class Veil:
    """Something before the person: linear light, and how much it hides, 0 to 1."""

    light: Float[np.ndarray, "size size 3"]
    alpha: Float[np.ndarray, "size size"]


def sample_veil(rng: np.random.Generator, size: int, box: tuple[float, float, float, float]) -> Veil:
    """Draw something that reaches into a box from one side: the rim of a thing near the camera."""
    x0, y0, x1, y1 = box
    middle, half = np.array([x0 + x1, y0 + y1]) / 2, max(x1 - x0, y1 - y0) / 2
    turn = float(rng.uniform(0, 2 * np.pi))
    radius = half * float(rng.uniform(0.5, 2.0))
    away = radius + half * float(rng.uniform(0.35, 0.8))
    place = middle + away * np.array([np.cos(turn), np.sin(turn)])
    alpha = np.zeros((size, size), np.float32)
    axes = (max(1, int(radius)), max(1, int(radius * rng.uniform(0.4, 1.0))))
    cv2.ellipse(alpha, (int(place[0]), int(place[1])), axes, np.degrees(turn), 0, 360, 1.0, -1, cv2.LINE_AA)
    if rng.random() < 0.5:
        alpha = cv2.GaussianBlur(alpha, (0, 0), max(0.3, size * float(rng.uniform(0.0, 0.015))))
    shade = np.exp(0.2 * clouds(rng, size, size, size / 8))
    return Veil((any_colour(rng) * shade[..., None]).astype(np.float32), alpha)


def wall_shadow(
    room: Float[np.ndarray, "size size 3"], alpha: Float[np.ndarray, "size size"], mood: Mood, rng: np.random.Generator
) -> Float[np.ndarray, "size size 3"]:
    """Darken the room where the person's shadow falls on a wall near behind."""
    if mood.kind == "behind" or rng.random() < 0.55:
        return room
    size = len(room)
    key = mood.lighting.lamps[0, :3]
    far = size * float(rng.uniform(0.03, 0.2))
    move = np.array([[1, 0, -key[0] * far], [0, 1, key[1] * far]])
    cast = cv2.warpAffine(alpha, move, (size, size), borderMode=cv2.BORDER_REPLICATE)
    soft = max(0.8, far * float(rng.uniform(0.05, 0.4)))
    dark = float(rng.uniform(0.15, 0.65)) * cv2.GaussianBlur(cast, (0, 0), soft)
    return np.asarray(room * (1 - dark)[..., None], np.float32)
