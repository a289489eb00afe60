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


class Source(Config):
    """One data base's annotations of an emotion: how many clips, and the share of them that show each action unit."""

    clips: int = Field(gt=0)
    units: dict[int, float]


class Emotion(Config):
    """One emotion: its MEGC 2019 class, and what the data bases say about it.

    ``one_sided`` replaces ``strength.one_sided`` for the units that it names.
    """

    expression: Literal["negative", "positive", "surprise"]
    one_sided: dict[int, float] = Field(default_factory=dict)
    sources: dict[str, Source]

    @property
    def clips(self) -> int:
        """How many clips stand behind the emotion."""
        return sum(source.clips for source in self.sources.values())


class Timing(Config):
    """Quantiles (lowest, 10, 50, 90 %, highest) of durations in milliseconds."""

    onset_apex: _Quantiles
    total: _Quantiles


class Strength(Config):
    """How strong action units are, as shares of their full range."""

    peak: tuple[float, float]
    asymmetry: float = Field(ge=0)
    one_sided: dict[int, float]
    other_one_sided: float = Field(default=0.03, ge=0, le=1)
    together: tuple[tuple[int, int], ...] = ()
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


def sample_event(
    rng: np.random.Generator,
    config: PeopleConfig | None = None,
    expression: str | None = None,
    rare: float = 0.0,
) -> Event:
    """Draw a micro-expression.

    Args:
        rng: Where chance comes from.
        config: Probabilities and timing; the shipped ones by default.
        expression: One of ``EXPRESSIONS``, or None to draw it by the config's ``class_shares``.
        rare: How far rare action units are preferred, 0 (as often as they are) to 1 (all about equally often). What
            an expression's units say about its class stays the same, if the class is left to chance.
    """
    config = config or default_config()
    emotion, shown = _sample_shown(rng, config, expression, rare)
    onset_apex = _sample_quantiles(rng, config.timing.onset_apex)
    # An offset phase under 60 ms would be a jump, not a movement.
    total = max(_sample_quantiles(rng, config.timing.total), onset_apex + 60.0)
    units = _sample_units(rng, shown, config.emotions[emotion], config.strength)
    return Event(emotion, config.emotions[emotion].expression, units, onset_apex, total)


def _sample_class(rng: np.random.Generator, config: PeopleConfig) -> str:
    shares = np.array([config.class_shares[name] for name in EXPRESSIONS])  # type: ignore[index]
    return EXPRESSIONS[int(rng.choice(len(EXPRESSIONS), p=shares / shares.sum()))]


def _sample_emotion(rng: np.random.Generator, config: PeopleConfig, expression: str) -> str:
    names = [name for name, emotion in config.emotions.items() if emotion.expression == expression]
    clips = np.array([config.emotions[name].clips for name in names], float)
    return names[int(rng.choice(len(names), p=clips / clips.sum()))]


def unit_shares(config: PeopleConfig) -> dict[int, float]:
    """Return how often each unit is shown, over all emotions, the classes as common as ``class_shares`` say.

    Units under a hundredth count as one, lest they be preferred without end.
    """
    totals = {name: sum(e.clips for e in config.emotions.values() if e.expression == name) for name in EXPRESSIONS}
    shares: dict[int, float] = {}
    for emotion in config.emotions.values():
        for source in emotion.sources.values():
            weight = config.class_shares[emotion.expression] * source.clips / totals[emotion.expression]
            for unit, share in source.units.items():
                shares[unit] = shares.get(unit, 0.0) + weight * share
    return {unit: max(share, 0.01) for unit, share in shares.items()}


def draw_shares(shares: Mapping[int, float]) -> dict[int, float]:
    """Return chances with which units drawn one by one, until some unit is shown, come out with these shares.

    An expression without any unit is drawn anew, which makes every unit commoner; the chances are lower by as much:
    the fixed point of ``chance = share * P(some unit)``. Shares that add up to less than one, where clips show units
    that the tables leave out, cannot be met and are drawn as they are.
    """
    return dict(zip(shares, _fixed_point(tuple(shares.values())), strict=True))


@functools.lru_cache(maxsize=64)
def _fixed_point(shares: tuple[float, ...]) -> tuple[float, ...]:
    wanted = np.array(shares)
    chances = wanted.copy()
    if wanted.sum() > 1:
        for _ in range(200):
            chances = wanted * (1 - np.prod(1 - chances))
    return tuple(chances.tolist())


def _sample_source(rng: np.random.Generator, emotion: Emotion) -> Source:
    sources = list(emotion.sources.values())
    clips = np.array([source.clips for source in sources], float)
    return sources[int(rng.choice(len(sources), p=clips / clips.sum()))]


def _sample_shown(
    rng: np.random.Generator, config: PeopleConfig, expression: str | None, rare: float
) -> tuple[str, list[int]]:
    """Draw an emotion and its units; an expression is kept with a chance that grows with its rarest unit's rarity."""
    common = unit_shares(config) if rare else {}
    while True:
        emotion = _sample_emotion(rng, config, expression or _sample_class(rng, config))
        shown = list[int]()
        while not shown:
            shown = _units_of(rng, _sample_source(rng, config.emotions[emotion]), config.strength)
        if not rare or rng.random() < (min(common.values()) / min(common[unit] for unit in shown)) ** rare:
            return emotion, shown


def _units_of(rng: np.random.Generator, source: Source, strength: Strength) -> list[int]:
    chances = draw_shares(source.units)
    lots = {unit: rng.random() for unit in chances}
    # What one muscle does comes together: both units hang on the same lot.
    for first, second in strength.together:
        if first in lots and second in lots:
            lots[second] = lots[first]
    return [unit for unit, chance in chances.items() if lots[unit] < chance]


def _sample_units(
    rng: np.random.Generator, shown: list[int], emotion: Emotion, strength: Strength
) -> dict[tuple[int, str], float]:
    peaks: dict[tuple[int, str], float] = {}
    for unit in shown:
        peaks.update(_sample_sides(rng, unit, strength.peak, strength, emotion.one_sided))
    if rng.random() < strength.weak_chance:
        for unit in rng.choice([u for u in UNITS if u not in (*shown, 45)], 2, replace=False):
            peaks.update(_sample_sides(rng, int(unit), strength.weak_peak, strength, {}))
    return peaks


def _sample_sides(
    rng: np.random.Generator,
    unit: int,
    peak: tuple[float, float],
    strength: Strength,
    one_sided: Mapping[int, float],
) -> dict[tuple[int, str], float]:
    level = float(np.exp(rng.uniform(*np.log(peak))))
    lean = float(np.clip(rng.normal(0, strength.asymmetry), -0.5, 0.5))
    sides = {(unit, "left"): level * (1 - lean), (unit, "right"): level * (1 + lean)}
    chance = one_sided.get(unit, strength.one_sided.get(unit, strength.other_one_sided))
    if rng.random() < chance:
        del sides[unit, SIDES[int(rng.integers(2))]]
    return sides


def _sample_quantiles(rng: np.random.Generator, quantiles: _Quantiles) -> float:
    return float(np.interp(rng.random(), _QUANTILES, quantiles))
