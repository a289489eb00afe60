"""The acceptance list has every item, and every test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows(text: str) -> dict[str, list[tuple[str, str]]]:
    """Return item -> the tests that its row names, as file and function."""
    lines = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    return {cells[1].strip(): TEST.findall(cells[3]) for cells in lines if cells[1].strip() != "item"}


def absent(table: dict[str, list[tuple[str, str]]]) -> list[str]:
    """Return what is wrong: items without a test, tests that are not there."""
    wrong = [f"{item} names no test" for item, tests in table.items() if not tests]
    for file, name in (test for tests in table.values() for test in tests):
        path = ROOT / file
        if not path.is_file() or f"\ndef {name}(" not in path.read_text(encoding="utf-8"):
            wrong.append(f"{file}::{name}")
    return wrong


def test_every_item_has_tests_that_are_there() -> None:
    table = rows((ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8"))
    assert list(table) == [*map(str, range(1, 21)), "privacy"]
    assert absent(table) == []


def test_the_check_can_fail() -> None:
    table = rows("| 1 | a | `tests/test_cli.py::test_nothing` | - |\n| 2 | b | none | - |\n")
    assert absent(table) == ["2 names no test", "tests/test_cli.py::test_nothing"]
