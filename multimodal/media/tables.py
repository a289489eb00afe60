"""Tables as files, a row at a time: CSV, JSON lines, or Parquet."""

from __future__ import annotations

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from multimodal.errors import MissingError, UsageError

ROW_GROUP = 4096
"""Rows that a Parquet table keeps in memory before they are written as a group."""

Columns = Mapping[str, type]
"""The names of the columns in their order, and what stands in them: ``int``, ``float`` or ``str``; or None anywhere."""


class Table(ABC):
    """A table that is written a row at a time, in memory that does not grow; a context manager.

    Args:
        path: The file; its folder is made if need be.
        columns: Its columns.
    """

    def __init__(self, path: Path, columns: Columns) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.columns = columns
        self.rows = 0

    def write(self, cells: Sequence[object]) -> None:
        """Write a row: a cell a column, None where nothing is known."""
        self._write(cells)
        self.rows += 1

    @abstractmethod
    def _write(self, cells: Sequence[object]) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """Finish the file; may be called twice."""

    def __enter__(self) -> Table:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class CsvTable(Table):
    """CSV in UTF-8 with a line of names; each row is readable at once, whenever the process dies."""

    def __init__(self, path: Path, columns: Columns) -> None:
        super().__init__(path, columns)
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._write(tuple(columns))

    def _write(self, cells: Sequence[object]) -> None:
        self._writer.writerow(cells)
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class JsonlTable(Table):
    """A JSON object a line, with every column in each; each row is readable at once."""

    def __init__(self, path: Path, columns: Columns) -> None:
        super().__init__(path, columns)
        self._file = path.open("w", encoding="utf-8", newline="")

    def _write(self, cells: Sequence[object]) -> None:
        row = dict(zip(self.columns, cells, strict=True))
        self._file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class ParquetTable(Table):
    """Parquet in groups of ``ROW_GROUP`` rows; readable once it is closed.

    Raises:
        MissingError: The ``pyarrow`` package is not installed.
    """

    def __init__(self, path: Path, columns: Columns) -> None:
        self._arrow, parquet = _pyarrow()
        super().__init__(path, columns)
        kinds = {int: self._arrow.int64(), float: self._arrow.float64(), str: self._arrow.string()}
        self._schema = self._arrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
        self._writer = parquet.ParquetWriter(path, self._schema)
        self._waiting: list[Sequence[object]] = []

    def _write(self, cells: Sequence[object]) -> None:
        self._waiting.append(cells)
        if len(self._waiting) == ROW_GROUP:
            self._finish_group()

    def _finish_group(self) -> None:
        rows = [dict(zip(self.columns, cells, strict=True)) for cells in self._waiting]
        self._writer.write_table(self._arrow.Table.from_pylist(rows, schema=self._schema))
        self._waiting.clear()

    def close(self) -> None:
        """Write the last group and close the file."""
        if self._waiting:
            self._finish_group()
        self._writer.close()


FORMATS: Mapping[str, type[Table]] = {"csv": CsvTable, "jsonl": JsonlTable, "parquet": ParquetTable}
"""The formats by name, which is also the files' suffix."""


def table_format(name: str) -> type[Table]:
    """Return the format of that name, if it can be written here.

    Raises:
        UsageError: There is no such format.
        MissingError: It needs a package that is not installed.
    """
    if name not in FORMATS:
        raise UsageError(f"no format {name!r}: take one of {', '.join(FORMATS)}")
    if name == "parquet":
        _pyarrow()
    return FORMATS[name]


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:  # a newer one, which wants another numpy, raises it too
        why = "which is not installed" if isinstance(error, ModuleNotFoundError) else f"which does not load ({error})"
        remedy = "pip install 'veilspeak[parquet]', or take csv or jsonl"
        raise MissingError(f"Parquet needs pyarrow, {why}: {remedy}") from error
    return pyarrow, pyarrow.parquet
