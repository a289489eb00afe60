"""Scripts of long videos: micro-expressions now and then, among all that may be taken for them.

Macro-expressions, speech, blinks, glances, and a head that sways and turns. Amounts are our choice, but for the
micro-expressions, which are those of ``configs/people.yaml``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from multimodal.data.people.body import SIDES
from multimodal.data.people.clip import Script, Sway, sample_sway
from multimodal.data.people.priors import Event, PeopleConfig, sample_event

ActKind = Literal["micro", "macro", "speech"]

SECONDS_PER_MICRO = 5.0
"""About one micro-expression in so many seconds."""

_SECONDS_PER_MACRO = 15.0
_SECONDS_PER_SPEECH = 15.0
_LEAST_GAP_MS = 500.0
_MACRO_STRONGER = (1.8, 2.8)
_MACRO_RISE_MS, _MACRO_FALL_MS = (350.0, 1000.0), (400.0, 1500.0)
_SPEECH_MS = (800.0, 2400.0)
_SYLLABLE_MS = (150.0, 330.0)
_BLINK_MS = (1500.0, 5000.0)
_GLANCE_MS = (1000.0, 4000.0)
_TURN_MS = (2500.0, 7000.0)
_TURN = (4.0, 3.0, 2.0, 0.05, 0.03, 0.06)
"""Standard deviations of a turn: yaw, pitch, roll in degrees, shift in decimetres."""


@dataclass(frozen=True)
class Act:
    """Something that the face does.

    Attributes:
        kind: What it is taken for.
        events: Time of each movement after the act's beginning, milliseconds, and what it is; one but for speech.
    """

    kind: ActKind
    events: tuple[tuple[float, Event], ...]

    @property
    def length_ms(self) -> float:
        """How long it takes."""
        return max(start + event.total_ms for start, event in self.events)


@dataclass(frozen=True)
class Wander(Sway):
    """A sway whose rest position changes: people turn to something else.

    Attributes:
        turns: When a turn begins, how long it takes (milliseconds), and what it adds, as ``Sway.rest``.
    """

    turns: tuple[tuple[float, float, Float[np.ndarray, "6"]], ...] = ()

    def at(self, t_ms: float) -> Float[np.ndarray, "6"]:
        """Return yaw, pitch, roll (degrees) and shift (dm) at a time."""
        place = super().at(t_ms)
        for start, length, change in self.turns:
            share = min(max((t_ms - start) / length, 0.0), 1.0)
            place = place + share * share * (3 - 2 * share) * change
        return place


@dataclass(frozen=True)
class LongScript:
    """A script, and what in it is coded.

    Attributes:
        script: What is to be filmed.
        coded: Micro- and macro-expressions: beginning in milliseconds, and the act.
    """

    script: Script
    coded: tuple[tuple[float, Act], ...]


def sample_long_script(
    rng: np.random.Generator, config: PeopleConfig | None = None, seconds: float = 20.0, fps: float = 30.0
) -> LongScript:
    """Draw what happens in a long video.

    Args:
        rng: Where chance comes from.
        config: Action units and timing of the micro-expressions; the shipped ones by default.
        seconds: How long it is; longer where the acts need it.
        fps: Frames a second.
    """
    acts = _sample_acts(rng, config, seconds)
    starts, length = _lay_out(rng, [act.length_ms for act in acts], 1000 * seconds)
    starts = [round(start * fps / 1000) * 1000 / fps for start in starts]
    placed = list(zip(starts, acts, strict=True))
    script = Script(
        frames=int(np.ceil(length * fps / 1000)) + 1,
        fps=fps,
        events=[(start + later, event) for start, act in placed for later, event in act.events],
        sway=_wander(rng, length),
        blinks=_now_and_then(rng, _BLINK_MS, length),
        gazes=[(t_ms, _glance(rng)) for t_ms in (-1000.0, *_now_and_then(rng, _GLANCE_MS, length))],
    )
    return LongScript(script, tuple((start, act) for start, act in placed if act.kind != "speech"))


def _sample_acts(rng: np.random.Generator, config: PeopleConfig | None, seconds: float) -> list[Act]:
    counts = {
        "micro": max(2, round(seconds / SECONDS_PER_MICRO) + int(rng.integers(-1, 2))),
        "macro": max(1, round(seconds / _SECONDS_PER_MACRO)),
        "speech": max(1, round(seconds / _SECONDS_PER_SPEECH)),
    }
    make = {"micro": _micro, "macro": _macro, "speech": _speech}
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    return [make[kinds[number]](rng, config) for number in rng.permutation(len(kinds))]


def _micro(rng: np.random.Generator, config: PeopleConfig | None) -> Act:
    return Act("micro", ((0.0, sample_event(rng, config)),))


def _macro(rng: np.random.Generator, config: PeopleConfig | None) -> Act:
    """Return the same movements, stronger and slower: longer than half a second, as MEGC has it."""
    event, factor = sample_event(rng, config), float(rng.uniform(*_MACRO_STRONGER))
    rise, fall = float(rng.uniform(*_MACRO_RISE_MS)), float(rng.uniform(*_MACRO_FALL_MS))
    units = {key: min(factor * peak, 0.9) for key, peak in event.units.items()}
    return Act("macro", ((0.0, replace(event, units=units, onset_apex_ms=rise, total_ms=rise + fall)),))


def _speech(rng: np.random.Generator, config: PeopleConfig | None) -> Act:
    """Return syllables, one after the other: the jaw drops, and the lips part or are pressed together."""
    end, start, syllables = float(rng.uniform(*_SPEECH_MS)), 0.0, list[tuple[float, Event]]()
    while start < end:
        length = float(rng.uniform(*_SYLLABLE_MS))
        lips, jaw = (25 if rng.random() < 0.7 else 24), float(rng.uniform(0.15, 0.6))
        units = {(unit, side): level for unit, level in ((26, jaw), (lips, 0.5 * jaw)) for side in SIDES}
        syllables.append((start, Event("speech", "none", units, length / 2, length)))
        start += float(rng.uniform(0.7, 1.0)) * length
    return Act("speech", tuple(syllables))


def _lay_out(rng: np.random.Generator, lengths: Sequence[float], wanted: float) -> tuple[list[float], float]:
    """Return when each act begins, and the length of the whole: gaps share out at random what time is left."""
    gaps = len(lengths) + 1
    spare = max(wanted - sum(lengths) - gaps * _LEAST_GAP_MS, 0.0)
    pauses = _LEAST_GAP_MS + spare * rng.dirichlet(np.ones(gaps))
    starts = np.cumsum(pauses[:-1]) + np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    return starts.tolist(), float(pauses.sum() + sum(lengths))


def _wander(rng: np.random.Generator, length: float) -> Wander:
    calm, rest = sample_sway(rng), np.zeros(6)
    turns = []
    for start in _now_and_then(rng, _TURN_MS, length):
        # Half-way back each time, so that nobody ends up facing the wall.
        change = rng.normal(0, _TURN) - 0.5 * rest
        rest = rest + change
        turns.append((start, float(rng.uniform(400, 900)), change))
    return Wander(calm.rest, calm.size, calm.rate, calm.phase, tuple(turns))


def _now_and_then(rng: np.random.Generator, apart: tuple[float, float], length: float) -> tuple[float, ...]:
    times = np.cumsum(rng.uniform(*apart, int(length / apart[0]) + 1))
    return tuple(times[times < length].tolist())


def _glance(rng: np.random.Generator) -> tuple[float, float]:
    right, up = rng.normal(0, (5.0, 3.0)).tolist()
    return right, up
