"""Clothes: how far each place of the body lies inside them, how loose they hang, of what stuff they are."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from multimodal.data.people.body import load_body
from multimodal.data.people.gestures.figure import Figure, limb_weight

Stuff = Float[np.ndarray, "rows columns 3"]

_TILE = 128
WRIST = 4.6
"""Length of a sleeve that reaches the wrist, dm."""

_SLEEVES = ("none", "short", "half", "long")
_LENGTHS = {"none": (-0.35, 0.15), "short": (0.8, 1.8), "half": (2.3, 3.8), "long": (4.1, 4.75)}


@dataclass(frozen=True)
class Outfit:
    """What a person wears.

    Attributes:
        sleeve: ``none``, ``short``, ``half`` or ``long``.
        reach: How far the sleeves reach from the shoulder, dm.
        collar: Height of the neckline, dm; depth: how much deeper it is in front.
        width: Breadth of the neckline, 1 close to the neck.
        loose: How far the stuff stands off, dm.
        folds: Depth of its folds, dm.
        seed: Where the folds are.
        top, trousers: Albedo of one tile of the stuff.
        tiles: Tiles a decimetre.
    """

    sleeve: str
    reach: float
    collar: float
    depth: float
    width: float
    loose: float
    folds: float
    seed: int
    top: Stuff
    trousers: Stuff
    tiles: float


def sample_outfit(rng: np.random.Generator) -> Outfit:
    """Draw an outfit."""
    sleeve = str(rng.choice(_SLEEVES, p=(0.14, 0.38, 0.1, 0.38)))
    heavy = sleeve == "long" and rng.random() < 0.5
    return Outfit(
        sleeve=sleeve,
        reach=float(rng.uniform(*_LENGTHS[sleeve])),
        collar=float(rng.uniform(4.9, 5.9 if heavy else 5.6)),
        depth=float(rng.uniform(0.1, 0.7)),
        width=float(rng.uniform(0.9, 1.9 if sleeve == "none" else 1.4)),
        loose=float(rng.uniform(0.12, 0.22) if heavy else rng.uniform(0.04, 0.12)),
        folds=float(rng.uniform(0.01, 0.05)),
        seed=int(rng.integers(2**31)),
        top=sample_stuff(rng),
        trousers=_plain(rng),
        tiles=float(np.exp(rng.uniform(np.log(0.25), np.log(1.2)))),
    )


def inside(outfit: Outfit) -> Float[np.ndarray, "vertices"]:
    """Return how far each vertex of the body lies inside the clothes, dm on the neutral mesh; negative is bare."""
    vertices = load_body().vertices
    x, y, z = np.abs(vertices[:, 0]), vertices[:, 1], vertices[:, 2]
    ring = np.sqrt((x / (0.78 * outfit.width)) ** 2 + ((z - 0.1) / (0.95 * outfit.width)) ** 2)
    neck = np.maximum(0.5 * (ring - 1.0), outfit.collar - outfit.depth * (z - 0.1) - y)
    neck = np.minimum(neck, 6.1 - y)
    return np.asarray(np.where(_along() > -0.9, np.minimum(neck, outfit.reach - _along()), neck))


def lifted(
    outfit: Outfit,
    depth: Float[np.ndarray, "vertices"],
    vertices: Float[np.ndarray, "vertices 3"],
    normals: Float[np.ndarray, "vertices 3"],
) -> Float[np.ndarray, "vertices 3"]:
    """Return posed vertices, those under the clothes moved out to where the stuff hangs in folds."""
    rng, rest = np.random.default_rng(outfit.seed), load_body().vertices
    waves = np.zeros(len(rest))
    for _ in range(4):
        waves += np.sin(rest @ rng.normal(0, 3.0, 3) + rng.uniform(0, 6.3) + 1.5 * np.sin(rest @ rng.normal(0, 2.0, 3)))
    away = np.clip(depth / 0.2, 0, 1) * (outfit.loose + outfit.folds * waves / 1.4)
    return vertices + normals * away[:, None]


def on_cloth(outfit: Outfit) -> Float[np.ndarray, "vertices 2"]:
    """Return where on the stuff each vertex lies, in tiles."""
    rest = load_body().vertices
    place = np.stack([rest[:, 0] + 0.5 * rest[:, 2], 0.3 * rest[:, 2] - rest[:, 1]], axis=1)
    return np.asarray(place * outfit.tiles, np.float64)


def sample_stuff(rng: np.random.Generator) -> Stuff:
    """Draw a stuff: plain, striped, checked or printed."""
    kind = rng.choice(["plain", "stripes", "checks", "dots", "print"], p=(0.5, 0.15, 0.1, 0.05, 0.2))
    base = _plain(rng)
    if kind == "plain":
        return base
    place = np.arange(_TILE) / _TILE
    times, share = int(rng.integers(1, 6)), float(rng.uniform(0.25, 0.6))
    across = (place * times % 1 < share).astype(np.float32)
    ground = np.ones((_TILE, _TILE), np.float32)
    if kind == "stripes":
        mask = across[:, None] * ground if rng.random() < 0.8 else across[None] * ground
    elif kind == "checks":
        mask = (across[:, None] + across[None]) / 2
    elif kind == "dots":
        away = np.hypot(*(np.stack(np.meshgrid(place, place)) * times % 1 - 0.5))
        mask = (away < 0.5 * share).astype(np.float32)
    else:
        mask = _flowers(rng)
    return np.asarray(base + (_colour(rng) - base) * mask[..., None], np.float32)


def _flowers(rng: np.random.Generator) -> np.ndarray:
    mask = np.zeros((_TILE, _TILE), np.float32)
    for _ in range(int(rng.integers(4, 30))):
        x, y = rng.integers(0, _TILE, 2)
        size = rng.integers(3, 22, 2)
        turn = float(rng.uniform(0, 180))
        cv2.ellipse(mask, (int(x), int(y)), (int(size[0]), int(size[1])), turn, 0, 360, float(rng.uniform(0.3, 1)), -1)
    return mask


def _plain(rng: np.random.Generator) -> np.ndarray:
    weave = rng.normal(0, 0.06, (_TILE, _TILE, 1)) + 0.5 * cv2.GaussianBlur(
        rng.normal(0, 1.0, (_TILE, _TILE)), (0, 0), 4, borderType=cv2.BORDER_REFLECT
    )[..., None] * rng.uniform(0, 1)
    return np.asarray(np.clip(_colour(rng) * np.exp(weave), 0.004, 0.9), np.float32)


def _colour(rng: np.random.Generator) -> np.ndarray:
    """Draw a cloth's colour: a third black to dark grey, a fifth white, the rest coloured."""
    kind = rng.random()
    if kind < 0.33:
        return np.asarray(np.exp(rng.uniform(np.log(0.012), np.log(0.08))) * rng.uniform(0.85, 1.15, 3))
    if kind < 0.53:
        return np.asarray(rng.uniform(0.4, 0.8) * rng.uniform(0.92, 1.0, 3))
    grey = float(np.exp(rng.uniform(np.log(0.03), np.log(0.5))))
    return np.asarray(np.clip(grey * np.exp(rng.normal(0, float(rng.choice([0.3, 0.8])), 3)), 0.01, 0.8))


@functools.lru_cache(maxsize=1)
def _along() -> Float[np.ndarray, "vertices"]:
    """Return how far along its arm each vertex lies from the shoulder, dm; -1 off the arms."""
    body = load_body()
    along = np.full(len(body.vertices), -1.0)
    for side, rig in Figure(body.vertices).arms.items():
        points = body.vertices * (1.0 if side == "r" else (-1.0, 1.0, 1.0))
        upper, fore = rig.elbow - rig.shoulder, rig.wrist - rig.elbow
        length = float(np.linalg.norm(upper))
        on_upper = (points - rig.shoulder) @ upper / length
        beyond = (points - rig.elbow) @ fore / np.linalg.norm(fore)
        arm = limb_weight(side) > 0.25
        along[arm] = np.where(beyond > 0, length + beyond, np.minimum(on_upper, length))[arm]
    return along
