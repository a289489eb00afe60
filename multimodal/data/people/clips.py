"""Synthetic flow clips: action units that rise and fall on synthetic faces, as a flow estimator would see them.

A clip is a linear combination of a face's maps (``maps.FaceMaps``) with one intensity profile a unit, plus what real
clips hold besides: blinks, gaze, left-over head motion, smoothing, noise, coarse storage, things that hide the face.
The amounts in ``ClipConfig`` were set by measures that know no labels (see ``docs/lab-book.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from pydantic import Field

from multimodal.config import Config
from multimodal.data.layouts.codes import ACTIVE
from multimodal.data.objective import objective_class
from multimodal.data.people.cover import COVERS, cover_flow, draw_cover, visibility_under
from multimodal.data.people.estimator import blur, errors, flatten, smear, with_strain
from multimodal.data.people.maps import KEYS, FaceMaps, sample_face
from multimodal.data.people.priors import Event, sample_event
from multimodal.face.canonical import GRID
from multimodal.face.flow import face_mask, remove_rigid
from multimodal.results import ACTION_UNITS, EXPRESSIONS

NO_CLASS = -1
"""Objective label of clips that belong to none of the five classes."""

_USUAL = 0.53
"""Root mean square of an expression's motion over the map, percent of the distance between the eyes: the median."""


class ClipConfig(Config):
    """How synthetic clips are made.

    Attributes:
        clips: Number of clips.
        lengths: Share of clips by number of maps; one map is the apex against the onset.
        identities: Number of faces (identity and pose) that they are spread over.
        form: How far each face's muscles differ from the mesh's, see ``maps.vary_form``.
        rare: How far rare action units are preferred, see ``priors.sample_event``. Above 0 the classes are not quite
            equally common, yet what a map says about its class is what it says at even odds.
        blink, gaze: Chance of one in a clip.
        rigid: Left-over head motion, range of its size relative to the expression's, drawn logarithmically.
        fitted: Share of clips whose rigid motion is then fitted and removed, as the face room does.
        smooth: Standard deviation of the estimator's smoothing, cells, lowest and highest.
        smear: How far motion spreads into bare skin, cells, lowest and highest, see ``estimator.smear``.
        noise: Size of the estimator's errors relative to the expression's, lowest and highest, logarithmic.
        grain: Correlation length of the errors, cells, lowest and highest.
        absolute: How far head motion and errors are relative to a usual expression (1) rather than to the clip's own
            (0): units that move little then drown more easily.
        flat: Total variation denoising relative to the expression's size, lowest and highest, ``estimator.flatten``.
        rough: Strain that lies finer than the maps, lowest and highest, see ``estimator.with_strain``.
        quantised: Share of clips stored as the published maps are: each channel min-max scaled to 8 bit.
        covered: Share of clips in which something hides part of the face.
    """

    clips: int = Field(default=16000, gt=0)
    lengths: dict[int, float] = Field(default_factory=lambda: {1: 0.94, 3: 0.03, 6: 0.03})
    identities: int = Field(default=200, gt=1)
    form: float = Field(default=0.8, ge=0)
    rare: float = Field(default=0.6, ge=0, le=1)
    blink: float = Field(default=0.6, ge=0, le=1)
    gaze: float = Field(default=0.2, ge=0, le=1)
    rigid: tuple[float, float] = (0.2, 6.0)
    fitted: float = Field(default=0.25, ge=0, le=1)
    smooth: tuple[float, float] = (0.1, 0.3)
    smear: tuple[float, float] = (0.0, 2.0)
    noise: tuple[float, float] = (0.25, 1.8)
    grain: tuple[float, float] = (0.4, 1.8)
    absolute: float = Field(default=0.5, ge=0, le=1)
    flat: tuple[float, float] = (0.0, 0.8)
    rough: tuple[float, float] = (0.3, 0.6)
    quantised: float = Field(default=0.5, ge=0, le=1)
    covered: float = Field(default=0.4, ge=0, le=1)


@dataclass(frozen=True)
class ClipSet:
    """Clips of one length.

    Attributes:
        flow: ``[clips, time, 3, 28, 28]``: u, v, strain, float16; each map scaled to at most 100.
        visibility: ``[clips, 12]``, how much of each region can be seen, 0 to 1.
        expression: ``[clips]``, indices into ``EXPRESSIONS``.
        objective: ``[clips]``, indices into ``OBJECTIVE_CLASSES``, or ``NO_CLASS``.
        action_units: ``[clips, 12]``, 1 where the unit is active.
        identity: ``[clips]``, number of the face.
    """

    flow: Float[np.ndarray, "clips time 3 28 28"]
    visibility: Float[np.ndarray, "clips 12"]
    expression: Int[np.ndarray, "clips"]
    objective: Int[np.ndarray, "clips"]
    action_units: Float[np.ndarray, "clips 12"]
    identity: Int[np.ndarray, "clips"]

    def __len__(self) -> int:
        return len(self.expression)


def synthesise(config: ClipConfig, seed: int) -> dict[int, ClipSet]:
    """Make clips, by their number of maps.

    Args:
        config: How many and how; without ``rare``, every third clip is of one class.
        seed: The same seed gives the same clips; each face has a generator of its own.

    Returns:
        ``{time: clips}``; about 2 to 3 ms a clip on one core.
    """
    shares = np.array(list(config.lengths.values())) / sum(config.lengths.values())
    rows: dict[int, list[tuple]] = {length: [] for length in config.lengths}
    for identity, count in enumerate(_spread(config.clips, config.identities)):
        rng = np.random.default_rng([seed, identity])
        face = sample_face(rng, config.form)
        for number in range(count):
            length = int(rng.choice(list(config.lengths), p=shares))
            event = sample_event(rng, expression=_wanted(number, config), rare=config.rare)
            rows[length].append((*make_clip(face, event, length, config, rng), event, identity))
    return {length: stack_clips(clips) for length, clips in rows.items() if clips}


def _wanted(number: int, config: ClipConfig) -> str | None:
    """Every third clip is of one class, unless rare units are preferred: what they say then hangs on chance."""
    return None if config.rare else EXPRESSIONS[number % len(EXPRESSIONS)]


def make_clip(
    face: FaceMaps, event: Event, length: int, config: ClipConfig, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "time 3 28 28"], Float[np.ndarray, "12"]]:
    """Make one clip of an event.

    Args:
        face: Whose face.
        event: What it does.
        length: Number of maps. One map is the apex; more are spread from after the onset to the apex or the offset.
        config: The amounts of everything else.
        rng: Where chance comes from.

    Returns:
        u, v, strain, and the visibility of each region.
    """
    times = sample_times(event, length, rng)
    signal = np.tensordot(event_profiles(event, times, rng), face.maps, axes=1)
    extras = np.tensordot(_twitches(event, times, config, rng), face.maps, axes=1)
    size = (float(np.sqrt((signal**2).mean())) + 1e-6) ** (1 - config.absolute) * _USUAL**config.absolute
    flow = blur(signal + extras + _rigid(face, times / event.total_ms, size, config, rng), rng.uniform(*config.smooth))
    level = size * np.exp(rng.uniform(*np.log(config.noise)))
    flow = smear(flow, rng.uniform(*config.smear)) + errors(len(times), level, rng.uniform(*config.grain), rng)
    flow = flatten(flow, size * rng.uniform(*config.flat))
    visibility = np.ones(12, np.float32)
    weight = face_mask()
    if rng.random() < config.covered:
        hidden = draw_cover(COVERS[int(rng.integers(len(COVERS)))], rng)
        flow = blur(cover_flow(flow, hidden, rng), 0.4)
        visibility, weight = visibility_under(hidden), weight * ~hidden
    if rng.random() < config.fitted:
        flow = np.stack([remove_rigid(one, weight) for one in flow])
    return _store(with_strain(flow, rng.uniform(*config.rough), rng), rng.random() < config.quantised), visibility


def sample_times(event: Event, length: int, rng: np.random.Generator) -> Float[np.ndarray, "time"]:
    """Draw when the maps are taken, in milliseconds after the onset; one map lies near the apex."""
    if length == 1:
        slack = min(event.onset_apex_ms, event.total_ms - event.onset_apex_ms)
        return np.array([event.onset_apex_ms + slack * np.clip(rng.normal(0, 0.08), -0.2, 0.2)])
    end = event.onset_apex_ms if rng.random() < 0.6 else event.total_ms
    steps = (np.arange(1, length + 1) - rng.uniform(0, 0.6)) / length
    return steps * end


def event_profiles(
    event: Event, times: Float[np.ndarray, "time"], rng: np.random.Generator
) -> Float[np.ndarray, "time keys"]:
    """Return every unit's intensity at these times; units start and culminate a little apart from each other."""
    intensity = np.zeros((len(times), len(KEYS)), np.float32)
    for key, peak in event.units.items():
        late = np.clip(rng.normal(0, 0.04), -0.06, 0.06)
        intensity[:, KEYS.index(key)] = peak * rise_and_fall(times / event.total_ms - late, event)
    return intensity


def rise_and_fall(share: Float[np.ndarray, "time"], event: Event) -> Float[np.ndarray, "time"]:
    """Return a smooth profile over the event: 0 at the onset, 1 at the apex, 0 at the offset (half cosines)."""
    apex = event.onset_apex_ms / event.total_ms
    up = np.clip(share / apex, 0, 1)
    down = np.clip((share - apex) / (1 - apex), 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * up)) * (0.5 + 0.5 * np.cos(np.pi * down))


def _twitches(
    event: Event, times: np.ndarray, config: ClipConfig, rng: np.random.Generator
) -> Float[np.ndarray, "time keys"]:
    """Blinks and glances, which mean nothing. A blink under way at the onset shows as eyes that open."""
    intensity = np.zeros((len(times), len(KEYS)), np.float32)
    if rng.random() < config.blink:
        start, width = rng.uniform(-60, event.total_ms), rng.uniform(120, 220)
        lids = 0.9 * rng.uniform(0.2, 1.0) * (_bump(times, start, width) - _bump(np.zeros(1), start, width))
        for side in ("left", "right"):
            intensity[:, KEYS.index((45, side))] = lids * rng.uniform(0.9, 1.1)
    if rng.random() < config.gaze:
        way = ("left", "right", "up", "down")[int(rng.integers(4))]
        moved = np.clip((times - rng.uniform(-50, event.total_ms)) / 40.0, 0, 1)
        intensity[:, KEYS.index(("gaze", way))] = rng.uniform(0.1, 0.8) * moved
    return intensity


def _bump(times: np.ndarray, start: float, width: float) -> np.ndarray:
    return np.sin(np.pi * np.clip((times - start) / width, 0, 1)) ** 2


def _rigid(
    face: FaceMaps, share: np.ndarray, size: float, config: ClipConfig, rng: np.random.Generator
) -> Float[np.ndarray, "time 2 28 28"]:
    """Head motion that alignment has left: shift, turn in the picture, zoom, shear, and turns in depth."""
    y, x = (np.mgrid[:GRID, :GRID] + 0.5) / GRID - 0.5
    one, zero = np.ones_like(x), np.zeros_like(x)
    fields = np.stack(
        [
            np.stack(pair)
            for pair in (
                (one, zero),
                (zero, one),
                (x, y),
                (-y, x),
                (y, x),
                (x, -y),
                (face.depth, zero),
                (zero, face.depth),
            )
        ]
    )
    level = size * np.exp(rng.uniform(*np.log(config.rigid)))
    amounts = level * rng.normal(size=len(fields)) * np.array([1, 1, 1.5, 1.5, 0.5, 0.5, 1.0, 1.0])
    course = share[:, None] ** rng.uniform(0.7, 1.5) + 0.15 * rng.normal(size=(len(share), len(fields)))
    return np.tensordot(course * amounts, fields, axes=1)


def _store(flow: np.ndarray, quantised: bool) -> Float[np.ndarray, "time 3 28 28"]:
    if quantised:
        low, high = flow.min(axis=(2, 3), keepdims=True), flow.max(axis=(2, 3), keepdims=True)
        # The clip's scale is kept, or a sequence would no longer rise and fall.
        span = np.maximum(high - low, 1e-6)
        flow = np.round((flow - low) / span * 255) / 255 * span
    return (flow * (100.0 / max(float(np.abs(flow).max()), 1e-6))).astype(np.float16)


def _spread(total: int, parts: int) -> list[int]:
    return [total // parts + (part < total % parts) for part in range(parts)]


def stack_clips(rows: Sequence[tuple[np.ndarray, np.ndarray, Event, int]]) -> ClipSet:
    """Put clips of one length together: flow ``[time, 3, 28, 28]``, visibility ``[12]``, event, number of the face."""
    flows, visibilities, events, identities = zip(*rows, strict=True)
    active = [_active(event) for event in events]
    objective = [objective_class(units) for units in active]
    return ClipSet(
        flow=np.stack(flows),
        visibility=np.stack(visibilities).astype(np.float32),
        expression=np.array([EXPRESSIONS.index(event.expression) for event in events], np.int64),
        objective=np.array([NO_CLASS if label is None else label for label in objective], np.int64),
        action_units=np.array([[unit in units for unit in ACTION_UNITS] for units in active], np.float32),
        identity=np.array(identities, np.int64),
    )


def _active(event: Event) -> set[int]:
    return {unit for (unit, _), peak in event.units.items() if peak >= ACTIVE}
