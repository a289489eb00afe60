from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.expression.flow_features import Wave, strongest, waves

HALF, LENGTH = 6, 31


def windows(level: np.ndarray, place: int = 2) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return the windows of a film in which one of four places moves down and up as ``level`` says."""
    starts = tuple(range(0, len(level), LENGTH // 2))
    places = np.full((len(starts), LENGTH, 4, 2), np.nan, np.float32)
    for row, start in enumerate(starts):
        moved = level[start : start + LENGTH] - level[start]
        places[row, : len(moved)] = 0
        places[row, : len(moved), place, 1] = moved
    return places, starts


def bump(length: int, first: int, apex: int, last: int, height: float) -> np.ndarray:
    return height * np.interp(np.arange(length), [first, apex, last], [0.0, 1.0, 0.0])


def test_a_movement_is_one_wave_from_its_beginning_to_its_end() -> None:
    places, starts = windows(bump(150, 60, 66, 72, 2.0))
    found = strongest(waves(places, starts, HALF, (3, 15)), least=0.6)
    assert len(found) == 1
    assert found[0] == (pytest.approx(60, abs=2), pytest.approx(72, abs=2))


def test_height_is_what_it_stands_over_its_surroundings_so_that_drift_does_not_count() -> None:
    drift = np.linspace(0, 6, 150)
    for level in (drift, drift + bump(150, 60, 66, 72, 2.5)):
        found = strongest(waves(*windows(level), HALF, (3, 15)), least=0.6)
        assert len(found) == int(level is not drift)


def test_too_long_and_too_short_waves_are_left_out() -> None:
    places, starts = windows(bump(150, 60, 66, 72, 2.0))
    assert waves(places, starts, HALF, (20, 40)) == []
    assert waves(places, starts, HALF, (1, 5)) == []


def test_a_lost_face_ends_a_window() -> None:
    places, starts = windows(bump(150, 60, 66, 72, 2.0))
    places[:, 10:] = np.nan
    seen = waves(places, starts, HALF, (3, 15))
    assert all(wave.last - start < 10 for wave in seen for start in starts if 0 <= wave.first - start < LENGTH // 2)
    places[:] = np.nan
    assert waves(places, starts, HALF, (3, 15)) == []


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 20), st.floats(0.1, 5)), max_size=15), st.floats(0.1, 3))
def test_of_waves_that_overlap_the_highest_is_kept(rows: list[tuple[int, int, float]], least: float) -> None:
    found = [Wave(first, first + length, height) for first, length, height in rows]
    kept = strongest(found, least)
    assert kept == sorted(kept)
    assert all(one[1] < other[0] for one, other in pairwise(kept))
    high = [wave for wave in found if wave.height >= least]
    assert all(any(wave.first <= last and first <= wave.last for first, last in kept) for wave in high)
    if high:
        best = max(high, key=lambda wave: wave.height)
        assert any(best.first <= last and first <= best.last for first, last in kept)
