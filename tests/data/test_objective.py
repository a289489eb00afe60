from __future__ import annotations

import pytest

from multimodal.data.objective import COMBINATIONS, objective_class
from multimodal.results import OBJECTIVE_CLASSES


@pytest.mark.parametrize("name", OBJECTIVE_CLASSES)
def test_every_listed_combination_is_of_its_class(name: str) -> None:
    for units in COMBINATIONS[name]:
        assert objective_class(units, tolerance=1) == OBJECTIVE_CLASSES.index(name)


@pytest.mark.parametrize("units", [(1, 2, 4), (20,), (14,), ()])
def test_the_other_classes_have_no_label(units: tuple[int, ...]) -> None:
    assert objective_class(units) is None


def test_a_near_combination_counts_only_with_tolerance() -> None:
    assert objective_class({1, 2, 5}, tolerance=1) is None
    assert objective_class({1, 2, 5}, tolerance=0.6) == OBJECTIVE_CLASSES.index("II")


def test_what_fits_two_classes_has_no_label() -> None:
    assert objective_class({9, 12}, tolerance=0.5) is None
