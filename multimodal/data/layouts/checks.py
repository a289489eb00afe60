"""From the rows of a sheet to checked clips: whatever does not fit is named and counted, never put right by guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from multimodal.data.index import Clip, ClipIndex
from multimodal.data.layouts.coded import Coded, Notes, Times, timed
from multimodal.data.layouts.codes import parse_objective
from multimodal.data.layouts.folders import FrameFolder, Match, match

ABSENT = FrameFolder("", (), ())
"""Stands for a folder that should be there and is not."""


def index_of(
    dataset: str,
    root: Path,
    coded: Sequence[Coded],
    folders: Sequence[FrameFolder] | None,
    emotions: Collection[str],
    notes: Notes,
    whole_video: bool = False,
) -> ClipIndex:
    """Check rows against each other and against the disk.

    Args:
        dataset: Its name.
        root: Folder of the data set.
        coded: The rows.
        folders: What lies on the disk; None where there is a sheet alone, so that clips have no frames.
        emotions: Names that the data set knows.
        notes: Problems met so far; those of the clips are added.
        whole_video: A folder holds a long recording, of which each clip is a stretch, and may hold no clip.
    """
    rows = _without_doubles(coded, notes)
    found = match(folders, [row.tails for row in rows]) if folders is not None else None
    if found is None:
        notes.add("no frames", dataset, f"the sheet was read alone: its {len(rows)} clips have no path")
        clips = [clip_of(dataset, row, None, emotions, notes) for row in rows]
    else:
        _note_folders(rows, found, notes, whole_video)
        shared = Counter(folder.path for folder in found.folders if folder)
        lost = _lost_subjects(rows, found, notes)
        clips = []
        for row, folder in zip(rows, found.folders, strict=True):
            if row.subject not in lost:
                stretch = whole_video or (folder is not None and shared[folder.path] > 1)
                clips.append(clip_of(dataset, row, folder or ABSENT, emotions, notes, stretch))
    kept = sorted((clip for clip in clips if clip is not None), key=lambda clip: clip.key)
    return ClipIndex(tuple(kept), tuple(notes.problems), {dataset: root})


def _without_doubles(coded: Sequence[Coded], notes: Notes) -> list[Coded]:
    seen: dict[tuple[str, str], str] = {}
    kept = []
    for row in coded:
        key = row.subject, row.clip
        if key in seen:
            what = f"{row.subject}/{row.clip} stands in {seen[key]} already, which is kept"
            notes.add("duplicate clip", row.where, what, dropped=True)
        else:
            seen[key] = row.where
            kept.append(row)
    return kept


def _note_folders(rows: Sequence[Coded], found: Match, notes: Notes, whole_video: bool) -> None:
    """Note what lies on the disk and belongs to no row, or several times."""
    if found.copies:
        what = f"the clips lie there several times; read is {found.copies[0] or '.'}: name a folder to read another"
        notes.add("several copies", ", ".join(copy or "." for copy in found.copies), what)
    for folder in () if whole_video else found.spare:
        notes.add("folder without row", folder.path, f"{len(folder.names)} frames that no row of the sheet names")


def _lost_subjects(rows: Sequence[Coded], found: Match, notes: Notes) -> set[str]:
    """Return the subjects of whom nothing lies on the disk; each is one problem, not one a clip."""
    there = {row.subject for row, folder in zip(rows, found.folders, strict=True) if folder is not None}
    lost = Counter(row.subject for row in rows if row.subject not in there)
    for subject, count in lost.items():
        notes.add("subject without folder", subject, f"none of the {count} clips has a folder", dropped=True)
    return set(lost)


def clip_of(
    dataset: str,
    row: Coded,
    folder: FrameFolder | None,
    emotions: Collection[str],
    notes: Notes,
    stretch: bool = False,
) -> Clip | None:
    """Check one row, by itself and against its frames.

    Args:
        dataset: Its data set's name.
        row: The expression.
        folder: Its frames; ``ABSENT`` where there should be some; None where there are none to check.
        emotions: Names that the data set knows.
        notes: Takes what does not fit.
        stretch: Whether the folder holds more than the clip.

    Returns:
        The clip, or None where it is left out.
    """
    where = f"{row.subject}/{row.clip}"
    times = timed(row, notes)
    unknown = sorted(set(row.emotion.split("+")) - set(emotions))
    if unknown:
        known = ", ".join(sorted(emotions))
        notes.add("unknown emotion", where, f"{row.where}: {unknown[0]!r} is none of {known}", dropped=True)
    if times is None or unknown or (folder is not None and not _complete(row, folder, times, notes)):
        return None
    frames = folder.between(times.onset, times.last) if folder and stretch else folder
    clip = Clip(dataset, row.subject, row.clip, *times, row.fps, row.emotion, _objective(row, where, notes), row.units)
    if frames:
        clip = replace(clip, path=frames.path, frames=frames.names, first=frames.numbers[0])
    return replace(clip, macro=row.macro)


def _objective(row: Coded, where: str, notes: Notes) -> int | None:
    objective = parse_objective(row.objective)
    if isinstance(objective, str):
        notes.add("unknown objective class", where, f"{row.where}: {objective!r} is none of 1 to 7 or I to VII")
        return None
    return objective


def _complete(row: Coded, folder: FrameFolder, times: Times, notes: Notes) -> bool:
    """Check that a clip's frames are there; tell whether it can be used: onset and apex are."""
    where = f"{row.subject}/{row.clip}"
    if not folder.names:
        expected = folder.path or " or ".join("/".join(tail) for tail in row.tails)
        notes.add("missing folder", where, f"{row.where}: no numbered pictures in {expected}", dropped=True)
        return False
    if len(set(folder.numbers)) < len(folder.numbers):
        notes.add("frame twice", where, f"{folder.path}: several pictures of one number", dropped=True)
        return False
    missing = sorted(set(range(times.onset, times.last + 1)) - set(folder.numbers))
    if not missing:
        return True
    usable = times.onset not in missing and times.apex not in missing
    there, asked = f"{folder.numbers[0]} to {folder.numbers[-1]}", f"{times.onset} to {times.last}"
    what = f"{folder.path}: of frames {asked} {_stretches(missing)} are missing ({there} are there)"
    notes.add("missing frame", where, what, dropped=not usable)
    return usable


def _stretches(numbers: Sequence[int]) -> str:
    """Return ``3-7, 9`` for 3, 4, 5, 6, 7, 9; at most four stretches."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    shown = ", ".join("-".join(map(str, part)) for part in parts[:4])
    return shown if len(parts) <= 4 else f"{shown} and more"
