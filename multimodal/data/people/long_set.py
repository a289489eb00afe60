"""A data set of long synthetic videos: rendered recordings and an index with a row for each coded expression."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from multimodal.config import validate
from multimodal.data.people.clip import Scene, Script, pose_at, sample_scene, shoot
from multimodal.data.people.dataset import (
    COLUMNS,
    Rows,
    Task,
    keep,
    person_of,
    run_people,
    same_settings,
    units_text,
    write_rows,
)
from multimodal.data.people.long import Act, LongScript, sample_long_script
from multimodal.data.people.person import Person
from multimodal.data.people.priors import PeopleConfig, default_config
from multimodal.data.people.sample import write_video
from multimodal.errors import UsageError

VIDEOS_PER_PERSON = 2

LONG_COLUMNS = (*COLUMNS, "macro")
"""Columns of the index; ``macro`` is 1 for macro-expressions. Rows with one path are of one video."""


def synth_long(
    out: Path,
    n: int,
    seed: int = 0,
    *,
    workers: int = 2,
    size: int = 320,
    fps: float = 30.0,
    seconds: float = 20.0,
    config: PeopleConfig | None = None,
) -> Path:
    """Render ``n`` long videos (about 15 ms a frame and worker); two in turn show the same person.

    Writes ``videos/NNNN.avi``, beside each the rows that describe it, and ``index.csv`` with all rows, which
    ``data.open_index`` reads. What an earlier, interrupted run with the same settings left is kept.

    Args:
        out: Folder; made if need be.
        n: How many videos.
        seed: Gives the whole set; a longer set begins with the shorter one, and people are those of ``synth
            expressions`` with the same seed.
        workers: Processes.
        size: Width and height of the picture.
        fps: Frames a second.
        seconds: About how long each is.
        config: Action units and timing of the micro-expressions; the shipped ones by default.

    Returns:
        The path of ``index.csv``.

    Raises:
        UsageError: A number makes no sense, or ``out`` holds something of other settings.
    """
    if n < 1 or workers < 1 or not 64 <= size <= 2048 or not 10 <= fps <= 400 or not 5 <= seconds <= 600:
        raise UsageError("synth expressions --long: n and workers from 1, size 64 to 2048, fps 10 to 400, 5 to 600 s")
    chosen = (config or default_config()).model_dump(mode="json")
    settings = {"long": seconds, "seed": seed, "size": size, "fps": fps, "people": chosen}
    (out / "videos").mkdir(parents=True, exist_ok=True)
    same_settings(out, settings)
    firsts = range(0, n, VIDEOS_PER_PERSON)
    tasks = [(str(out), settings, first, min(first + VIDEOS_PER_PERSON, n)) for first in firsts]
    rows = [row for batch in run_people(_render_person, tasks, workers) for row in batch]
    return write_rows(out, rows, LONG_COLUMNS)


def _render_person(task: Task) -> Rows:
    """Render the videos of one person that are still missing, and return the rows of all."""
    folder, settings, first, last = task
    out, rows = Path(folder), Rows()
    for number in range(first, last):
        note = out / "videos" / f"{number:04d}.json"
        if not note.is_file():
            keep(note, {"expressions": _render_video(out, settings, number)})
        rows += json.loads(note.read_text(encoding="utf-8"))["expressions"]
    return rows


def _render_video(out: Path, settings: dict[str, Any], number: int) -> Rows:
    subject = number // VIDEOS_PER_PERSON
    person = person_of(settings["seed"], subject)
    rng = np.random.default_rng([settings["seed"], 2, number])
    config = validate(PeopleConfig, settings["people"], "people")
    long = sample_long_script(rng, config, settings["long"], settings["fps"])
    scene = sample_scene(rng, person, settings["size"])
    path = out / "videos" / f"{number:04d}.avi"
    part = path.with_suffix(".part.avi")
    frames = _filmed(person, long.script, scene, rng)
    write_video(part, frames, settings["fps"], "mjpeg", {"qmin": "1", "qmax": "1"})
    part.replace(path)
    return [_row(long, place, person, subject, path) for place in range(len(long.coded))]


def _filmed(
    person: Person, script: Script, scene: Scene, rng: np.random.Generator
) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yield frame after frame; a long video does not fit into memory."""
    for number in range(script.frames):
        yield shoot(person.meshes(pose_at(script, 1000.0 * number / script.fps)), scene, rng)


def _row(long: LongScript, place: int, person: Person, subject: int, path: Path) -> dict[str, str]:
    start, act = long.coded[place]
    onset, apex, offset = (str(frame) for frame in _moments(start, act, long.script.fps))
    event = act.events[0][1]
    values = (
        f"synth{subject:05d}",
        f"long{path.stem}_{place}",
        *(onset, apex, offset),
        f"{long.script.fps:g}",
        event.emotion,
        event.expression,
        units_text(event),
        f"{person.look.melanin:.3f}",
        f"videos/{path.name}",
        "1" if act.kind == "macro" else "",
    )
    return dict(zip(LONG_COLUMNS, values, strict=True))


def _moments(start: float, act: Act, fps: float) -> tuple[int, int, int]:
    event = act.events[0][1]
    onset, apex, offset = (
        round(moment * fps / 1000) for moment in (start, start + event.onset_apex_ms, start + event.total_ms)
    )
    return onset, apex, offset
