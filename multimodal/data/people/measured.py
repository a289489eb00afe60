"""Rendered clips of ``synth expressions``, seen through the product's own eyes: face mesh, alignment, optical flow."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from multimodal.data.people.clips import ClipSet, stack_clips
from multimodal.data.people.priors import Event
from multimodal.errors import MissingError
from multimodal.face.mesh import FaceTracker
from multimodal.face.window import MotionWindow
from multimodal.media.sources import open_source
from multimodal.results import FlowClip

STEPS = 6
"""Number of maps of a measured sequence, from the onset to the apex."""

FIRST_IDENTITY = 1_000_000
"""Measured faces are numbered from here, apart from the geometric ones."""

_SIDES = {"L": "left", "R": "right"}


def read_measured(folder: Path) -> list[ClipSet]:
    """Measure all clips of a folder: each gives its apex map, and a sequence of ``STEPS`` maps up to it.

    Clips in which the face is lost are left out and counted in the log.

    Args:
        folder: What ``synth expressions`` has written, with its ``index.csv``; about 0.2 s a clip.

    Raises:
        MissingError: There is no index, or no clip of it could be measured.
        DecodeError: A clip cannot be read.
    """
    index = folder / "index.csv"
    if not index.is_file():
        raise MissingError(f"no index.csv in {folder}: make clips with veilspeak synth expressions --out {folder}")
    with index.open(newline="", encoding="utf-8") as file, FaceTracker() as tracker:
        rows = list(csv.DictReader(file))
        measured = [(measure_clip(folder, row, tracker), row) for row in rows]
    seen = [(clip, row) for clip, row in measured if clip is not None]
    if len(seen) < len(rows):
        logging.getLogger(__name__).warning("%d of %d clips left out: face lost", len(rows) - len(seen), len(rows))
    if not seen:
        raise MissingError(f"no clip of {index} could be measured: make them anew with veilspeak synth expressions")
    return [stack_clips([_row(clip, row, steps) for clip, row in seen]) for steps in (1, STEPS)]


def measure_clip(folder: Path, row: Mapping[str, str], tracker: FaceTracker) -> FlowClip | None:
    """Measure one clip from its onset to its apex; None where the face is lost on the way.

    Args:
        folder: Where the clips lie.
        row: Its row of ``index.csv``.
        tracker: Reset before it starts.
    """
    tracker.reset()
    window, times = MotionWindow(), []
    onset, apex = int(row["onset"]), int(row["apex"])
    with open_source(str(folder / row["path"])) as source:
        for frame in source:
            observation = tracker.track(frame)
            if frame.index >= onset:
                window.push(frame, observation)
                times.append(frame.t_ms)
            if frame.index >= apex or (frame.index >= onset and not observation.success):
                break
    if len(times) != apex - onset + 1 or window.span is None or window.span[0] > times[0]:
        return None
    return window.clip(times[0], times[-1], STEPS)


def _row(clip: FlowClip, row: Mapping[str, str], steps: int) -> tuple[np.ndarray, np.ndarray, Event, int]:
    flow = clip.flow[-steps:] * (100.0 / max(float(np.abs(clip.flow).max()), 1e-6))
    event = Event(row["emotion"], row["expression"], _units(row["action_units"]), 0.0, 0.0)
    identity = FIRST_IDENTITY + int(row["subject"].removeprefix("synth"))
    return flow.astype(np.float16), clip.visibility.astype(np.float32), event, identity


def _units(text: str) -> dict[tuple[int, str], float]:
    """Read ``12L:0.210 12R:0.185``."""
    pairs = (word.split(":") for word in text.split())
    return {(int(name[:-1]), _SIDES[name[-1]]): float(level) for name, level in pairs}
