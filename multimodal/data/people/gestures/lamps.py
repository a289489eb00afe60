"""How rooms are lit: by lamps, by windows, from behind, by a flash, hardly at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from multimodal.data.people.render import Lighting

KINDS: dict[str, float] = {"room": 0.38, "window": 0.27, "flash": 0.10, "behind": 0.10, "dark": 0.09, "sun": 0.06}
"""How often each kind of light is drawn."""


@dataclass(frozen=True)
class Mood:
    """Light on the person and on the room behind.

    Attributes:
        kind: One of ``KINDS``.
        lighting: On the person, in the camera's axes.
        room: What the light of the room is multiplied by, per colour.
        soft: How far the edge of a shadow spreads, dm.
        aim: How bright the mean of the picture is to come out, linear.
    """

    kind: str
    lighting: Lighting
    room: tuple[float, float, float]
    soft: float
    aim: float


def sample_mood(rng: np.random.Generator) -> Mood:
    """Draw how a picture is lit."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    side = float(rng.choice([-1.0, 1.0]))
    warm = float(rng.normal(0.10 if kind in ("room", "dark") else -0.03, 0.12))
    tint = np.array([1 + warm, 1.0, 1 - 1.2 * warm]).clip(0.4, 1.6)
    key, strength, sky, room, soft = _KEYS[kind](rng, side)
    fill = _unit(np.array([-side * rng.uniform(0.3, 1), rng.uniform(-0.6, 0.5), rng.uniform(0.1, 0.9)]))
    lamps = [[*_unit(key), *(tint * strength)], [*fill, *(tint[::-1] * rng.uniform(0.03, 0.25))]]
    around = np.sqrt(tint) * sky
    lighting = Lighting((float(around[0]), float(around[1]), float(around[2])), np.array(lamps, np.float32))
    aim = float(np.exp(rng.normal(np.log(0.275), 0.36)))
    if kind == "dark":
        aim = float(np.exp(rng.uniform(np.log(0.012), np.log(0.09))))
    elif rng.random() < 0.07:
        aim *= 1.9
    red, green, blue = (float(value) for value in room * np.sqrt(tint))
    return Mood(kind, lighting, (red, green, blue), soft, aim)


_Key = tuple[np.ndarray, float, float, float, float]
"""Direction and strength of the key lamp, strength of the light all around, the room's light, softness of shadows."""


def _room(rng: np.random.Generator, side: float) -> _Key:
    key = np.array([side * rng.uniform(0, 0.9), rng.uniform(0.4, 1.2), rng.uniform(-0.1, 0.9)])
    return key, float(rng.uniform(0.35, 1.0)), float(rng.uniform(0.3, 0.65)), float(rng.uniform(0.6, 1.2)), 0.12


def _window(rng: np.random.Generator, side: float) -> _Key:
    key = np.array([side * rng.uniform(0.6, 1.2), rng.uniform(-0.05, 0.5), rng.uniform(-0.3, 0.8)])
    return key, float(rng.uniform(0.6, 1.5)), float(rng.uniform(0.2, 0.55)), float(rng.uniform(0.5, 1.2)), 0.2


def _flash(rng: np.random.Generator, side: float) -> _Key:
    key = np.array([side * rng.uniform(0, 0.25), rng.uniform(-0.15, 0.3), 1.0])
    return key, float(rng.uniform(0.7, 1.4)), float(rng.uniform(0.12, 0.4)), float(rng.uniform(0.25, 1.0)), 0.04


def _behind(rng: np.random.Generator, side: float) -> _Key:
    key = np.array([side * rng.uniform(0.1, 1.0), rng.uniform(0.0, 0.7), -rng.uniform(0.5, 1.2)])
    return key, float(rng.uniform(0.5, 1.6)), float(rng.uniform(0.15, 0.4)), float(rng.uniform(1.5, 5.0)), 0.12


def _dark(rng: np.random.Generator, side: float) -> _Key:
    key = np.array([side * rng.uniform(0, 1.0), rng.uniform(-0.4, 0.9), rng.uniform(0.2, 1.0)])
    return key, float(rng.uniform(0.4, 1.1)), float(rng.uniform(0.08, 0.35)), float(rng.uniform(0.04, 0.9)), 0.1


def _sun(rng: np.random.Generator, side: float) -> _Key:
    key = np.array([side * rng.uniform(0.2, 1.0), rng.uniform(0.2, 1.0), rng.uniform(0.0, 1.0)])
    return key, float(rng.uniform(1.6, 3.0)), float(rng.uniform(0.25, 0.5)), float(rng.uniform(0.5, 1.5)), 0.02


_KEYS = {"room": _room, "window": _window, "flash": _flash, "behind": _behind, "dark": _dark, "sun": _sun}


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))
