from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from multimodal.evaluation.classification import accuracy, bootstrap_uf1, confusion, uar, uf1


def test_scores_equal_scikit_learn_on_random_cases() -> None:
    rng = np.random.default_rng(0)
    for _ in range(1000):
        size, present = int(rng.integers(1, 40)), int(rng.integers(1, 4))
        truth, guess = rng.integers(present, size=size).tolist(), rng.integers(3, size=size).tolist()
        _, recall, f1, _ = precision_recall_fscore_support(
            truth, guess, labels=[0, 1, 2], average="macro", zero_division=0
        )
        assert uf1(truth, guess) == pytest.approx(f1)
        assert uar(truth, guess) == pytest.approx(recall)
        assert accuracy(truth, guess) == pytest.approx(accuracy_score(truth, guess))


def test_an_absent_class_counts_as_zero() -> None:
    assert uf1([0, 1], [0, 1]) == pytest.approx(2 / 3)
    assert uar([0, 1], [0, 1]) == pytest.approx(2 / 3)


def test_the_majority_class_scores_as_in_the_literature() -> None:
    truth = [0] * 250 + [1] * 109 + [2] * 83  # MEGC 2019
    assert uf1(truth, [0] * 442) == pytest.approx(0.2408, abs=1e-4)
    assert uar(truth, [0] * 442) == pytest.approx(1 / 3)


def test_labels_outside_the_protocol_are_refused() -> None:
    with pytest.raises(ValueError, match=r"prediction in 0\.\.2, given 0\.\.3"):
        confusion([0, 1], [0, 3], 3)
    with pytest.raises(ValueError, match="as many predictions"):
        confusion([0, 1], [0], 3)


def test_the_bootstrap_interval_holds_the_score_and_grows_with_fewer_subjects() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(3, size=300)
    guess = np.where(rng.random(300) < 0.7, truth, rng.integers(3, size=300))
    many = bootstrap_uf1(truth.tolist(), guess.tolist(), [f"s{n // 5}" for n in range(300)])
    few = bootstrap_uf1(truth.tolist(), guess.tolist(), [f"s{n // 100}" for n in range(300)])
    score = uf1(truth.tolist(), guess.tolist())
    assert many[0] < score < many[1]
    assert few[0] <= score <= few[1]


def test_one_subject_leaves_no_interval() -> None:
    low, high = bootstrap_uf1([0, 1, 2], [0, 1, 1], ["a", "a", "a"])
    assert low == high == pytest.approx(uf1([0, 1, 2], [0, 1, 1]))
