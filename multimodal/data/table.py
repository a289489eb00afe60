"""The plain table: an index as CSV, for data sets that have no layout of their own, and for keeping a checked index.

Columns are those of ``Clip``. Needed are subject, clip, onset, apex, emotion and path; paths are relative to the file.
A path may be a folder of frames numbered at the end of their names, a video, or a flow map.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from multimodal.data.index import Clip, ClipIndex
from multimodal.data.layouts.base import known_emotions, wanted
from multimodal.data.layouts.checks import clip_of
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.codes import parse_emotion, parse_levels, parse_objective
from multimodal.data.layouts.folders import FrameFolder, frame_number, list_frames
from multimodal.data.layouts.sheets import Row, read_table, whole

NAME = "index.csv"
"""What such a file is called where a folder stands for it."""

DATASET = "table"
"""The data set of rows that do not name theirs."""

COLUMNS = (
    *wanted(subject="subject", clip="clip", onset="onset", apex="apex", emotion="emotion", path="path"),
    *wanted(False, dataset="dataset", offset="offset", fps="fps", objective="objective", units="action_units"),
    *wanted(False, frames="frames", first="first", macro="macro"),
)

_HEADER = (
    *("dataset", "subject", "clip", "onset", "apex", "offset", "fps", "emotion", "objective"),
    *("action_units", "path", "frames", "first", "macro"),
)


def write_index(index: ClipIndex, path: Path) -> Path:
    """Write the clips of an index, one a line; frame names are separated by ``|``. Problems are not written.

    Args:
        index: Checked clips.
        path: The file; its folder is made if need be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(_HEADER)
        rows.writerows(_line(clip, index.roots.get(clip.dataset, path.parent), path.parent) for clip in index)
    return path


def read_index(path: Path) -> ClipIndex:
    """Read and check an index.

    Args:
        path: The file.

    Raises:
        MissingError: There is no such file.
        DecodeError: It is no CSV in UTF-8.
        UsageError: A needed column is missing.
    """
    table, notes = read_table(path, COLUMNS), Notes()
    home = path.resolve().parent
    clips: dict[tuple[str, str, str], Clip] = {}
    alone = 0
    for row in table.rows:
        clip = _clip(row, table.where(row), home, notes)
        alone += clip is not None and not clip.path
        if clip is not None and clip.key in clips:
            what = f"{'/'.join(clip.key)} stands there already; the first is kept"
            notes.add("duplicate clip", table.where(row), what, dropped=True)
        elif clip is not None:
            clips[clip.key] = clip
    if alone:
        notes.add("no frames", path.name, f"{alone} clips have no path")
    kept = tuple(clips[key] for key in sorted(clips))
    return ClipIndex(kept, tuple(notes.problems), {clip.dataset: home for clip in kept})


def _line(clip: Clip, root: Path, home: Path) -> Iterator[str]:
    path = Path(os.path.relpath(root / clip.path, home)).as_posix() if clip.path else ""
    times = ("" if number is None else str(number) for number in (clip.onset, clip.apex, clip.offset))
    yield from (clip.dataset, clip.subject, clip.clip, *times, f"{clip.fps:g}", clip.emotion)
    yield from ("" if clip.objective is None else str(clip.objective), "+".join(clip.action_units), path)
    yield from ("|".join(clip.frames), str(clip.first), "1" if clip.macro else "")


def _clip(row: Row, where: str, home: Path, notes: Notes) -> Clip | None:
    """Return one line's clip; None where it is left out."""
    coded, path = _coded(row, where, notes), row.text("path")
    dataset, place = row.text("dataset") or DATASET, home / path
    if path and not place.exists():
        notes.add("missing folder", f"{coded.subject}/{coded.clip}", f"{where}: no {path}", dropped=True)
        return None
    if place.is_file() and place.suffix.lower() in _pictures():
        names = dataset, coded.subject, coded.clip
        return Clip(*names, None, None, None, coded.fps, coded.emotion, _objective(coded), coded.units, path)
    folder = _folder(row, place, path) if path and place.is_dir() else None
    clip = clip_of(dataset, coded, folder, coded.emotion.split("+"), notes)
    if clip is None or folder is not None:
        return clip
    return replace(clip, path=path, first=_number(row, "first"))


def _coded(row: Row, where: str, notes: Notes) -> Coded:
    subject, clip, emotion = row.text("subject"), row.text("clip"), parse_emotion(row.cells["emotion"])
    unknown = sorted(set(emotion.split("+")) - known_emotions())
    if unknown:
        what = f"{where}: no data set calls an emotion {unknown[0]!r}; no label rule will know it"
        notes.add("unknown emotion", f"{subject}/{clip}", what)
    times = row.cells["onset"], row.cells["apex"], row.cells["offset"]
    objective, macro = row.cells["objective"], row.text("macro") == "1"
    return Coded(where, subject, clip, *times, emotion, objective, parse_levels(row.cells["units"]), _rate(row), macro)


def _rate(row: Row) -> float:
    try:
        rate = float(row.text("fps") or 0)
    except ValueError:
        return 0.0
    return rate if math.isfinite(rate) and rate > 0 else 0.0


def _objective(coded: Coded) -> int | None:
    objective = parse_objective(coded.objective)
    return objective if isinstance(objective, int) else None


def _number(row: Row, field: str) -> int:
    number = whole(row.cells[field])
    return number if isinstance(number, int) else 0


def _folder(row: Row, place: Path, path: str) -> FrameFolder:
    """Return the frames that the line names and that are there, or all that are there."""
    listed = list_frames(place, path)
    names = [name for name in row.text("frames").split("|") if name]
    if not names:
        return listed
    there = {entry.name for entry in place.iterdir()}
    first = _number(row, "first")
    numbered = [(name, frame_number(name)) for name in names]
    counted = any(number is None for _, number in numbered)
    pairs = [(name, first + count if counted else number) for count, (name, number) in enumerate(numbered)]
    kept = [(name, number) for name, number in pairs if name in there and number is not None]
    return FrameFolder(path, tuple(name for name, _ in kept), tuple(number for _, number in kept))


def _pictures() -> frozenset[str]:
    from multimodal.media.images import SUFFIXES

    return frozenset(SUFFIXES)
