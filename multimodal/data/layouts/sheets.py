"""Coding sheets: the rows of an Excel or CSV file, under the names that this project gives their columns.

Columns are found by name, whatever their order, case, blanks and punctuation, and wherever the header row stands; a
column that is wanted and not there is an error, never a guess by position.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from multimodal.errors import DecodeError, MissingError, UsageError

Cell = str | int | float | None
"""What stands in a cell."""

SUFFIXES = (".xlsx", ".xlsm", ".csv", ".tsv")
"""Of the files that are read as sheets."""

_HEADER_ROWS = 60
"""In how many rows from the top the header is looked for."""


class ColumnError(UsageError):
    """A sheet has not the columns that are wanted.

    Attributes:
        lacking: How many needed columns the row has not that has most of them.
    """

    def __init__(self, message: str, lacking: int) -> None:
        super().__init__(message)
        self.lacking = lacking


@dataclass(frozen=True)
class Column:
    """A column that a layout wants.

    Attributes:
        field: What this project calls it.
        names: What sheets call it; case, blanks and punctuation do not matter.
        needed: Whether a sheet without it is refused.
    """

    field: str
    names: tuple[str, ...]
    needed: bool = True


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        number: In the sheet, from 1.
        cells: By field; a field without a column is None.
        named: All cells by the sheet's own column names.
    """

    number: int
    cells: Mapping[str, Cell]
    named: Mapping[str, Cell]

    def text(self, field: str) -> str:
        """Return a cell as text without blanks around it; empty where there is nothing."""
        return text(self.cells.get(field))


@dataclass(frozen=True)
class Table:
    """The rows below a header.

    Attributes:
        path: The file.
        rows: Those that are not empty.
        header: The sheet's own column names.
    """

    path: Path
    rows: tuple[Row, ...]
    header: tuple[str, ...]

    def where(self, row: Row) -> str:
        """Return what a problem in a row names."""
        return f"{self.path.name} row {row.number}"


Grid = tuple[tuple[Cell, ...], ...]


def read_table(path: Path, columns: Sequence[Column]) -> Table:
    """Read the worksheet, and the rows below its header, in which all needed columns are found.

    Raises:
        MissingError: There is no such file.
        DecodeError: It cannot be read as a sheet.
        ColumnError: A needed column is in no worksheet; file, wanted and found columns are named.
        UsageError: A column is there twice.
    """
    grids = read_grids(path)
    for grid in grids:
        for number, row in enumerate(grid[:_HEADER_ROWS]):
            if _lacking(row, columns) == []:
                return _table(path, grid, number, columns)
    raise _complaint(path, grids, columns)


def text(cell: Cell) -> str:
    """Return a cell as text: ``12.0`` reads ``12``, nothing reads empty."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def whole(cell: Cell) -> int | str | None:
    """Return a cell's whole number; None where it is empty, its text where it is something else, such as ``/``."""
    shown = text(cell)
    if not shown:
        return None
    try:
        value = float(shown)
    except ValueError:
        return shown
    return int(value) if value.is_integer() else shown


def read_grids(path: Path) -> tuple[Grid, ...]:
    """Return the cells of all worksheets of a file.

    Raises:
        MissingError: There is no such file.
        DecodeError: It cannot be read.
        UsageError: It is an old Excel file or none of the formats that are read.
    """
    if not path.is_file():
        raise MissingError(f"no coding sheet {path}: name an existing file with --sheet")
    status = path.stat()
    return _cells(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=32)
def _cells(path: Path, changed_ns: int, size: int) -> tuple[Grid, ...]:
    """Read a file once, however many layouts look at it."""
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return (_of_csv(path),)
    if suffix not in SUFFIXES:
        raise UsageError(f"{path.name} is no .xlsx or .csv file: save it as one of these in a spreadsheet program")
    return _of_excel(path)


def _of_excel(path: Path) -> tuple[Grid, ...]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError, SyntaxError) as error:
        raise DecodeError(f"{path.name} cannot be read as an Excel sheet ({error}): save it anew as .xlsx") from error
    return tuple(
        tuple(tuple(map(_plain, row)) for row in sheet.iter_rows(values_only=True)) for sheet in book.worksheets
    )


def _plain(value: Any) -> Cell:
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _of_csv(path: Path) -> Grid:
    try:
        content = path.read_text(encoding="utf-8-sig")
        delimiter = max(",;\t", key=content.partition("\n")[0].count)
        rows = list(csv.reader(content.splitlines(), delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DecodeError(f"{path.name} cannot be read as a table ({error}): save it anew as CSV in UTF-8") from error
    return tuple(tuple(cell or None for cell in row) for row in rows)


def _lacking(row: Sequence[Cell], columns: Sequence[Column]) -> list[Column]:
    """Return the needed columns that a header row does not have."""
    names = {_bare(cell) for cell in row}
    return [column for column in columns if column.needed and not names & set(map(_bare, column.names))]


def _bare(cell: Cell) -> str:
    return "".join(letter for letter in text(cell).casefold() if letter.isalnum())


def _table(path: Path, grid: Grid, header: int, columns: Sequence[Column]) -> Table:
    places = {column.field: _place(path, grid[header], column) for column in columns}
    names = tuple(text(cell) for cell in grid[header])
    rows = []
    for number, cells in enumerate(grid[header + 1 :], start=header + 2):
        found = {field: _at(cells, place) for field, place in places.items()}
        if any(text(cell) for cell in found.values()):
            rows.append(Row(number, found, {name: cell for name, cell in zip(names, cells) if name}))  # noqa: B905 - rows may end early
    return Table(path, tuple(rows), tuple(name for name in names if name))


def _place(path: Path, header: Sequence[Cell], column: Column) -> int | None:
    wanted = set(map(_bare, column.names))
    places = [place for place, cell in enumerate(header) if _bare(cell) in wanted]
    if len(places) > 1:
        twice = ", ".join(text(header[place]) for place in places)
        raise UsageError(f"{path.name}: several columns for {column.field} ({twice}): remove or rename all but one")
    return places[0] if places else None


def _at(cells: Sequence[Cell], place: int | None) -> Cell:
    return cells[place] if place is not None and place < len(cells) else None


def _complaint(path: Path, grids: Sequence[Grid], columns: Sequence[Column]) -> ColumnError:
    """Say what is missing, by the row that looks most like the header."""
    rows = [row for grid in grids for row in grid[:_HEADER_ROWS] if any(text(cell) for cell in row)]
    best = min(rows, key=lambda row: len(_lacking(row, columns)), default=())
    lacking = _lacking(best, columns)
    missing = ", ".join(column.names[0] for column in lacking)
    wanted = ", ".join(column.names[0] for column in columns if column.needed)
    found = ", ".join(text(cell) for cell in best if text(cell)) or "nothing"
    what = f"{path.name}: no column {missing} (wanted: {wanted}; found: {found})"
    return ColumnError(f"{what}: rename columns or name another sheet", len(lacking))
