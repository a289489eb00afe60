"""The plain table as a layout: a CSV with the columns of an index, or a folder with an ``index.csv``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from multimodal.data.index import ClipIndex
from multimodal.data.layouts.base import Layout, register_layout
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.sheets import Table


@register_layout("table")
class Plain(Layout):
    """A plain table."""

    name = "table"
    title = "a plain table"
    fps = 0.0
    emotions = frozenset()
    columns = ()

    def looks_like(self, root: Path) -> bool:
        """Tell whether it is such a file, or a folder that has one."""
        return self._claims(self._file(root))

    def read(self, root: Path, sheet: Path | None = None) -> ClipIndex:
        """Read and check the table; see ``table.read_index``."""
        from multimodal.data.table import read_index

        return read_index(sheet or self._file(root))

    def table(self, path: Path) -> Table:
        """Read the rows; see ``sheets.read_table`` for the errors."""
        from multimodal.data.layouts.sheets import read_table
        from multimodal.data.table import COLUMNS

        return read_table(path, COLUMNS)

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """Rows are read by ``read_index``."""
        yield from ()

    def _file(self, root: Path) -> Path:
        from multimodal.data.table import NAME

        return root / NAME if root.is_dir() else root
