"""What a synthetic face does: action units by emotion, strength and timing, drawn by ``configs/people.yaml``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from multimodal.config import Config, load_config, shipped
from multimodal.data.people.body import SIDES
from multimodal.data.people.units import UNITS
from multimodal.results import EXPRESSIONS

_QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)
_Quantiles = tuple[float, float, float, float, float]


class Emotion(Config):
    """One emotion: its MEGC 2019 class, how many clips stand behind it, and how often it shows each action unit."""

    expression: Literal["negative", "positive", "surprise"]
    clips: int = Field(gt=0)
    units: dict[int, float]


class Timing(Config):
    """Quantiles (lowest, 10, 50, 90 %, highest) of durations in milliseconds."""

    onset_apex: _Quantiles
    total: _Quantiles


class Strength(Config):
    """How strong action units are, as shares of their full range."""

    peak: tuple[float, float]
    asymmetry: float = Field(ge=0)
    one_sided: dict[int, float]
    weak_chance: float = Field(ge=0, le=1)
    weak_peak: tuple[float, float]


class PeopleConfig(Config):
    """The model of ``configs/people.yaml``."""

    class_shares: dict[Literal["negative", "positive", "surprise"], float]
    emotions: dict[str, Emotion]
    timing: Timing
    strength: Strength


@dataclass(frozen=True)
class Event:
    """A micro-expression to be played.

    Attributes:
        emotion: One of the config's emotions.
        expression: Its class, one of ``EXPRESSIONS``.
        units: Peak intensity, 0 to 1, by action unit and side of the picture.
        onset_apex_ms: From onset to apex.
        total_ms: From onset to offset.
    """

    emotion: str
    expression: str
    units: Mapping[tuple[int, str], float]
    onset_apex_ms: float
    total_ms: float


@functools.lru_cache(maxsize=1)
def default_config() -> PeopleConfig:
    """Return the shipped ``configs/people.yaml``."""
    return load_config(PeopleConfig, shipped("people.yaml"))


def sample_event(rng: np.random.Generator, config: PeopleConfig | None = None, expression: str | None = None) -> Event:
    """Draw a micro-expression.

    Args:
        rng: Where chance comes from.
        config: Probabilities and timing; the shipped ones by default.
        expression: One of ``EXPRESSIONS``, or None to draw it by the config's ``class_shares``.
    """
    config = config or default_config()
    emotion = _sample_emotion(rng, config, expression or _sample_class(rng, config))
    onset_apex = _sample_quantiles(rng, config.timing.onset_apex)
    # An offset phase under 60 ms would be a jump, not a movement.
    total = max(_sample_quantiles(rng, config.timing.total), onset_apex + 60.0)
    units = _sample_units(rng, config.emotions[emotion].units, config.strength)
    return Event(emotion, config.emotions[emotion].expression, units, onset_apex, total)


def _sample_class(rng: np.random.Generator, config: PeopleConfig) -> str:
    shares = np.array([config.class_shares[name] for name in EXPRESSIONS])  # type: ignore[index]
    return EXPRESSIONS[int(rng.choice(len(EXPRESSIONS), p=shares / shares.sum()))]


def _sample_emotion(rng: np.random.Generator, config: PeopleConfig, expression: str) -> str:
    names = [name for name, emotion in config.emotions.items() if emotion.expression == expression]
    clips = np.array([config.emotions[name].clips for name in names], float)
    return names[int(rng.choice(len(names), p=clips / clips.sum()))]


def _sample_units(
    rng: np.random.Generator, shares: Mapping[int, float], strength: Strength
) -> dict[tuple[int, str], float]:
    shown: list[int] = []
    while not shown:
        shown = [unit for unit, share in shares.items() if rng.random() < share]
    peaks: dict[tuple[int, str], float] = {}
    for unit in shown:
        peaks.update(_sample_sides(rng, unit, strength.peak, strength))
    if rng.random() < strength.weak_chance:
        for unit in rng.choice([u for u in UNITS if u not in (*shown, 45)], 2, replace=False):
            peaks.update(_sample_sides(rng, int(unit), strength.weak_peak, strength))
    return peaks


def _sample_sides(
    rng: np.random.Generator, unit: int, peak: tuple[float, float], strength: Strength
) -> dict[tuple[int, str], float]:
    level = float(np.exp(rng.uniform(*np.log(peak))))
    lean = float(np.clip(rng.normal(0, strength.asymmetry), -0.5, 0.5))
    sides = {(unit, "left"): level * (1 - lean), (unit, "right"): level * (1 + lean)}
    if rng.random() < strength.one_sided.get(unit, 0.03):
        del sides[unit, SIDES[int(rng.integers(2))]]
    return sides


def _sample_quantiles(rng: np.random.Generator, quantiles: _Quantiles) -> float:
    return float(np.interp(rng.random(), _QUANTILES, quantiles))
