from __future__ import annotations

import pytest

from multimodal.timings import Times, Timings


def test_counts_and_sums_are_of_all_and_percentiles_of_the_last() -> None:
    times = Times(recent=100)
    for value in range(1, 1001):
        times.add(float(value))
    assert (times.count, times.total_ms) == (1000, 500_500)
    assert times.percentile(0) == 901
    assert times.percentile(50) == pytest.approx(950.5)


def test_nothing_was_timed() -> None:
    assert Times().percentile(50) is None
    assert Timings().table() == []


def test_a_row_a_part() -> None:
    timings = Timings()
    for _ in range(3):
        with timings.measure("hands"):
            pass
    with pytest.raises(ZeroDivisionError), timings.measure("face"):
        raise ZeroDivisionError
    (row,) = timings.table()
    assert (row["part"], row["calls"]) == ("hands", 3)
    assert row["median_ms"] <= row["p95_ms"]
