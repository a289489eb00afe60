from __future__ import annotations

import csv
from pathlib import Path

import pytest

from multimodal.evaluation.ledger import COLUMNS, hash_of, record, tidy


def test_every_number_gets_a_row_with_its_origin(tmp_path: Path) -> None:
    figures = {
        "uf1": 0.5,
        "name": "x",
        "ok": True,
        "by": {"a": {"uar": 1}},
        "rows": [{"occlusion": "mask", "uf1": 0.25}],
    }
    path = tmp_path / "r" / "figures.csv"
    assert record(path, figures, config={"a": 1}, seed=3, command=["/somewhere/cli.py", "evaluate", "a b"]) == 3
    record(path, {"again": 2}, command=["x"])
    rows = list(csv.DictReader(path.open()))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["figure"], row["value"]) for row in rows] == [
        ("uf1", "0.5"),
        ("by.a.uar", "1"),
        ("rows.mask.uf1", "0.25"),
        ("again", "2"),
    ]
    assert rows[0]["command"] == "veilspeak evaluate 'a b'"
    assert rows[0]["seed"] == "3"
    assert "numpy=" in rows[0]["versions"]


def test_hash_follows_names_and_contents(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a").write_text("1")
    seen = {hash_of(folder)}
    (folder / "sub" / "a").write_text("2")
    seen.add(hash_of(folder))
    (folder / "sub" / "a").rename(folder / "sub" / "b")
    seen.add(hash_of(folder))
    assert len(seen) == 3
    assert hash_of(folder / "sub" / "*") != hash_of(folder / "sub" / "c*")


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (["/home/multimodal/.venv/bin/veilspeak", "evaluate"], "veilspeak evaluate"),
        (["/home/me/multimodal/cli.py", "demo"], "veilspeak demo"),
        (
            ["/multimodal/checkout/multimodal/evaluation/null_test.py", "--n"],
            "python -m multimodal.evaluation.null_test --n",
        ),
        (["python", "-m", "occlusion.preview"], "python -m occlusion.preview"),
        ([""], "veilspeak"),
    ],
)
def test_a_command_is_named_as_people_type_it(command: list[str], named: str) -> None:
    assert " ".join(tidy(command)) == named
