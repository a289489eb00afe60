"""Every format of table gives back what was written, a row at a time."""

from __future__ import annotations

import csv
import json
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from multimodal.errors import MissingError, UsageError
from multimodal.media.tables import FORMATS, ROW_GROUP, table_format

COLUMNS = {"frame": int, "t_ms": float, "word": str}
ROWS = [(0, 0.0, 'Ja, "gerne" 你好\n'), (1, 33.367, None), (2, None, "")]


def written(path: Path, form: str) -> list[dict[str, Any]]:
    if form == "csv":
        return list(csv.DictReader(path.open(encoding="utf-8", newline="")))
    if form == "jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    parquet = pytest.importorskip("pyarrow.parquet", exc_type=ImportError)
    return parquet.read_table(path).to_pylist()


@pytest.mark.parametrize("form", FORMATS)
def test_rows_come_back(tmp_path: Path, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", exc_type=ImportError)
    path = tmp_path / "deep" / f"table.{form}"
    with table_format(form)(path, COLUMNS) as table:
        for row in ROWS:
            table.write(row)
    assert table.rows == 3
    expected = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    if form == "csv":
        expected = [{key: "" if value is None else str(value) for key, value in row.items()} for row in expected]
    assert written(path, form) == expected


@pytest.mark.parametrize("form", FORMATS)
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", exc_type=ImportError)

    def fill(count: int) -> None:
        for number in range(count):
            table.write((number, number / 7, f"word {number}"))

    with table_format(form)(tmp_path / "table", COLUMNS) as table:
        tracemalloc.start()
        try:
            fill(2 * ROW_GROUP)
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            fill(4 * ROW_GROUP)
            after, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert after - before < 100_000  # the rows alone would be megabytes
    assert peak - before < 6_000_000


def test_parquet_has_groups_and_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", exc_type=ImportError)
    with table_format("parquet")(tmp_path / "table.parquet", COLUMNS) as table:
        for number in range(ROW_GROUP + 1):
            table.write((number, None, None))
    file = parquet.ParquetFile(tmp_path / "table.parquet")
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [ROW_GROUP, 1]
    assert [str(kind) for kind in file.schema_arrow.types] == ["int64", "double", "string"]


def test_what_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="take one of csv, jsonl, parquet"):
        table_format("xls")
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # an import then finds nothing
    with pytest.raises(MissingError, match=r"pip install 'veilspeak\[parquet\]'"):
        table_format("parquet")
