"""The front door of all data sets: paths in, one checked index out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from multimodal.data.archive import extract, is_archive
from multimodal.data.index import Clip, ClipIndex, Problem, merged
from multimodal.data.layouts.base import get_layout, layout_names
from multimodal.errors import MissingError, UsageError

_NEARLY = 2
"""A sheet that lacks so many columns is still told what it lacks."""


def open_index(
    paths: Sequence[Path], layout: str = "auto", sheet: Path | None = None, cache: Path | None = None
) -> ClipIndex:
    """Open one or several data sets.

    A subject's name that occurs in two data sets stays two people. A clip that is there twice is taken once, and a
    problem.

    Args:
        paths: Of each its folder, its sheet alone, the CSV of an index, or an archive of one of these.
        layout: Name of the layout; ``auto`` tells it from what is there.
        sheet: The coding sheet, where there is one data set.
        cache: Folder in which archives are unpacked.

    Raises:
        MissingError: There is nothing at a path, or nothing in it.
        UsageError: It looks like no layout or like several, or an archive is given without a cache or is refused.
        DecodeError: A sheet or an archive cannot be read.
    """
    if not paths:
        raise UsageError("no data set is named: give the folder of one")
    if sheet is not None and len(paths) > 1:
        raise UsageError("one sheet cannot be that of several data sets: open them one at a time")
    opened: list[ClipIndex] = []
    for path in paths:
        root = _unpacked(path, cache)
        opened.append(get_layout(detect(root) if layout == "auto" else layout).read(root, sheet))
    return _once(merged(_under_one_root(opened)))


def detect(root: Path) -> str:
    """Return the name of the layout that a folder or file is of.

    Raises:
        MissingError: It is not there.
        UsageError: It looks like none, or like several.
    """
    if not root.exists():
        raise MissingError(f"no data set {root}: check the path")
    found = [name for name in layout_names() if get_layout(name).looks_like(root)]
    if not found:
        raise _unknown(root)
    if len(found) > 1:
        raise UsageError(f"{root} looks like {' and '.join(found)}: name one data set's own folder, or choose --layout")
    return found[0]


def _unknown(root: Path) -> UsageError:
    """Say what is missing, where a sheet nearly fits a layout."""
    near = {name: error for name in layout_names() if (error := get_layout(name).nearest(root)) is not None}
    closest = min(near, key=lambda name: near[name].lacking, default=None)
    if closest is not None and near[closest].lacking <= _NEARLY:
        return UsageError(f"{root} looks most like {closest}, but {near[closest]}")
    return UsageError(
        f"{root} looks like no layout that is known: name the folder that holds its coding sheet and frames, "
        f"or choose with --layout one of {', '.join(layout_names())}"
    )


def _unpacked(path: Path, cache: Path | None) -> Path:
    if not (path.is_file() and is_archive(path)):
        return path
    if cache is None:
        raise UsageError(
            f"{path.name} is an archive: name a folder with --cache to unpack it in, or unpack it yourself"
        )
    root = extract(path, cache)
    inside = list(root.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else root


def _under_one_root(indexes: Sequence[ClipIndex]) -> list[ClipIndex]:
    """Give each data set one root: parts of it that lie in several folders take the one above them."""
    roots: dict[str, Path] = {}
    for index in indexes:
        for name, root in index.roots.items():
            root = root.resolve()
            roots[name] = Path(os.path.commonpath([roots.get(name, root), root]))
    return [_moved(index, roots) for index in indexes]


def _moved(index: ClipIndex, roots: dict[str, Path]) -> ClipIndex:
    def move(clip: Clip) -> Clip:
        old, new = index.roots[clip.dataset].resolve(), roots[clip.dataset]
        if not clip.path or old == new:
            return clip
        return replace(clip, path=Path(os.path.relpath(old / clip.path, new)).as_posix())

    return ClipIndex(tuple(map(move, index)), index.problems, {name: roots[name] for name in index.roots})


def _once(index: ClipIndex) -> ClipIndex:
    """Keep the first of clips with the same data set, subject and name."""
    kept: dict[tuple[str, str, str], Clip] = {}
    problems = list(index.problems)
    for clip in index:
        if clip.key in kept:
            what = f"in {clip.path or 'a sheet'} and in {kept[clip.key].path or 'a sheet'}; one is kept"
            problems.append(Problem("duplicate clip", "/".join(clip.key), what, dropped=True))
        else:
            kept[clip.key] = clip
    return ClipIndex(tuple(kept.values()), tuple(problems), index.roots)
