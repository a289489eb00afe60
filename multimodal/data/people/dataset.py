"""A data set of synthetic micro-expressions: rendered clips and an index, the same from a seed whatever the workers.

Each clip is drawn from the seed and its own number alone. Some clips in turn, four unless told, show the same person.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.config import validate
from multimodal.data.people.clip import Clip, film, sample_scene, sample_script
from multimodal.data.people.person import Person
from multimodal.data.people.priors import Event, PeopleConfig, default_config
from multimodal.data.people.sample import write_video
from multimodal.errors import UsageError

Task = tuple[str, dict[str, Any], int, int]
"""Folder, settings, number of a person's first clip, number after that of the last."""

Rows = list[dict[str, str]]

COLUMNS: tuple[str, ...] = (
    "subject",
    "clip",
    "onset",
    "apex",
    "offset",
    "fps",
    "emotion",
    "expression",
    "action_units",
    "melanin",
    "path",
)
"""Columns of ``index.csv``. Frames count from 0; action units read ``12L:0.210 12R:0.185``, by the picture's side."""


def synth_expressions(
    out: Path,
    n: int,
    seed: int = 0,
    *,
    workers: int = 2,
    size: int = 320,
    fps: float = 30.0,
    supersample: int = 1,
    each: int = 4,
    config: PeopleConfig | None = None,
) -> Path:
    """Render ``n`` clips, each with one micro-expression (about a second a clip and worker).

    Writes ``clips/NNNNNN.avi`` (MJPEG of the best quality, so that optical flow is as good as on the raw frames),
    beside each the row that describes it, and ``index.csv`` with all rows. What an earlier, interrupted run with the
    same settings left is kept and not rendered again.

    Args:
        out: Folder; made if need be.
        n: How many clips.
        seed: Gives the whole set; a longer set begins with the shorter one.
        workers: Processes.
        size: Width and height of the picture.
        fps: Frames a second.
        supersample: 2 for smoother edges at some four times the time.
        each: Clips of each person.
        config: Action units and timing; the shipped ones by default.

    Returns:
        The path of ``index.csv``.

    Raises:
        UsageError: A number makes no sense, or ``out`` holds clips of other settings.
    """
    if min(n, workers, each) < 1 or not 64 <= size <= 2048 or not 10 <= fps <= 400 or supersample not in (1, 2, 3):
        ranges = "n, workers and each from 1, size 64 to 2048, fps 10 to 400, supersample 1 to 3"
        raise UsageError(f"synth expressions: {ranges}")
    chosen = (config or default_config()).model_dump(mode="json")
    settings = {"seed": seed, "size": size, "fps": fps, "supersample": supersample, "each": each, "people": chosen}
    (out / "clips").mkdir(parents=True, exist_ok=True)
    same_settings(out, settings)
    tasks = [(str(out), settings, first, min(first + each, n)) for first in range(0, n, each)]
    rows = [row for batch in run_people(_render_person, tasks, workers) for row in batch]
    return write_rows(out, rows, COLUMNS)


def run_people(render: Callable[[Task], Rows], tasks: Sequence[Task], workers: int) -> Iterator[Rows]:
    """Render each person's share of a set, and yield the rows that describe it, in order."""
    if workers == 1:
        yield from map(render, tasks)
        return
    # Fresh processes: forking one that runs threads may hang.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(render, tasks)


def _render_person(task: Task) -> Rows:
    """Render the clips of one person that are still missing, and return the rows of all."""
    folder, settings, first, last = task
    out, rows = Path(folder), []
    for number in range(first, last):
        note = out / "clips" / f"{number:06d}.json"
        if not note.is_file():
            keep(note, _render_clip(out, settings, number))
        rows.append(json.loads(note.read_text(encoding="utf-8")))
    return rows


def _render_clip(out: Path, settings: dict[str, Any], number: int) -> dict[str, str]:
    subject = number // settings["each"]
    person = person_of(settings["seed"], subject)
    rng = np.random.default_rng([settings["seed"], 1, number])
    config = validate(PeopleConfig, settings["people"], "people")
    script = sample_script(rng, config, fps=settings["fps"])
    clip = film(person, script, sample_scene(rng, person, settings["size"], settings["supersample"]), rng)
    path = out / "clips" / f"{number:06d}.avi"
    part = path.with_suffix(".part.avi")
    write_video(part, clip.frames, clip.fps, "mjpeg", {"qmin": "1", "qmax": "1"})
    part.replace(path)
    return _row(clip, person, subject, path.name)


@functools.lru_cache(maxsize=1)
def person_of(seed: int, subject: int) -> Person:
    """Return the person of that number; a seed has the same people in every set."""
    return Person.sample(np.random.default_rng([seed, 0, subject]))


def _row(clip: Clip, person: Person, subject: int, name: str) -> dict[str, str]:
    values = (
        f"synth{subject:05d}",
        Path(name).stem,
        str(clip.onset),
        str(clip.apex),
        str(clip.offset),
        f"{clip.fps:g}",
        clip.event.emotion,
        clip.event.expression,
        units_text(clip.event),
        f"{person.look.melanin:.3f}",
        f"clips/{name}",
    )
    return dict(zip(COLUMNS, values, strict=True))


def units_text(event: Event) -> str:
    """Return action units as an index has them, ``12L:0.210 12R:0.185``."""
    return " ".join(f"{unit}{side[0].upper()}:{level:.3f}" for (unit, side), level in sorted(event.units.items()))


def same_settings(out: Path, settings: dict[str, Any]) -> None:
    """Refuse to mix clips of different settings in one folder."""
    mark = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    path = out / "settings.json"
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")).get("sha256") != mark:
        raise UsageError(f"{out} holds a set of another seed or other settings: choose an empty folder")
    keep(path, {"sha256": mark, **settings})


def keep(path: Path, content: dict[str, Any]) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def write_rows(out: Path, rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> Path:
    """Write ``index.csv`` whole or not at all; return its path."""
    path = out / "index.csv"
    part = out / "index.csv.part"
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    part.replace(path)
    return path
