"""Microphones and what belongs to them, millimetres: the middle of the head is the origin, the tail goes along +y."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from occlusion.shapes.solids import evenly, printed
from occlusion.shapes.surface import Sheet, plain, tube
from occlusion.shapes.texture import RGB, mix, noise
from occlusion.shapes.vessels import Paint, wall

BALL, FOAM = 26.0, 33.0
"""Radii of a grille and of a windshield of foam over it."""


def mesh(wire: RGB, hole: RGB, step: float = 2.6) -> Paint:
    """Return wire mesh: bright wires crossing at a slant over dark holes."""

    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        one, other = np.cos(2 * np.pi * (x + y) / step / 1.4), np.cos(2 * np.pi * (x - y) / step / 1.4)
        return mix(hole, wire, np.clip(0.5 + 0.9 * np.maximum(one, other) - 0.15, 0, 1) ** 1.2)

    return paint


def darker(tone: RGB, share: float) -> RGB:
    """Return a share of a colour's light."""
    red, green, blue = (share * value for value in tone)
    return red, green, blue


def foam(tone: RGB, rng: np.random.Generator) -> Paint:
    """Return open-pored foam."""
    pores, cloud = noise(rng, 1.1, 0.07), noise(rng, 16.0, 0.03)
    return lambda x, y: np.array(tone) * (1 + cloud(x, y) + pores(x, y))[:, None]


def even(tone: RGB, rng: np.random.Generator, grain: float = 0.02) -> Paint:
    """Return lacquer or plastic, hardly uneven."""
    fine = noise(rng, 3.0, grain)
    return lambda x, y: np.array(tone) * (1 + fine(x, y))[:, None]


def grille(wire: RGB, band: RGB, rng: np.random.Generator) -> list[Sheet]:
    """Return a ball of mesh with a band around it, down to the neck."""
    angle = np.linspace(0, np.pi * 0.80, 16)
    profile = [(BALL * np.sin(a), -BALL * np.cos(a)) for a in angle]
    ball = wall((*profile, (17.5, 26)), mesh(wire, darker(wire, 0.12)), (0.25, 10.0), 0.75)
    ring = wall(((BALL, -3.5), (BALL + 0.9, -2.5), (BALL + 0.9, 2.5), (BALL, 3.5)), even(band, rng), (0.5, 20.0))
    return [ball, ring]


def windshield(tone: RGB, rng: np.random.Generator) -> list[Sheet]:
    """Return a ball of foam drawn over the grille, with its hem."""
    angle = np.linspace(0, np.pi * 0.78, 16)
    profile = [(FOAM * np.sin(a), -FOAM * np.cos(a) * 1.05) for a in angle]
    return [wall((*profile, (19.5, 33), (18, 35)), foam(tone, rng), (0.0, 5.0), 0.78)]


def shaft(tone: RGB, collar: RGB, rng: np.random.Generator) -> list[Sheet]:
    """Return the handle, with a collar under the head, a switch, and the plug at its tail."""
    body = wall(((17, 24), (18.5, 26), (18.5, 44), (15.5, 70), (11.5, 176), (10, 178), (0, 178)), even(tone, rng))
    neck = wall(((18.8, 25), (19.3, 27), (19.3, 33), (18.8, 35)), even(collar, rng), (0.5, 20.0))
    cable = tube(evenly(np.array([(0.0, 176, 0), (0, 215, 4), (4, 330, 40), (20, 520, 60)]), 40), np.full(40, 3.4))
    return [body, neck, Sheet(cable, plain((0.05, 0.05, 0.06)), (0.1, 10.0))]


def flag(words: str, ground: RGB, ink: RGB, second: RGB) -> list[Sheet]:
    """Return a station's cube under the head, its name on all four sides."""
    half = 30.0
    # The seam is a corner at the back, so that a whole label looks to each side.
    angle = np.linspace(-0.75 * np.pi, 1.25 * np.pi, 401)
    section = np.stack([-np.sin(angle), -np.cos(angle)], axis=1) * (-1, 1)
    section = section / (np.abs(section) ** 14).sum(axis=1, keepdims=True) ** (1 / 14)
    around = evenly(half * section, 97, rounds=0)
    heights = np.linspace(36, 92, 9)[:, None]
    sides = np.stack(np.broadcast_arrays(around[None, :, 0], heights, around[None, :, 1]), axis=-1)
    skin = printed(np.tile(_label(words, ground, ink, second), (1, 4, 1)))
    lids = [Sheet(_lid(around, y), plain(ground), shaded=0.5) for y in (36.0, 92.0)]
    return [Sheet(sides, skin, (0.1, 20.0), 0.5), *lids]


def _lid(around: np.ndarray, y: float) -> np.ndarray:
    """Close a cube around the shaft."""
    grow = np.linspace(0.3, 1, 9)[:, None]
    return np.stack([grow * around[:, 0], np.full((9, len(around)), y), grow * around[:, 1]], axis=-1)


def _label(words: str, ground: RGB, ink: RGB, second: RGB) -> Float[np.ndarray, "height width 3"]:
    picture = np.full((280, 300, 3), ground, np.float32)
    cv2.rectangle(picture, (0, 205), (300, 238), second, -1)
    size, _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_DUPLEX, 1.0, 1)
    scale = min(250 / size[0], 4.2)
    origin = (int(150 - scale * size[0] / 2), int(112 + scale * size[1] / 2))
    cv2.putText(picture, words, origin, cv2.FONT_HERSHEY_DUPLEX, scale, ink, max(int(4 * scale), 6), cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), 1.2)


def boom(path: Float[np.ndarray, "corners 3"], ball: float, tone: RGB, rng: np.random.Generator) -> list[Sheet]:
    """Return a headset's thin arm along a path, with foam on its end and a pad at its beginning."""
    line = evenly(path, 60, rounds=3)
    wire = Sheet(tube(line, np.full(60, 1.7), 12), plain((0.07, 0.07, 0.08)), (0.4, 14.0))
    angle = np.linspace(0, np.pi, 16)
    profile = tuple((float(ball * np.sin(a)), float(-1.25 * ball * np.cos(a))) for a in angle)
    head = wall(profile, foam(tone, rng), (0.0, 5.0), 0.75, rows=40)
    return [wire, Sheet(head.points + line[-1], head.skin, head.gloss, head.shaded)]


def ear_pad(at: Float[np.ndarray, "3"], rng: np.random.Generator) -> Sheet:
    """Return a round cushion beside the head, facing along x."""
    pad = wall(
        ((0, -7), (20, -7), (27, -4), (28, 1), (26, 6), (20, 8)), even((0.10, 0.10, 0.11), rng), (0.2, 10.0), rows=40
    )
    return Sheet(pad.points[..., [1, 0, 2]] * (-1, 1, 1) + at, pad.skin, pad.gloss, pad.shaded)
