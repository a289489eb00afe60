"""The sample clip that ships with the project: who it shows, and what happens in it.

A person smiles fleetingly and gives a thumb up, puts a mask on while showing a palm, then does the first again: this
time the smile shows in the eyes and cheeks alone. Nobody in it exists.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from multimodal.data.people.clip import Scene, Script, Sway, film
from multimodal.data.people.hands import SIGNS, Hand, Sign, blend
from multimodal.data.people.person import Person
from multimodal.data.people.priors import Event
from multimodal.data.people.render import Camera, Lighting, Mesh, sample_background

SAMPLE_SEED = 0
"""The seed of the clip in ``multimodal/media/sample``."""

_FIRST = 16
"""Added to the seed: the first person whom we liked to look at."""

_FPS, _FRAMES = 30.0, 213
_WIDTH, _HEIGHT = 640, 480
_BLINKS = (350.0, 3750.0, 6400.0)
_EXPRESSIONS = (1200.0, 5000.0)
_MASK = (2700.0, 3500.0)
# Sign, when it is first held, until when; the hand takes this long to come and to go.
_SIGNS = (("like", 950.0, 2450.0), ("palm", 3150.0, 4150.0), ("like", 4800.0, 6300.0))
_TRAVEL = 300.0


def make_sample(out: Path, seed: int = SAMPLE_SEED) -> Path:
    """Make the sample clip: 640 x 480, 30 frames a second, about seven seconds; takes about a minute.

    Args:
        out: Folder for ``sample.mp4`` (H.264, crf 10) and ``sample.json`` (the truth); made if need be.
        seed: Who is seen, and how the head sways.

    Returns:
        The path of ``sample.mp4``.
    """
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(_FIRST + seed)
    person, script, scene = _cast(rng)
    hand = Hand(person.look, person.vertices)
    frames = film(person, script, scene, rng, lambda t_ms: _hand_at(hand, person, t_ms)).frames
    write_video(out / "sample.mp4", frames, script.fps, "libx264", {"crf": "10", "preset": "slow"})
    (out / "sample.json").write_text(json.dumps(_truth(script, seed), indent=1) + "\n", encoding="utf-8")
    return out / "sample.mp4"


def write_video(
    path: Path, frames: Iterable[UInt8[np.ndarray, "height width 3"]], fps: float, codec: str, options: dict[str, str]
) -> None:
    """Write RGB frames as a video, with one thread so that the same frames give the same file.

    Args:
        path: The file; its suffix names the container.
        frames: What to write, one after the other, at least one.
        fps: Frames a second.
        codec: ``libx264`` or ``mjpeg``.
        options: The codec's own.
    """
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=round(fps), options={**options, "threads": "1"})
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        rest = iter(frames)
        first = next(rest)
        stream.height, stream.width = first.shape[:2]
        for frame in chain([first], rest):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))


def _cast(rng: np.random.Generator) -> tuple[Person, Script, Scene]:
    person = Person.sample(rng)
    x, y, z = person.eye_middle().tolist()
    away = 9.0
    # Eyes 80 pixels apart, the face right of the middle, which leaves room for the hand.
    camera = Camera((x - 0.45, y - 0.32, z + away), 80 * away / person.eye_distance(), _WIDTH, _HEIGHT)
    lamps = np.array([[-0.45, 0.5, 0.74, 0.80, 0.76, 0.70], [0.8, 0.2, 0.57, 0.26, 0.28, 0.31]], np.float32)
    wall = sample_background(rng, _WIDTH, _HEIGHT)
    scene = Scene(camera, Lighting((0.5, 0.5, 0.52), lamps), wall, noise=0.12, supersample=2)
    # Behind the mask the eyes and cheeks have to tell it alone, so the second smile reaches them more.
    smiles = [_smile(corners=0.38, cheeks=0.56), _smile(corners=0.45, cheeks=0.95)]
    events = list(zip(_EXPRESSIONS, smiles, strict=True))
    return person, Script(_FRAMES, _FPS, events, _sway(rng), _BLINKS, (), _mask), scene


def _smile(corners: float, cheeks: float) -> Event:
    """Return a fleeting smile; its sides differ a little, as they do."""
    units = {(12, "left"): corners - 0.02, (12, "right"): corners + 0.02}
    units |= {(6, "left"): cheeks - 0.02, (6, "right"): cheeks + 0.02}
    return Event("happiness", "positive", units, onset_apex_ms=190.0, total_ms=420.0)


def _sway(rng: np.random.Generator) -> Sway:
    size = np.array([[1.2, 0.7, 0.5, 0.03, 0.015, 0.03], [0.4, 0.3, 0.2, 0.008, 0.005, 0.01]])
    rate = np.array([[0.13, 0.17, 0.11, 0.1, 0.15, 0.12], [0.4, 0.33, 0.37, 0.35, 0.3, 0.4]])
    return Sway(np.array([-3.0, 1.0, 1.0, 0.0, 0.0, 0.0]), size, rate, rng.uniform(0, 2 * np.pi, (2, 6)))


def _mask(t_ms: float) -> float | None:
    start, end = _MASK
    return None if t_ms < start else 2.6 * (1 - _ease((t_ms - start) / (end - start)))


def _hand_at(hand: Hand, person: Person, t_ms: float) -> Sequence[Mesh]:
    """Return the hand, which rises from below, holds its sign and sinks again."""
    for name, start, end in _SIGNS:
        raised = min(_ease((t_ms - start + _TRAVEL) / _TRAVEL), 1 - _ease((t_ms - end) / _TRAVEL))
        if raised > 0:
            return [_raised_hand(hand, person, name, raised, t_ms)]
    return []


def _raised_hand(hand: Hand, person: Person, name: str, raised: float, t_ms: float) -> Mesh:
    x, y, z = person.eye_middle().tolist()
    sideways, height = (-2.3, -0.95) if name == "like" else (-1.9, -1.55)
    tremor = 0.015 * np.sin(2 * np.pi * t_ms / 1000 * np.array([0.7, 0.9, 0.5]))
    place = np.array([x + sideways, y + height - 2.2 * (1 - raised), z + 0.4]) + tremor
    # On its way the hand is half closed; it opens into the sign.
    sign: Sign = blend(blend(SIGNS["fist"], SIGNS[name], 0.6), SIGNS[name], _ease(2 * raised - 1))
    return hand.mesh(sign, (float(place[0]), float(place[1]), float(place[2])), size=1.05)


def _truth(script: Script, seed: int) -> dict[str, Any]:
    events: list[dict[str, Any]] = [{"kind": "blink", "from_ms": t, "to_ms": t + 260.0} for t in script.blinks]
    for onset, event in script.events:
        units = {f"{unit} {side}": round(level, 3) for (unit, side), level in event.units.items()}
        apex, offset = onset + event.onset_apex_ms, onset + event.total_ms
        moments = {"onset_ms": onset, "apex_ms": apex, "offset_ms": offset}
        events.append({"kind": "expression", "expression": event.expression, **moments, "action_units": units})
    events += [{"kind": "sign", "gesture": name, "from_ms": start, "to_ms": end} for name, start, end in _SIGNS]
    events.append({"kind": "mask", "from_ms": _MASK[1], "put_on_from_ms": _MASK[0], "to_ms": None})
    events.sort(key=lambda event: float(event.get("from_ms", event.get("onset_ms", 0.0))))
    about = "A rendered person who does not exist; made by veilspeak synth sample. Body mesh: MakeHuman, CC0."
    size = {"fps": script.fps, "frames": script.frames, "width": _WIDTH, "height": _HEIGHT}
    return {"about": about, "seed": seed, **size, "events": events}


def _ease(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)
