"""From what the user names to many sources, each with a place of its own for its results."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from multimodal.errors import DecodeError, UsageError
from multimodal.media.base import Source
from multimodal.media.images import SUFFIXES as PICTURES
from multimodal.media.images import ImagesSource, natural_key
from multimodal.media.sources import open_source

VIDEOS = frozenset(
    f".{ending}"
    for ending in "mp4 m4v mov mkv avi webm wmv mpg mpeg ts m2ts mts flv 3gp ogv vob".split()  # noqa: SIM905
)
"""What is taken for a video where nobody named the very file."""


@dataclass(frozen=True)
class Item:
    """One source of a batch.

    Attributes:
        name: What ``open_source`` would be given for it: a file, a folder of pictures, or ``sample``.
        paths: Its files: a video, or pictures; empty for the sample.
        place: Where its results go: a path without suffix, relative to the folder for results.
        pictures: Whether its files are pictures.
    """

    name: str
    paths: tuple[Path, ...]
    place: Path
    pictures: bool

    def open(self, broken: Callable[[Path, DecodeError], None]) -> Source:
        """Open it; ``broken`` is called with each picture that cannot be decoded.

        Raises:
            DecodeError: Nothing of it can be decoded, or it has gone since it was found.
        """
        try:
            return ImagesSource(self.paths, self.name, broken) if self.pictures else open_source(self.name)
        except UsageError as error:
            raise DecodeError(str(error)) from error


def find_items(specs: Sequence[str], out: Path) -> list[Item]:
    """Find the sources that the user means.

    Folders are searched with all folders below, hidden ones and links to folders left out: each video is a source, and
    the pictures of a folder are one together. A pattern is taken for the files and folders that it names. Results
    mirror the folders that the sources lie in, from the deepest one that holds them all: those of ``a/x.mp4`` go to
    ``a/x.mp4``, those of the pictures of ``a`` to ``a/pictures``.

    Args:
        specs: Files, folders, patterns, or ``sample``.
        out: The folder for results; what lies in it is no source.

    Returns:
        The sources in the order in which they were named, each once; those of a folder in natural order.

    Raises:
        UsageError: There is no such file, no video or picture in a folder, or two sources would share a place.
    """
    named = [(spec, list(_expand(spec))) for spec in specs]
    root = _common(path.parent if path.is_file() else path for _, paths in named for path in paths)
    items: dict[Path, Item] = {}
    for spec, paths in named:
        found = [item for item in _items(spec, paths, root) if not _inside(item, out)]
        if not found:
            raise UsageError(f"no video and no picture in {spec}: name a folder or a pattern with such files")
        for item in found:
            other = items.setdefault(item.place, item)
            if [_absolute(path) for path in other.paths] != [_absolute(path) for path in item.paths]:
                raise UsageError(f"{other.name} and {item.name} would leave results of one name: take two runs")
    return list(items.values())


def _expand(spec: str) -> Iterator[Path]:
    """Yield the files and folders that a spec stands for; none for the sample."""
    path = Path(spec).expanduser()
    if spec == "sample":
        return
    if path.exists():
        if not (path.is_file() or path.is_dir()):
            raise UsageError(f"{spec} is neither a file nor a folder: give videos, pictures or folders of them")
        yield path
        return
    if "://" in spec:
        raise UsageError(f"{spec} is a network address: veilspeak reads local files only, so download it first")
    found = sorted(map(Path, glob.iglob(str(path), recursive=True)), key=natural_key)  # noqa: PTH207 - takes absolute ones
    if not found:
        raise UsageError(f"no file {spec}: check the path, or give a folder, a pattern or 'sample'")
    # A file that nobody named by itself must look like one of ours.
    yield from (item for item in found if item.is_dir() or _is_ours(item))


def _items(spec: str, paths: Sequence[Path], root: Path) -> Iterator[Item]:
    if spec == "sample":
        yield Item("sample", (), Path("sample"), False)
        return
    alone = not glob.has_magic(spec) or Path(spec).expanduser().exists()
    pictures: dict[Path, list[Path]] = {}
    for path in paths:
        for file in _walk(path) if path.is_dir() else [path]:
            if not _is_picture(file) or (alone and path.is_file()):
                yield Item(str(file), (file,), _place(file, root), _is_picture(file))
            elif file not in pictures.setdefault(file.parent, []):
                pictures[file.parent].append(file)
    for folder, files in pictures.items():
        yield Item(str(folder), tuple(sorted(files, key=natural_key)), _place(folder, root) / "pictures", True)


def _walk(folder: Path) -> list[Path]:
    found: list[Path] = []
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [path for name in files if _is_ours(path := Path(at, name))]
    return sorted(found, key=natural_key)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES


def _is_ours(path: Path) -> bool:
    return path.suffix.lower() in PICTURES | VIDEOS and not path.name.startswith(".") and path.is_file()


def _inside(item: Item, out: Path) -> bool:
    return any(_absolute(out) in _absolute(path).parents for path in item.paths)


def _common(folders: Iterable[Path]) -> Path:
    absolute = [_absolute(folder) for folder in folders]
    return Path(os.path.commonpath(absolute)) if absolute else Path.cwd()


def _place(path: Path, root: Path) -> Path:
    return _absolute(path).relative_to(root)


def _absolute(path: Path) -> Path:
    """Return the path from the root on; links stay, ``..`` goes."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve would follow links
