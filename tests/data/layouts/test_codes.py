from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.data.layouts.codes import parse_emotion, parse_objective, parse_units, unit_numbers


@pytest.mark.parametrize(
    ("coded", "units"),
    [
        (4, ("4",)),
        ("4+L10", ("4", "L10")),
        ("12A", ("12",)),
        ("A1B+A2C", ("A1", "A2")),
        ("A/L12", ("L12",)),
        ("10A/B", ("10",)),
        ("(R6 or R12) + R15", ("R6", "R12", "R15")),
        ("R14A or 17A or 24A", ("R14", "17", "24")),
        ("7C+A12B", ("7", "A12")),
        ("ref(L10)+A12B", ("L10", "A12")),
        ("4D+ref(6)+7C+43E", ("4", "6", "7", "43")),
        ("T18+39", ("T18", "39")),
        ("R14+17+soft focus", ("R14", "17")),
        ("AU4(k)+L7", ("L7",)),
        ("AUR2+12 (k)+45", ("R2", "45")),
        ("AU 4 + AU 4", ("4",)),
        ("?", ()),
        (None, ()),
    ],
)
def test_units_as_coders_write_them(coded: str | int | None, units: tuple[str, ...]) -> None:
    assert parse_units(coded) == units


@given(st.lists(st.tuples(st.sampled_from(["", "L", "R", "A"]), st.integers(1, 80)), unique=True))
def test_units_that_are_written_plainly_come_back(units: list[tuple[str, int]]) -> None:
    names = tuple(f"{side}{number}" for side, number in units)
    assert parse_units("+".join(names)) == names
    assert unit_numbers(names) == {number for _, number in units}


@pytest.mark.parametrize(
    ("cell", "known"),
    [(3, 3), ("III", 3), ("vii", 7), (7.0, 7), (None, None), ("", None), (8, "8"), ("x", "x"), (0, "0")],
)
def test_objective_classes(cell: str | int | float | None, known: object) -> None:
    assert parse_objective(cell) == known


@pytest.mark.parametrize(
    ("cell", "known"),
    [
        ("Happiness", "happiness"),
        (" Surprise +Positive", "positive+surprise"),
        ("a/ b ,a", "a+b"),
        (None, ""),
        ("tense  x", "tense x"),
    ],
)
def test_emotions(cell: str | None, known: str) -> None:
    assert parse_emotion(cell) == known
