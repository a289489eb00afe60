"""SMIC (Li et al. 2013): ``HS/s1/micro/negative/s1_ne_01/image112010.bmp``; ``VIS`` and ``NIR`` alike.

HS has 100 frames a second, the others 25. Long clips, ``HS_long/SMIC_HS_E/s01/s1_ne_01``, are read as well. The short
clips are cut from onset to offset, and nobody coded an apex. A sheet like ``smic_apex.xlsx`` (data, subject, clip,
label, onset_frame, apex_frame, offset_frame), made by later research for HS, gives all three; the official
``SMIC-HS-E_annotation.xlsx`` (Subject, Filename, OnsetF, OffsetF, Emotion; reconstructed) gives two. Without a sheet,
the first and the last frame of a short clip are its onset and offset. All three cameras are one data set, ``smic``,
since they show the same people; clips of VIS and NIR have that after their names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from multimodal.data.index import ClipIndex, Problem, merged
from multimodal.data.layouts.base import Layout, numbered, register_layout, wanted
from multimodal.data.layouts.checks import index_of
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.folders import FrameFolder, frame_folders
from multimodal.data.layouts.sheets import Table, text
from multimodal.errors import MissingError

CAMERAS = {"hs": 100.0, "vis": 25.0, "nir": 25.0}
"""Frames a second of each."""

_NEARLY = 2
"""A sheet that lacks so few columns was meant to be read."""

_DEPTH = 6
"""How many folders below the root a clip's folder may lie."""

_CLIP = re.compile(r"s(\d+)_(ne|po|sur)_\d+", re.IGNORECASE)
_EMOTIONS = {"ne": "negative", "po": "positive", "sur": "surprise"}
_LABELS = dict(zip("012", _EMOTIONS.values(), strict=True))


@register_layout("smic")
class Smic(Layout):
    """SMIC."""

    name = "smic"
    title = "SMIC"
    fps = CAMERAS["hs"]
    emotions = frozenset(_EMOTIONS.values())
    columns = (
        *wanted(subject="subject", clip="clip|Filename", label="label|Emotion"),
        *wanted(onset="onset_frame|OnsetF", offset="offset_frame|OffsetF"),
        *wanted(False, apex="apex_frame|ApexF"),
    )

    def claims(self, table: Table) -> bool:
        """Its clips are named ``s1_ne_01``."""
        return any(_CLIP.fullmatch(row.text("clip")) for row in table.rows)

    def looks_like(self, root: Path) -> bool:
        """Tell whether it is the apex sheet, or a folder in which clips are named ``s1_ne_01``."""
        if root.is_file():
            return super().looks_like(root)
        return root.is_dir() and any(_CLIP.fullmatch(path.name) for path in _folders(root, _DEPTH))

    def read(self, root: Path, sheet: Path | None = None) -> ClipIndex:
        """Read and check what is there of the three cameras; see ``Layout.read``."""
        if not root.exists():
            raise MissingError(f"no data set {root}: check the path")
        if root.is_file():
            return super().read(root, sheet)
        found = sheet or next(iter(self._sheets(root)), None)
        folders = [folder for folder in frame_folders(root) if _CLIP.fullmatch(folder.path.rpartition("/")[2])]
        if not folders:
            raise MissingError(f"no clips such as s1_ne_01 under {root}: name the folder that holds them")
        table = self.table(found) if found else None
        unread = self.nearest(root) if table is None else None
        if unread is not None and unread.lacking <= _NEARLY:
            raise unread
        by_camera: dict[str | None, list[FrameFolder]] = {}
        for folder in folders:
            by_camera.setdefault(_camera(root, folder.path), []).append(folder)
        index = merged([self._of_camera(camera, root, own, table) for camera, own in by_camera.items()])
        problems = (Problem("unread sheet", root.name, str(unread)),) if unread is not None else ()
        return replace(index, problems=(*problems, *index.problems))

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """Turn the apex sheet's rows into expressions."""
        for row in table.rows:
            clip, emotion = row.text("clip"), _LABELS.get(row.text("label"), row.text("label").lower())
            subject = numbered("s", row.text("subject").lower().lstrip("s"))
            times = row.cells["onset"], row.cells["apex"], row.cells["offset"]
            yield Coded(table.where(row), subject, clip, *times, emotion, fps=self.fps, tails=((clip,),))

    def _of_camera(self, camera: str | None, root: Path, folders: list[FrameFolder], table: Table | None) -> ClipIndex:
        notes = Notes()
        if camera is None:
            notes.add("unknown camera", str(root.name), "no HS, VIS or NIR in the path: the frame rate stays unknown")
        rows = list(self.coded(table, notes)) if table and camera in ("hs", None) else _of_folders(folders, notes)
        ending = "" if camera in ("hs", None) else f"_{camera}"
        rate = CAMERAS[camera] if camera else 0.0
        named = [replace(row, clip=row.clip + ending, fps=rate) for row in rows]
        return index_of(self.name, root, named, folders, self.emotions, notes)


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir() and not entry.name.startswith("."):
            yield Path(entry.path)
            yield from _folders(Path(entry.path), depth - 1) if depth > 1 else ()


def _of_folders(folders: list[FrameFolder], notes: Notes) -> list[Coded]:
    """Turn folders into expressions: the clips are cut from onset to offset, unless they are the long ones."""
    rows = []
    for folder in folders:
        parts = folder.path.split("/")
        named = _CLIP.fullmatch(parts[-1])
        assert named is not None
        emotion, above = _EMOTIONS[named[2].lower()], parts[-2].lower() if len(parts) > 1 else ""
        if above in _LABELS.values() and above != emotion:
            what = f"its name says {emotion}, its folder {above}"
            notes.add("contradicting emotion", folder.path, what, dropped=True)
            continue
        long = any("long" in part.lower() for part in parts)
        ends = (None, None) if long else (folder.numbers[0], folder.numbers[-1])
        subject = numbered("s", named[1])
        rows.append(Coded(folder.path, subject, parts[-1], ends[0], None, ends[1], emotion, tails=(tuple(parts),)))
    return rows


def _camera(root: Path, path: str) -> str | None:
    """Return the camera that a folder's path names, the nearest name first."""
    for part in reversed([*root.resolve().parts[-3:], *path.split("/")]):
        for camera in CAMERAS:
            if camera in re.split(r"[^a-z]+", text(part).lower()):
                return camera
    return None
