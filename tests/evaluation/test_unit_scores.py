from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from multimodal.data.samples import LabelLeakError
from multimodal.evaluation.guard import SealedLabels
from multimodal.evaluation.intervals import interval
from multimodal.evaluation.unit_scores import binary_f1, f1_pair, macro_f1, often, unit_counts
from multimodal.evaluation.unit_summary import figures, means
from multimodal.results import ACTION_UNITS

SUBJECTS = tuple(f"d/p{number % 4}" for number in range(40))


def drawn(seed: int, unknown: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = (rng.random((40, 12)) < rng.random(12)).astype(np.float32)
    truth[rng.random(40) < unknown] = np.nan
    return truth, rng.random((40, 12))


@settings(max_examples=20)  # scikit-learn takes its time
@given(st.integers(0, 10_000))
def test_scores_are_those_of_scikit_learn_over_known_clips(seed: int) -> None:
    truth, scores = drawn(seed)
    counts = unit_counts(truth, scores >= 0.5)
    known = np.isfinite(truth[:, 0])
    for number in range(12):
        real, called = truth[known, number].astype(int), (scores[known, number] >= 0.5).astype(int)
        macro = f1_score(real, called, labels=[0, 1], average="macro", zero_division=0)
        assert macro_f1(counts)[number] == pytest.approx(macro)
        assert binary_f1(counts)[number] == pytest.approx(f1_score(real, called, zero_division=0))
        assert counts[number].sum() == known.sum()


def test_whoever_calls_a_unit_always_has_half_of_it_on_average() -> None:
    truth, _ = drawn(0)
    counts = unit_counts(truth, np.ones(truth.shape, bool))
    np.testing.assert_allclose(macro_f1(counts), binary_f1(counts) / 2)


def test_nothing_at_all_scores_nothing() -> None:
    assert f1_pair(np.zeros((2, 2))).tolist() == [0, 0]


def test_units_are_scored_where_enough_clips_of_enough_people_show_them() -> None:
    truth = np.zeros((12, 5), np.float32)
    truth[:5, 0] = 1  # five clips of two people
    truth[:4, 1] = 1  # four
    truth[::2, 2] = 1  # six, of one person
    truth[:8, 3] = 1  # eight, but only four clips without
    truth[:, 4] = np.nan
    people = ("a", "b") * 6
    assert often(truth, people, 5).tolist() == [True, False, False, False, False]
    assert often(truth, people, 4).tolist() == [True, True, False, True, False]


def filed(truth: np.ndarray, *scores: np.ndarray) -> SealedLabels:
    sealed = SealedLabels(truth, 12, [("none", seed) for seed in range(len(scores))])
    for seed, one in enumerate(scores):
        sealed.file(("none", seed), np.arange(len(truth)), one)
    return sealed


def test_units_stay_sealed_until_every_clip_has_been_named() -> None:
    truth, scores = drawn(1)
    sealed = SealedLabels(truth, 12, [("none", 0)])
    sealed.file(("none", 0), np.arange(39), scores[:39])
    with pytest.raises(LabelLeakError, match="1 clips are not named yet"):
        figures(sealed, SUBJECTS, (0,), np.ones(12, bool))
    sealed.file(("none", 0), np.array([39]), scores[39:])
    np.testing.assert_array_equal(sealed.open(), truth)


def test_means_leave_out_units_that_are_not_scored_and_average_over_seeds() -> None:
    truth, scores = drawn(2)
    scored = np.arange(12) % 3 == 0
    sealed = filed(truth, scores, 1 - scores)
    table = figures(sealed, SUBJECTS, (0, 1), scored)
    assert [row["unit"] for row in table["units"]] == [f"AU{ACTION_UNITS[number]}" for number in (0, 3, 6, 9)]
    each = [macro_f1(unit_counts(truth, one >= 0.5))[scored].mean() for one in (scores, 1 - scores)]
    assert table["macro_f1"] == pytest.approx(np.mean(each), abs=1e-4)
    assert table["macro_f1_sd"] == pytest.approx(np.std(each, ddof=1), abs=1e-4)
    assert table["macro_f1"] == pytest.approx(np.mean([row["macro_f1"] for row in table["units"]]), abs=1e-4)
    assert means(sealed, 1, scored)["macro_f1"] == pytest.approx(each[1], abs=1e-4)
    assert figures(filed(truth, scores), SUBJECTS, (0,), scored)["binary_f1_sd"] is None


def test_the_interval_is_that_of_drawing_whole_people_anew() -> None:
    truth, scores = drawn(3)
    scored, owners = np.ones(12, bool), np.array(SUBJECTS)
    table = figures(filed(truth, scores), SUBJECTS, (0,), scored)
    taken = np.random.default_rng(0).multinomial(4, np.full(4, 0.25), size=2000)
    slow = []
    for draw in taken:
        rows = [np.flatnonzero(owners == who) for who, times in enumerate_people(draw) for _ in range(times)]
        chosen = np.concatenate(rows)
        slow.append(binary_f1(unit_counts(truth[chosen], scores[chosen] >= 0.5)).mean())
    assert table["binary_f1_ci95"] == pytest.approx(interval(np.array(slow)), abs=1e-4)


def enumerate_people(draw: np.ndarray) -> list[tuple[str, int]]:
    return list(zip(sorted(set(SUBJECTS)), draw.tolist(), strict=True))
