"""Folders of frames: what lies on the disk, and which folder belongs to which row of a sheet."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

Tail = tuple[str, ...]
"""Names of the last folders on the way to a clip's frames; the last may end in ``*``."""

_NUMBER = re.compile(r"(\d+)\s*$")


@dataclass(frozen=True)
class FrameFolder:
    """A folder with pictures.

    Attributes:
        path: Relative to the root, with ``/``.
        names: Its numbered pictures by number.
        numbers: Their numbers: what stands at the end of each name.
    """

    path: str
    names: tuple[str, ...]
    numbers: tuple[int, ...]

    def between(self, first: int, last: int) -> FrameFolder:
        """Return the pictures of a stretch alone."""
        kept = [(name, n) for name, n in zip(self.names, self.numbers, strict=True) if first <= n <= last]
        return FrameFolder(self.path, tuple(name for name, _ in kept), tuple(n for _, n in kept))


def frame_number(name: str) -> int | None:
    """Return the number at the end of a file's name, ``reg_img46.jpg`` -> 46; None where there is none."""
    found = _NUMBER.search(PurePosixPath(name).stem)
    return int(found[1]) if found else None


def list_frames(folder: Path, path: str) -> FrameFolder:
    """List the numbered pictures of a folder.

    Args:
        folder: Where it is.
        path: What it is called, relative to the root.
    """
    return _frames(path, (entry.name for entry in os.scandir(folder) if entry.is_file()))


def frame_folders(root: Path) -> list[FrameFolder]:
    """Find all folders under a root that hold numbered pictures, by path; hidden ones are passed over."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        listed = _frames(Path(folder).relative_to(root).as_posix(), names)
        if listed.names:
            found.append(listed)
    return found


def _frames(path: str, names: Iterable[str]) -> FrameFolder:
    from multimodal.media.images import SUFFIXES

    pictures = (name for name in names if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."))
    numbered = sorted((number, name) for name in pictures if (number := frame_number(name)) is not None)
    return FrameFolder(path, tuple(name for _, name in numbered), tuple(number for number, _ in numbered))


def simple(name: str) -> str:
    """Return a name as it is compared: lower case, numbers without zeros before them, so that ``s01`` is ``s1``."""
    return re.sub(r"\d+", lambda found: str(int(found[0])), name.casefold().strip())


@dataclass(frozen=True)
class Match:
    """Which folders belong to which rows.

    Attributes:
        folders: A folder a row, or None.
        spare: Folders that no row names.
        copies: Other copies of the same clips, which were passed over: the folders above them; the first is read.
    """

    folders: tuple[FrameFolder | None, ...]
    spare: tuple[FrameFolder, ...]
    copies: tuple[str, ...] = ()


def match(folders: Sequence[FrameFolder], wanted: Sequence[Sequence[Tail]]) -> Match:
    """Find the folder of each row.

    Where a data set lies there twice (raw and cropped), the copy with more of the clips is read, of equal ones the
    first by name, and never a mixture of both.

    Args:
        folders: What is there.
        wanted: For each row the ways in which its folder may be called.
    """
    by_name: dict[str, list[FrameFolder]] = {}
    for folder in folders:
        by_name.setdefault(simple(folder.path.rpartition("/")[2]), []).append(folder)
    found = [_candidates(by_name, tails) for tails in wanted]
    kept, passed = _one_copy(found)
    chosen = tuple(next((folder for above, folder in row.items() if above in kept), None) for row in found)
    taken = {folder.path for folder in chosen if folder}
    others = {folder.path for row in found for above, folder in row.items() if above in passed}
    spare = tuple(f for f in folders if f.path not in taken | others and not _under(f.path, passed))
    return Match(chosen, spare, (*sorted(kept), *sorted(passed)) if passed else ())


def _candidates(by_name: Mapping[str, list[FrameFolder]], tails: Sequence[Tail]) -> dict[str, FrameFolder]:
    """Return the folders that a row may mean, by the path above the named part."""
    found: dict[str, FrameFolder] = {}
    for tail in tails:
        named = [simple(part) for part in tail]
        names = [name for name in by_name if fnmatchcase(name, named[-1])] if "*" in named[-1] else [named[-1]]
        for folder in (folder for name in names for folder in by_name.get(name, [])):
            parts = folder.path.split("/")
            if [simple(part) for part in parts[-len(tail) : -1]] == named[:-1]:
                found.setdefault("/".join(parts[: -len(tail)]), folder)
    return found


def _one_copy(found: Sequence[Mapping[str, FrameFolder]]) -> tuple[set[str], set[str]]:
    """Return the paths above the clips that are read, and those that hold further copies of the same clips."""
    counts = Counter(above for row in found for above in row)
    rivals = {(one, other) for row in found for one in row for other in row if one != other}
    kept: set[str] = set()
    for above in sorted(counts, key=lambda above: (-counts[above], above)):
        if not any((above, winner) in rivals for winner in kept):
            kept.add(above)
    return kept, set(counts) - kept


def _under(path: str, tops: Iterable[str]) -> bool:
    return any(top and path.startswith(f"{top}/") for top in tops)
