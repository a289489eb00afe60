from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from multimodal.evaluation.classification import (
    accuracy,
    confusion,
    relative_rate_increase,
    uar,
    uf1,
    weighted_f1,
)


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
        weighted = precision_recall_fscore_support(truth, guess, labels=[0, 1, 2], average="weighted", zero_division=0)
        assert weighted_f1(truth, guess) == pytest.approx(weighted[2])
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


def test_the_published_log_of_ststnet_gives_its_known_scores() -> None:
    # Counts of the authors' MATLAB log, rows truth; their table prints the macro precision, .7605, as UAR.
    logs = {
        "casme2": [[83, 5, 0], [12, 19, 1], [2, 0, 23]],
        "smic": [[54, 10, 6], [17, 30, 4], [14, 1, 28]],
        "samm": [[82, 7, 3], [11, 13, 2], [5, 2, 8]],
    }
    known = {"casme2": (0.8382, 0.8190), "smic": (0.6801, 0.6703), "samm": (0.6588, 0.6415), "all": (0.7353, 0.7186)}
    for name, counts in {**logs, "all": np.sum(list(logs.values()), axis=0).tolist()}.items():
        pairs = [(i, j) for i in range(3) for j in range(3) for _ in range(counts[i][j])]
        truth, guess = [i for i, _ in pairs], [j for _, j in pairs]
        assert (uf1(truth, guess), uar(truth, guess)) == pytest.approx(known[name], abs=5e-5)


@given(st.integers(0, 20), st.integers(0, 19))
def test_the_relative_rate_increase_is_the_share_of_mistakes_that_are_made_good(fused: int, best: int) -> None:
    mistakes, fewer = 20 - best, fused - best
    assert relative_rate_increase(fused / 20, best / 20) == pytest.approx(fewer / mistakes)


def test_who_makes_no_mistake_cannot_gain() -> None:
    assert relative_rate_increase(1.0, 1.0) is None
    assert relative_rate_increase(0.9, 1.0) is None
    assert relative_rate_increase(1.0, 0.5) == 1
    with pytest.raises(ValueError, match="expected best within 0 to 1, given 80"):
        relative_rate_increase(0.9, 80)
