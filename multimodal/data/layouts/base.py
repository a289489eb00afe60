"""What layouts have in common: a sheet is found, its rows are read, and checked against the folders of frames."""

from __future__ import annotations

import importlib
import pkgutil
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from multimodal.data.index import ClipIndex, Units
from multimodal.data.layouts.checks import index_of
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.codes import parse_units
from multimodal.data.layouts.folders import frame_folders
from multimodal.data.layouts.sheets import SUFFIXES, Column, ColumnError, Row, Table, read_table, text
from multimodal.errors import MissingError, UsageError, VeilspeakError
from multimodal.registry import Registry

_DEPTH = 2
"""How many folders below the root sheets are looked for; and in the folder above it."""

_UNIT_COLUMN = re.compile(r"AU\s*[_-]?\s*[LR]?\d+", re.IGNORECASE)

_LARGEST = 50_000_000
"""Bytes; larger files are no coding sheets and are not opened to find out."""


def wanted(needed: bool = True, **names: str) -> tuple[Column, ...]:
    """Return columns: field = names as sheets have them, separated by ``|``."""
    return tuple(Column(field, tuple(text.split("|")), needed) for field, text in names.items())


def numbered(prefix: str, name: str, digits: int = 2) -> str:
    """Return how folders call a subject that a sheet numbers: ``1`` -> ``sub01``; a name that is no number as it is."""
    return f"{prefix}{int(name):0{digits}d}" if name.isdecimal() else name


def marked_units(row: Row) -> Units:
    """Return the action units whose own columns (``AU4``, ``AU L12``) hold a 1."""
    names = (name for name, cell in row.named.items() if text(cell) == "1" and _UNIT_COLUMN.fullmatch(name.strip()))
    return parse_units("+".join(names))


class Layout(ABC):
    """How one data set is laid out.

    Attributes:
        name: Of the data set, as ``Clip.dataset``.
        title: What it is called in print.
        fps: Frames a second of its recordings; 0 where the data set does not say.
        emotions: Names that its coders use, lower case.
        columns: Of its sheet.
        whole_video: Whether a folder holds a long recording of which each clip is a stretch.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    fps: ClassVar[float]
    emotions: ClassVar[frozenset[str]]
    columns: ClassVar[tuple[Column, ...]]
    whole_video: ClassVar[bool] = False

    def looks_like(self, root: Path) -> bool:
        """Tell whether a folder, or a sheet alone, is of this layout."""
        return bool(self._sheets(root))

    def read(self, root: Path, sheet: Path | None = None) -> ClipIndex:
        """Read and check a data set.

        Args:
            root: Its folder. A sheet stands for a data set whose frames are elsewhere: its clips have no path.
            sheet: Its coding sheet; None looks for it.

        Raises:
            MissingError: There is no such folder, no sheet, or no clip at all.
            UsageError: There are several sheets, or a column is missing.
            DecodeError: The sheet cannot be read.
        """
        if not root.exists():
            raise MissingError(f"no data set {root}: check the path")
        notes = Notes()
        rows = list(self.coded(self.table(sheet or self.find_sheet(root)), notes))
        folders = None if root.is_file() else frame_folders(root)
        if not folders and folders is not None:
            raise MissingError(f"no numbered pictures under {root}: name the folder that holds the frames")
        home = root.parent if root.is_file() else root
        return index_of(self.name, home, rows, folders, self.emotions, notes, self.whole_video)

    def find_sheet(self, root: Path) -> Path:
        """Return the data set's coding sheet.

        Raises:
            MissingError: There is none.
            UsageError: There are several, or one that lacks a column.
        """
        found = self._sheets(root)
        if not found:
            near = self.nearest(root)
            names = ", ".join(column.names[0] for column in self.columns if column.needed)
            what = f"no coding sheet of {self.title} in {root} (columns {names}): name it with --sheet"
            raise near if near is not None and near.lacking < len(self.columns) / 2 else MissingError(what)
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise UsageError(f"several coding sheets of {self.title} in {root} ({names}): name one with --sheet")
        return found[0]

    def nearest(self, root: Path) -> ColumnError | None:
        """Return what is wrong with the sheet that has most of the columns; None where there is none."""
        found = []
        for path in [root] if root.is_file() else _sheets_below(root, _DEPTH):
            try:
                self.table(path)
            except ColumnError as error:
                found.append(error)
            except VeilspeakError:
                continue
        return min(found, key=lambda error: error.lacking, default=None)

    def table(self, path: Path) -> Table:
        """Read a sheet of this layout; see ``sheets.read_table`` for the errors."""
        return read_table(path, self.columns)

    def claims(self, table: Table) -> bool:
        """Tell whether a sheet with the right columns is of this data set, and not of another with the same ones."""
        return True

    @abstractmethod
    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """Turn the sheet's rows into expressions."""

    def _sheets(self, root: Path) -> list[Path]:
        if root.is_file():
            return [root] if root.suffix.lower() in SUFFIXES and self._claims(root) else []
        if not root.is_dir():
            return []
        inside = [path for path in _sheets_below(root, _DEPTH) if self._claims(path)]
        return inside or [path for path in _sheets_below(root.resolve().parent, 0) if self._claims(path)]

    def _claims(self, path: Path) -> bool:
        try:
            return self.claims(self.table(path))
        except VeilspeakError:
            return False


LAYOUTS: Registry[type[Layout]] = Registry("layout")
"""Name -> class."""

register_layout = LAYOUTS.register


def get_layout(name: str) -> Layout:
    """Return a layout.

    Raises:
        UsageError: There is none of that name; the message lists those that there are.
    """
    _discover()
    return LAYOUTS.get(name)()


def layout_names() -> list[str]:
    """Return the names of all layouts, sorted."""
    _discover()
    return LAYOUTS.names()


def known_emotions() -> frozenset[str]:
    """Return the names of emotions that any data set uses."""
    _discover()
    return frozenset().union(*(LAYOUTS.get(name).emotions for name in LAYOUTS))


def _sheets_below(folder: Path, depth: int) -> list[Path]:
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~")) and path.is_file():
            found += [path] if path.stat().st_size <= _LARGEST else []
        elif depth and path.is_dir() and not path.name.startswith("."):
            found += _sheets_below(path, depth - 1)
    return found


def _discover() -> None:
    """Import every module of this folder: each enters its layout."""
    package = importlib.import_module("multimodal.data.layouts")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
