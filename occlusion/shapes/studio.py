"""Microphones of studios and what carries them, millimetres: the head's middle is the origin, the tail is at +y."""

from __future__ import annotations

import numpy as np

from occlusion.shapes.microphones import darker, even, foam, mesh
from occlusion.shapes.solids import evenly, limb
from occlusion.shapes.surface import Sheet, lathe, plain, tube
from occlusion.shapes.texture import RGB, noise
from occlusion.shapes.vessels import wall


def condenser(metal: RGB, wire: RGB, rng: np.random.Generator) -> list[Sheet]:
    """Return a large studio microphone, standing upright: a cage of mesh above a satin body, in an elastic mount."""
    cage = wall(
        ((0, -30), (14, -29), (25, -24), (27, -16), (27, 34)), mesh(wire, (0.06, 0.06, 0.06), 3.4), (0.3, 8.0), 0.7
    )
    bands = [_hoop(27.4, y, 1.6, metal) for y in (-16.0, 34.0)]
    bow = [Sheet(tube(_bow(turn), np.full(40, 1.5)), plain(metal), (0.5, 12.0)) for turn in (0.0, np.pi / 2)]
    body = wall(((27, 34), (28, 36), (28, 128), (24, 142), (17, 146), (0, 147)), even(metal, rng, 0.015), (0.35, 16.0))
    mount = [_hoop(46, y, 2.6, (0.08, 0.08, 0.09)) for y in (52.0, 108.0)]
    return [cage, *bands, *bow, body, _badge(), *mount, *_bands()]


def _hoop(radius: float, y: float, thick: float, tone: RGB) -> Sheet:
    angle = np.linspace(0, 2 * np.pi, 97)
    path = np.stack([radius * np.cos(angle), np.full(97, y), radius * np.sin(angle)], axis=1)
    return Sheet(limb(path, np.full((97, 2), thick), np.array([0.0, 1.0, 0.0]), 14), plain(tone), (0.4, 14.0))


def _bow(turn: float) -> np.ndarray:
    angle = np.linspace(-np.pi / 2, np.pi / 2, 40)
    side, up = 27.2 * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.7, -16 - 14 * np.cos(angle)
    return np.stack([side * np.cos(turn), up, side * np.sin(turn)], axis=1)


def _badge() -> Sheet:
    x, y = np.meshgrid(np.linspace(-8, 8, 9), np.linspace(52, 62, 5))
    return Sheet(np.stack([x, y, -np.sqrt(28.4**2 - x**2)], axis=-1), plain((0.45, 0.08, 0.08)), (0.3, 20.0))


def _bands() -> list[Sheet]:
    """Return the elastic cords between the mount's hoops and the body."""
    lines = []
    for turn in np.arange(8) * np.pi / 4 + 0.3:
        out, inn = np.array([np.cos(turn), 0, np.sin(turn)]), np.array([np.cos(turn + 0.4), 0, np.sin(turn + 0.4)])
        path = np.linspace(46 * out + (0, 52, 0), 46 * out + (0, 108, 0), 20)
        path += (29 * inn - 46 * out) * np.sin(np.linspace(0, np.pi, 20))[:, None]
        lines.append(Sheet(tube(path, np.full(20, 1.3), 10), plain((0.12, 0.12, 0.13)), shaded=0.4))
    return lines


def pop_filter(radius: float, rng: np.random.Generator) -> list[Sheet]:
    """Return a screen of thin black cloth in a hoop, facing along z, and the goose-neck that leads down from it."""
    cloth, depth = noise(rng, 12.0, 0.03), float(rng.uniform(0.48, 0.62))
    disc = lathe(np.stack([np.linspace(0, radius, 40), np.zeros(40)], axis=1), 64)[..., [0, 2, 1]]

    def skin(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        around, far = 2 * np.pi * (s - 0.5), t * radius
        x, y = far * np.sin(around), far * np.cos(around)
        threads = 0.04 * (np.sin(x * 2.4) + np.sin(y * 2.4))
        return np.stack([*(np.full_like(s, 0.10),) * 3, np.clip(depth + cloth(x, y) + threads, 0, 1)], axis=-1)

    angle = np.linspace(0, 2 * np.pi, 97)
    path = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.zeros(97)], axis=1)
    hoop = limb(path, np.stack([np.full(97, 3.2), np.full(97, 4.5)], axis=1), np.array([0.0, 0.0, 1.0]), 14)
    neck = evenly(
        np.array([(0.6 * radius, 0.8 * radius, 0), (0.9 * radius, 1.6 * radius, 0), (0.7 * radius, 6 * radius, -40)]),
        90,
    )
    ribbed = 4.0 + 0.5 * np.sin(np.arange(90) * 2.1)
    black = plain((0.06, 0.06, 0.07))
    return [
        Sheet(disc, skin, shaded=0.1),
        Sheet(hoop, black, (0.3, 14.0)),
        Sheet(tube(neck, ribbed), black, (0.3, 14.0)),
    ]


def stand(start: tuple[float, float, float], end: tuple[float, float, float], thick: float, tone: RGB) -> Sheet:
    """Return a straight rod."""
    path = np.linspace(np.array(start), np.array(end), 30)
    return Sheet(tube(path, np.full(30, thick)), plain(tone), (0.5, 12.0))


def broadcast(tone: RGB, body: RGB, rng: np.random.Generator) -> list[Sheet]:
    """Return a thick microphone for speech: a long windshield of foam, a body, and the yoke that carries it."""
    head = wall(((0, -36), (16, -35), (28, -28), (32, -14), (32, 62), (29, 64)), foam(tone, rng), (0.0, 5.0), 0.75)
    rear = wall(((28, 62), (29.5, 64), (29.5, 128), (27, 136), (17, 150), (0, 152)), even(body, rng), (0.25, 12.0))
    rings = [_hoop(29.8, y, 0.9, darker(body, 0.6)) for y in (74.0, 84.0, 94.0, 118.0)]
    yoke = evenly(
        np.array(
            [(-34.0, 104, 0), (-37, 112, 0), (-37, 168, 0), (0, 178, 0), (37, 168, 0), (37, 112, 0), (34, 104, 0)]
        ),
        60,
    )
    flat = limb(yoke, np.stack([np.full(60, 6.0), np.full(60, 2.0)], axis=1), np.array([0.0, 0.0, 1.0]), 16)
    return [head, rear, *rings, Sheet(flat, plain((0.12, 0.12, 0.13)), (0.4, 14.0))]
