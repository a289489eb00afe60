"""What walls are made of, as pictures of linear albedo: plaster, paper, brick, wood, tiles, curtains."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float

Wall = Float[np.ndarray, "height width 3"]


def sample_wall(rng: np.random.Generator, height: int, width: int) -> Wall:
    """Draw a wall."""
    kind = int(rng.choice(len(_KINDS), p=[share for _, share in _KINDS]))
    return np.asarray(np.clip(_KINDS[kind][0](rng, height, width), 0.01, 0.9), np.float32)


def wall_colour(rng: np.random.Generator) -> Float[np.ndarray, "3"]:
    """Draw a wall's colour: mostly pale, beige or grey, sometimes bright or dark."""
    kind = rng.random()
    if kind < 0.4:
        return np.asarray(rng.uniform(0.35, 0.75) * np.array([1.0, rng.uniform(0.9, 1.0), rng.uniform(0.78, 1.0)]))
    if kind < 0.65:
        tone = np.array([1.0, 0.82, 0.6]) ** rng.uniform(0, 1.6)
        return np.asarray(np.exp(rng.uniform(np.log(0.08), np.log(0.4))) * tone)
    if kind < 0.8:
        return np.asarray(np.exp(rng.uniform(np.log(0.1), np.log(0.6))) * rng.uniform(0.85, 1.1, 3))
    grey = float(np.exp(rng.uniform(np.log(0.05), np.log(0.6))))
    return np.asarray(np.clip(grey * np.exp(rng.normal(0, 0.35, 3)), 0.02, 0.75))


def any_colour(rng: np.random.Generator) -> Float[np.ndarray, "3"]:
    """Draw the colour of a thing: any, darker ones more often."""
    grey = float(np.exp(rng.uniform(np.log(0.015), np.log(0.7))))
    return np.asarray(np.clip(grey * np.exp(rng.normal(0, float(rng.choice([0.08, 0.5])), 3)), 0.01, 0.85))


def clouds(rng: np.random.Generator, height: int, width: int, size: float) -> Float[np.ndarray, "height width"]:
    """Return smooth noise of about unit spread, its blobs ``size`` pixels."""
    cell = max(1.0, size)
    coarse = rng.standard_normal((int(height / cell) + 3, int(width / cell) + 3), np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def _plaster(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    rough, stain = float(rng.choice([0.0, 0.015, 0.06])), float(rng.uniform(0, 0.06))
    relief = rough * clouds(rng, height, width, float(rng.uniform(1, 4)))
    relief += stain * clouds(rng, height, width, width / 4)
    return np.asarray(wall_colour(rng) * np.exp(relief)[..., None])


def _paper(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Wallpaper: a motif of curls and flowers, repeated."""
    side = max(4, int(width * np.exp(rng.uniform(np.log(0.06), np.log(0.4)))))
    motif = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(2, 9))):
        middle, turn = rng.uniform(0.1, 0.9, 2) * side, float(rng.uniform(0, 360))
        axes = np.maximum(rng.uniform(0.04, 0.3, 2) * side, 1)
        thick = -1 if rng.random() < 0.5 else max(1, side // 25)
        arc = 360 if thick < 0 else float(rng.uniform(120, 360))
        place, axis = (int(middle[0]), int(middle[1])), (int(axes[0]), int(axes[1]))
        cv2.ellipse(motif, place, axis, turn, 0, arc, float(rng.uniform(0.3, 1)), thick, cv2.LINE_AA)
    across = [motif, motif[:, ::-1]] if rng.random() < 0.5 else [motif]
    tiled = np.tile(np.hstack(across), (height // side + 1, width // side + 1))[:height, :width]
    base = wall_colour(rng)
    print_ = np.clip(base * np.exp(rng.normal(0, 0.25, 3) + rng.normal(0, 0.35)), 0.01, 0.85)
    return np.asarray(base + (print_ - base) * tiled[..., None])


def _striped(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    period = max(2.0, float(rng.uniform(0.05, 0.35)) * width)
    place = np.arange(width) / period % 1
    base, other = wall_colour(rng), wall_colour(rng)
    share = float(rng.uniform(0.05, 0.5))
    row = base + (0.5 * (base + other) - base) * (place < share)[:, None]
    return np.broadcast_to(row, (height, width, 3)).copy()


def _bricks(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    tall = max(2.0, float(rng.uniform(0.03, 0.12)) * width)
    wide, joint = tall * float(rng.uniform(1.0, 3.2)), float(rng.uniform(0.05, 0.12))
    y, x = np.mgrid[0:height, 0:width] / tall
    row = np.floor(y).astype(int)
    along = (x * tall + (row % 2) * wide / 2 * (wide > 1.2 * tall)) / wide
    seam = (y % 1 < joint) | (along % 1 < joint * tall / wide)
    shade = rng.normal(0, float(rng.choice([0.03, 0.2])), (row.max() + 1, int(along.max()) + 1))
    base = wall_colour(rng)
    colour = base * np.exp(shade[row, along.astype(int)])[..., None]
    return np.where(seam[..., None], np.clip(base * rng.uniform(0.5, 1.6), 0.02, 0.8), colour)


def _wood(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    plank = max(4, int(width * rng.uniform(0.08, 0.9)))
    streaks = rng.standard_normal((max(2, height // 60), width // 2 + 1), np.float32)
    grain = cv2.resize(streaks, (width, height), interpolation=cv2.INTER_CUBIC)
    waves = np.sin(np.arange(width) / width * 60 + 4 * clouds(rng, height, width, width / 3))
    number = np.arange(width) // plank
    shade = rng.normal(0, 0.12, number.max() + 1)[number] - 0.5 * (np.arange(width) % plank < 2)
    tone = np.exp(rng.uniform(np.log(0.05), np.log(0.5))) * np.array([1.0, 0.68, 0.42]) ** float(rng.uniform(0.3, 1.4))
    planks = tone * np.exp(0.10 * grain + 0.06 * waves + shade)[..., None]
    if rng.random() < 0.3:
        return np.asarray(cv2.resize(np.ascontiguousarray(planks.transpose(1, 0, 2)), (width, height)))
    return np.asarray(planks)


def _curtain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    x = np.arange(width) / width
    folds = sum(np.sin(x * f * 2 * np.pi + p) / (k + 1) for k, (f, p) in enumerate(
        zip(rng.uniform(6, 40, 4), rng.uniform(0, 6.3, 4), strict=True)))  # fmt: skip
    drift = np.exp(0.22 * folds[None] + 0.05 * clouds(rng, height, width, width / 8))
    base = any_colour(rng) if rng.random() < 0.5 else wall_colour(rng)
    return np.asarray(base * drift[..., None])


_Kind = Callable[[np.random.Generator, int, int], np.ndarray]
_KINDS: tuple[tuple[_Kind, float], ...] = (
    (_plaster, 0.46), (_paper, 0.18), (_striped, 0.07), (_bricks, 0.07), (_wood, 0.13), (_curtain, 0.09),
)  # fmt: skip
