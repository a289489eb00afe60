"""Short films of synthetic people with the truth about them: who moved what, when, and where each point was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, UInt8

from multimodal.data.people.person import LANDMARKS, Person, Pose
from multimodal.data.people.priors import Event, PeopleConfig, sample_event
from multimodal.data.people.render import (
    Camera,
    Lighting,
    Mesh,
    develop,
    render,
    sample_background,
    sample_lighting,
)

_BLINK_MS = (70.0, 60.0, 130.0)
"""How long lids take to close, stay closed, and open again."""


@dataclass(frozen=True)
class Sway:
    """Slow, unrehearsed movement of the head: a rest position and a few sine waves about it.

    Attributes:
        rest: yaw, pitch, roll in degrees, then shift x, y, z in dm.
        size: ``[waves, 6]``, amplitude of each wave in the same units.
        rate: ``[waves, 6]``, Hz.
        phase: ``[waves, 6]``, radians.
    """

    rest: Float[np.ndarray, "6"]
    size: Float[np.ndarray, "waves 6"]
    rate: Float[np.ndarray, "waves 6"]
    phase: Float[np.ndarray, "waves 6"]

    def at(self, t_ms: float) -> Float[np.ndarray, "6"]:
        """Return yaw, pitch, roll (degrees) and shift (dm) at a time."""
        waves = self.size * np.sin(2 * np.pi * self.rate * t_ms / 1000 + self.phase)
        return np.asarray(self.rest + waves.sum(axis=0))


@dataclass(frozen=True)
class Script:
    """What happens in a clip; times in milliseconds from its start.

    Attributes:
        frames: How many; fps: how many a second.
        events: Onset time of each micro-expression, and what it is.
        blinks: When lids begin to close.
        gazes: When the eyes jump, and where to: degrees to the picture's right, and up.
        sway: The head's movement.
        mask: Time -> the mask's distance from its place (see ``Pose``), or None without a mask.
    """

    frames: int
    fps: float
    events: Sequence[tuple[float, Event]]
    sway: Sway
    blinks: Sequence[float] = ()
    gazes: Sequence[tuple[float, tuple[float, float]]] = ()
    mask: Callable[[float], float | None] = field(default=lambda t_ms: None)


@dataclass(frozen=True)
class Scene:
    """Where and how a clip is filmed."""

    camera: Camera
    lighting: Lighting
    background: Float[np.ndarray, "height width 3"]
    noise: float = 1.0
    supersample: int = 1


@dataclass(frozen=True)
class Clip:
    """A clip with the truth about it.

    Attributes:
        frames: RGB.
        fps: Frames a second.
        onset, apex, offset: Frame numbers of the first micro-expression.
        event: What it is.
        landmarks: ``[time, 14, 2]``, true places of ``LANDMARKS`` in pixels, in its order.
        tracks: ``[time, bust, 2]``, true places of all vertices of the bust, hidden ones too, in pixels; the
            difference of two frames is the true optical flow.
    """

    frames: UInt8[np.ndarray, "time height width 3"]
    fps: float
    onset: int
    apex: int
    offset: int
    event: Event
    landmarks: Float[np.ndarray, "time points 2"]
    tracks: Float[np.ndarray, "time bust 2"]


def intensity(event: Event, t_ms: float) -> float:
    """Return how far a micro-expression has come ``t_ms`` after its onset: 0 at rest, 1 at the apex."""
    rising = t_ms / event.onset_apex_ms
    falling = (t_ms - event.onset_apex_ms) / (event.total_ms - event.onset_apex_ms)
    return _ease(rising) if rising < 1 else 1 - _ease(falling)


def lids(blinks: Sequence[float], t_ms: float) -> float:
    """Return how far blinks have closed the eyes, 0 open to 1 closed."""
    close, stay, reopen = _BLINK_MS
    since = [t_ms - start for start in blinks]
    levels = [_ease(t / close) if t < close + stay else 1 - _ease((t - close - stay) / reopen) for t in since]
    return max(levels, default=0.0)


def pose_at(script: Script, t_ms: float) -> Pose:
    """Return the person's pose at a time."""
    units: dict[tuple[int, str], float] = {}
    for onset, event in script.events:
        level = intensity(event, t_ms - onset)
        for key, peak in event.units.items() if level > 0 else ():
            units[key] = units.get(key, 0.0) + level * peak
    closed = lids(script.blinks, t_ms)
    if closed > 0:
        units.update({(45, side): max(closed, units.get((45, side), 0.0)) for side in ("left", "right")})
    yaw, pitch, roll, *shift = script.sway.at(t_ms).tolist()
    return Pose(units, _gaze(script.gazes, t_ms), (yaw, pitch, roll), tuple(shift), script.mask(t_ms))


def film(
    person: Person,
    script: Script,
    scene: Scene,
    rng: np.random.Generator,
    props: Callable[[float], Sequence[Mesh]] = lambda t_ms: (),
) -> Clip:
    """Film a script.

    Args:
        person: Who acts.
        script: What happens; at least one event.
        scene: Camera, light, background.
        rng: Where the sensor's noise comes from.
        props: Time -> further meshes to be seen, such as a hand.
    """
    times = [1000.0 * k / script.fps for k in range(script.frames)]
    frames, tracks = [], []
    for t_ms in times:
        meshes = [*person.meshes(pose_at(script, t_ms)), *props(t_ms)]
        frames.append(shoot(meshes, scene, rng))
        tracks.append(scene.camera.project(meshes[0].vertices).astype(np.float32))
    points = [person.landmarks()[name] for name in LANDMARKS]
    onset, event = script.events[0]
    moments = (onset, onset + event.onset_apex_ms, onset + event.total_ms)
    first, apex, last = (min(round(moment * script.fps / 1000), script.frames - 1) for moment in moments)
    whole = np.stack(tracks)
    return Clip(np.stack(frames), script.fps, first, apex, last, event, whole[:, points], whole)


def shoot(meshes: Sequence[Mesh], scene: Scene, rng: np.random.Generator) -> UInt8[np.ndarray, "height width 3"]:
    """Return one picture of what stands before the camera."""
    return develop(render(meshes, scene.camera, scene.lighting, scene.background, scene.supersample), rng, scene.noise)


def sample_sway(rng: np.random.Generator, calm: float = 1.0) -> Sway:
    """Draw a head's movement; ``calm`` multiplies its size. The fastest parts move about two degrees a second."""
    rest = rng.normal(0, (6.0, 4.0, 3.0, 0.06, 0.06, 0.1))
    waves = 3
    size = np.abs(rng.normal(0, (0.6, 0.5, 0.35, 0.012, 0.010, 0.015), (waves, 6))) * calm
    return Sway(rest, size, rng.uniform(0.08, 0.6, (waves, 6)), rng.uniform(0, 2 * np.pi, (waves, 6)))


def sample_script(
    rng: np.random.Generator,
    config: PeopleConfig | None = None,
    expression: str | None = None,
    fps: float = 30.0,
    mask: bool = False,
) -> Script:
    """Draw a script with one micro-expression, some stillness before and after it, now and then a blink or a glance.

    Args:
        rng: Where chance comes from.
        config: Action units and timing; the shipped ones by default.
        expression: One of ``EXPRESSIONS``, or None to draw it.
        fps: Frames a second.
        mask: Whether the person wears a mask throughout.
    """
    event = sample_event(rng, config, expression)
    before, after = rng.uniform(150, 350, 2)
    length = before + event.total_ms + after
    blinks = (float(rng.uniform(-100, length)),) if rng.random() < 0.2 else ()
    gazes = ((float(rng.uniform(0, length)), tuple(rng.normal(0, (5.0, 3.0)).tolist())),) if rng.random() < 0.25 else ()
    first = tuple(rng.normal(0, (4.0, 2.5)).tolist())
    return Script(
        frames=int(np.ceil(length * fps / 1000)) + 1,
        fps=fps,
        events=((float(round(before * fps / 1000) * 1000 / fps), event),),
        sway=sample_sway(rng),
        blinks=blinks,
        gazes=((-1000.0, first), *gazes),
        mask=(lambda t_ms: 0.0) if mask else (lambda t_ms: None),
    )


def sample_scene(rng: np.random.Generator, person: Person, size: int = 320, supersample: int = 1) -> Scene:
    """Draw camera, light and background for a portrait of ``size`` by ``size`` pixels."""
    middle = person.eye_middle()
    away = float(rng.uniform(6.5, 10.0))
    # The eyes come to lie 16 to 23 % of the picture's width apart.
    focal = size * float(rng.uniform(0.16, 0.23)) * away / person.eye_distance()
    place = (
        float(middle[0] + rng.normal(0, 0.1)),
        float(middle[1] - 0.25 + rng.normal(0, 0.1)),
        float(middle[2]) + away,
    )
    noise = float(rng.uniform(0.5, 1.8))
    background = sample_background(rng, size, size)
    return Scene(Camera(place, focal, size, size), sample_lighting(rng), background, noise, supersample)


def _gaze(gazes: Sequence[tuple[float, tuple[float, float]]], t_ms: float) -> tuple[float, float]:
    """Return where the eyes look; each jump takes 40 ms."""
    right, up = 0.0, 0.0
    for start, (to_right, to_up) in gazes:
        share = _ease((t_ms - start) / 40.0)
        right, up = right + share * (to_right - right), up + share * (to_up - up)
    return right, up


def _ease(share: float) -> float:
    """Smooth step from 0 to 1."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)
