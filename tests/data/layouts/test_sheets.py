from __future__ import annotations

import os
from pathlib import Path

import pytest

from multimodal.data.layouts.base import wanted
from multimodal.data.layouts.sheets import ColumnError, read_table, text, whole
from multimodal.errors import DecodeError, MissingError, UsageError
from multimodal.testing.fabricate import write_sheet

COLUMNS = (*wanted(subject="Subject", onset="Onset Frame|OnsetF"), *wanted(False, fps="fps"))


def test_columns_are_found_whatever_their_order_case_blanks_and_place(tmp_path: Path) -> None:
    rows = [("A preamble", None), (None,), ("notes", " ONSET_frame ", None, "subject "), ("x", 12.0, "?", "s1"), ()]
    table = read_table(write_sheet(tmp_path / "a.xlsx", [[("nothing", "here")], rows]), COLUMNS)
    (row,) = table.rows
    assert row.number == 4
    assert row.text("subject") == "s1"
    assert row.cells == {"subject": "s1", "onset": 12, "fps": None}
    assert table.where(row) == "a.xlsx row 4"
    assert row.named == {"notes": "x", " ONSET_frame ".strip(): 12, "subject": "s1"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_files_are_read_as_sheets_are(delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"\ufeffOnsetF{delimiter}Subject\n7{delimiter}Žofie\n\n", encoding="utf-8")
    (row,) = read_table(path, COLUMNS).rows
    assert (row.text("subject"), whole(row.cells["onset"])) == ("Žofie", 7)


def test_a_missing_column_names_file_wanted_and_found(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "a.xlsx", [[("Subject", "Onest Frame"), ("s1", 1)]])
    with pytest.raises(
        ColumnError, match=r"^a.xlsx: no column Onset Frame \(wanted: Subject, Onset Frame; found: Subject, Onest Frame"
    ) as told:
        read_table(path, COLUMNS)
    assert told.value.lacking == 1
    assert told.value.exit_code == 2


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "a.xlsx", [[("Subject", "OnsetF", "Onset Frame"), ("s1", 1, 2)]])
    with pytest.raises(UsageError, match="several columns for onset"):
        read_table(path, COLUMNS)


def test_what_is_no_sheet_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        read_table(tmp_path / "a.xlsx", COLUMNS)
    (tmp_path / "b.xlsx").write_bytes(b"PK\3\4 no sheet")
    (tmp_path / "c.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "d.xls").write_bytes(b"old")
    for name, kind in (("b.xlsx", DecodeError), ("c.csv", DecodeError), ("d.xls", UsageError)):
        with pytest.raises(kind, match=name) as told:
            read_table(tmp_path / name, COLUMNS)
        assert "\n" not in str(told.value)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for number in (1, 2):
        path.write_text(f"Subject,OnsetF\ns,{number}\n")
        os.utime(path, ns=(number, number))
        assert read_table(path, COLUMNS).rows[0].text("onset") == str(number)


@pytest.mark.parametrize(
    ("cell", "shown", "number"),
    [
        (3, "3", 3),
        (3.0, "3", 3),
        ("0046", "0046", 46),
        (" 7 ", "7", 7),
        ("/", "/", "/"),
        (None, "", None),
        (2.5, "2.5", "2.5"),
    ],
)
def test_cells(cell: object, shown: str, number: object) -> None:
    assert text(cell) == shown  # type: ignore[arg-type]
    assert whole(cell) == number  # type: ignore[arg-type]
