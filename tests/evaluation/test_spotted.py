from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.evaluation.spotted import Counts, Interval, count, iou, matched

INTERVALS = st.tuples(st.integers(0, 30), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))
LISTS = st.lists(INTERVALS, max_size=5)


def slow_iou(one: Interval, other: Interval) -> float:
    first, second = (set(range(begin, end + 1)) for begin, end in (one, other))
    return len(first & second) / len(first | second)


def slow_hits(found: list[Interval], truth: list[Interval]) -> int:
    """Try every way to pair them."""
    few, many = sorted((found, truth), key=len)
    return max(
        sum(slow_iou(one, other) >= 0.5 for one, other in zip(few, order, strict=True))
        for order in permutations(many, len(few))
    )


@given(INTERVALS, INTERVALS)
def test_overlap_counts_frames(one: Interval, other: Interval) -> None:
    assert iou(one, other) == pytest.approx(slow_iou(one, other))
    assert iou(one, other) == iou(other, one)
    assert iou(one, one) == 1


@given(LISTS, LISTS)
def test_as_many_as_possible_hit_one_to_one(found: list[Interval], truth: list[Interval]) -> None:
    pairs = matched(found, truth)
    assert len(pairs) == slow_hits(found, truth)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(slow_iou(found[row], truth[column]) >= 0.5 for row, column in pairs)


@given(LISTS, LISTS, st.integers(0, 1000))
def test_f1_lies_between_0_and_1_and_does_not_hang_on_when(
    found: list[Interval], truth: list[Interval], shift: int
) -> None:
    counts = count(found, truth)
    assert counts.tp + counts.fp == len(found)
    assert counts.tp + counts.fn == len(truth)
    assert 0 <= counts.f1 <= 1
    moved = [[(begin + shift, end + shift) for begin, end in rows] for rows in (found, truth)]
    assert count(*moved) == counts


@given(LISTS)
def test_the_truth_is_perfect_and_nothing_is_not(truth: list[Interval]) -> None:
    assert count(truth, truth).f1 == (1.0 if truth else 0.0)
    assert count([], truth) == Counts(0, 0, len(truth))


def test_two_that_hit_the_same_are_one_hit_and_one_error() -> None:
    assert count([(0, 4), (5, 9)], [(0, 9)]) == Counts(1, 1, 0)
    assert count([(0, 9)], [(0, 4), (5, 9)]) == Counts(1, 0, 1)


def test_half_is_enough_and_less_is_not() -> None:
    assert iou((0, 9), (5, 9)) == 0.5
    assert count([(5, 9)], [(0, 9)]).tp == 1
    assert count([(6, 9)], [(0, 9)]).tp == 0


def test_sums_over_videos_come_before_the_score() -> None:
    total = Counts(3, 0, 0) + Counts(0, 1, 4)
    assert total == Counts(3, 1, 4)
    assert (total.precision, total.recall) == (0.75, pytest.approx(3 / 7))
    assert total.f1 == pytest.approx(2 * 0.75 * (3 / 7) / (0.75 + 3 / 7))
    assert (Counts().precision, Counts().recall, Counts().f1) == (0, 0, 0)
