from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_example import write_example

from multimodal.errors import DecodeError, MissingError, UsageError
from multimodal.evaluation.ledger import COLUMNS as LEDGER
from multimodal.evaluation.report import write_report
from multimodal.evaluation.report.rows import COLUMNS


def refused(folder: Path, error: type[Exception]) -> str:
    with pytest.raises(error) as caught:
        write_report(folder)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert not (folder / "report.html").exists()
    return message


def test_an_absent_and_an_empty_folder_name_the_remedy(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        assert "veilspeak evaluate expression" in refused(folder, MissingError)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "cannot be read as JSON"),
        ('{"model": "x", ', "cannot be read as JSON"),
        ("[1, 2]", "content"),
        ('{"model": "x"}', "conditions"),
        ('{"conditions": []}', "conditions"),
        ('{"conditions": [{"uf1": 0.5}]}', "conditions.0.occlusion"),
        ('{"conditions": [{"occlusion": "none", "uf1": 73.5}]}', "conditions.0.uf1"),
        ('{"conditions": [{"occlusion": "none", "uf1_ci95": [0.1]}]}', "conditions.0.uf1_ci95"),
        ('{"conditions": [{"occlusion": "none"}, {"occlusion": "none"}]}', "twice"),
        ('{"classes": ["a", "b"], "conditions": [{"occlusion": "none", "confusion": [[1]]}]}', "confusion matrix"),
        (
            '{"classes": ["a", "b"], "conditions": [{"occlusion": "none", "confusion": [[1, 2], [3]]}]}',
            "confusion matrix",
        ),
        ('{"conditions": [{"occlusion": "none", "confusion": [[1]]}]}', "confusion matrix"),
    ],
)
def test_a_damaged_summary_is_refused(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "expression.json").write_text(content, encoding="utf-8")
    message = refused(tmp_path, DecodeError)
    assert told in message
    assert "expression.json" in message
    assert "run veilspeak evaluate expression again" in message


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "expression.json").write_bytes(b"\xff\xfe\x00\x80")
    assert "expression.json" in refused(tmp_path, DecodeError)


Lines = list[list[str]]


def _without(column: str) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        place = lines[0].index(column)
        for line in lines:
            del line[place]

    return change


def _with(column: str, value: str) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        lines[3][lines[0].index(column)] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without("predicted"), "column predicted is missing"),
        (_without("score_positive"), "column score_positive is missing"),
        (_without("attention_chin"), "column attention_chin is missing"),
        (_with("truth", "joy"), "line 4: truth 'joy' is not one of negative, positive, surprise"),
        (_with("score_negative", "high"), "line 4: score_negative 'high' is not a number"),
        (_with("attention_chin", "nan"), "line 4: attention_chin 'nan' is not a number"),
        (_with("condition", "hand"), "condition 'hand' is not in expression.json"),
        (lambda lines: lines[3].pop(), "line 4 does not have as many fields"),
        (lambda lines: lines[3].append("more"), "line 4 does not have as many fields"),
        (lambda lines: lines.clear(), "column condition is missing"),
    ],
)
def test_damaged_answers_are_refused(tmp_path: Path, change: Callable[[Lines], None], told: str) -> None:
    write_example(tmp_path)
    path = tmp_path / "predictions.csv"
    lines = list(csv.reader(path.open(encoding="utf-8")))
    change(lines)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    message = refused(tmp_path, DecodeError)
    assert told in message
    assert "predictions.csv" in message
    assert "evaluate expression again" in message


def test_a_folder_that_cannot_be_written_to_names_the_remedy(tmp_path: Path) -> None:
    write_example(tmp_path)
    (tmp_path / "report.html").mkdir()
    with pytest.raises(UsageError, match=r"cannot write .*report\.html"):
        write_report(tmp_path)


def test_rows_hold_every_figure_and_their_origin(tmp_path: Path) -> None:
    content = {name: write_example(tmp_path / name, name, seed=seed) for seed, name in enumerate(("a", "b"))}
    assert write_report(tmp_path)["conditions"] == 12
    rows = list(csv.DictReader((tmp_path / "report.csv").open(encoding="utf-8")))
    assert tuple(rows[0]) == COLUMNS
    assert set(LEDGER) - {"figure", "value"} <= set(COLUMNS)
    wanted = [(name, condition) for name, summary in content.items() for condition in summary["conditions"]]
    for row, (name, condition) in zip(rows, wanted, strict=True):
        assert (row["model"], row["occlusion"]) == (name, condition["occlusion"])
        for key in ("covered", "uf1", "uar", "accuracy", "wf1", "uf1_sd", "diff"):
            assert float(row[key]) == condition[key]
        assert [float(row["uf1_low"]), float(row["uf1_high"])] == condition["uf1_ci95"]
        assert row["command"] == content[name]["provenance"]["command"]
        assert row["data"] == content[name]["provenance"]["data_sha256"][:16]
        assert "numpy=1.26.4" in row["versions"]
    assert rows[0]["diff_low"] == ""


def test_rows_of_a_bare_summary_are_empty_not_zero(tmp_path: Path) -> None:
    bare: dict[str, Any] = {"conditions": [{"occlusion": "none", "uf1": 0.5}]}
    (tmp_path / "expression.json").write_text(json.dumps(bare), encoding="utf-8")
    write_report(tmp_path)
    (row,) = csv.DictReader((tmp_path / "report.csv").open(encoding="utf-8"))
    assert {name: value for name, value in row.items() if value} == {
        "run": tmp_path.name,
        "occlusion": "none",
        "uf1": "0.5",
    }


def test_the_verb_prints_where_the_report_lies_and_one_line_where_there_is_none(tmp_path: Path) -> None:
    write_example(tmp_path / "run")
    command = [sys.executable, "cli.py", "report"]
    done = subprocess.run([*command, str(tmp_path / "run"), "--json"], capture_output=True, text=True, timeout=60)
    summary = json.loads(done.stdout)
    assert summary["runs"] == 1
    assert Path(summary["outputs"]["report"]).is_file()
    failed = subprocess.run([*command, str(tmp_path / "none")], capture_output=True, text=True, timeout=60)
    assert failed.returncode == 3
    assert len(failed.stderr.strip().splitlines()) == 1
