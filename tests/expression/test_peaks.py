from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from multimodal.expression.peaks import peak_intervals, smoothed

SCORES = arrays(np.float64, st.integers(1, 60), elements=st.integers(-50, 50).map(float))


@given(SCORES, st.integers(0, 8))
def test_smoothing_is_the_mean_of_the_frames_that_there_are(scores: np.ndarray, reach: int) -> None:
    slow = [scores[max(n - reach, 0) : n + reach + 1].mean() for n in range(len(scores))]
    np.testing.assert_allclose(smoothed(scores, reach), slow, atol=1e-9)


@given(SCORES, st.integers(1, 8), st.floats(0, 1))
def test_intervals_lie_in_the_video_and_their_middles_apart(scores: np.ndarray, half: int, p: float) -> None:
    found = peak_intervals(scores, np.ones(len(scores), bool), half, p)
    assert all(0 <= first <= last < len(scores) for first, last in found)
    assert found == sorted(found)
    whole = [(first, last) for first, last in found if last - first == 2 * half]
    assert all(later[0] - one[0] >= half for one, later in pairwise(whole))


@given(SCORES, st.integers(1, 8), st.sampled_from([0.25, 2.0, 8.0]), st.integers(-20, 20))
def test_unit_and_zero_of_the_score_do_not_matter(scores: np.ndarray, half: int, factor: float, shift: int) -> None:
    there = np.ones(len(scores), bool)
    # A threshold between the levels of whole scores, lest rounding decide.
    assert peak_intervals(scores, there, half, 0.5001) == peak_intervals(factor * scores + shift, there, half, 0.5001)


def test_what_stands_out_is_spotted_and_what_does_not_is_not() -> None:
    scores = np.zeros(100)
    scores[28:33], scores[68:73] = 1.0, 0.4
    there = np.ones(100, bool)
    assert peak_intervals(scores, there, 5, 0.55) == [(25, 35)]
    assert peak_intervals(scores, there, 5, 0.2) == [(25, 35), (65, 75)]


def test_frames_without_a_score_are_never_peaks() -> None:
    scores = np.zeros(60)
    scores[20], scores[45] = 9.0, 1.0
    there = np.arange(60) != 20
    assert [(first + last) // 2 for first, last in peak_intervals(scores, there, 3)] == [pytest.approx(45, abs=3)]
    assert peak_intervals(scores, np.zeros(60, bool), 3) == []
