from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from multimodal.evaluation import fusion_pairs as pairs_of
from multimodal.fusion.prior import Prior, affect_given_gesture
from multimodal.fusion.reader import EXPRESSION_ROW, GESTURE_ROW
from multimodal.training.pairs import Channel, draw_pairs

PRIOR = Prior(coupling=0.6, affinity={"like": "positive", "dislike": "negative", "fist": "surprise"})


def channel(classes: int, width: int, count: int, seed: int, lost: float = 0.0) -> Channel:
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, count - classes)])
    logits = rng.normal(0, 1.5, (count, classes)) + 1.5 * np.eye(classes)[labels]
    rows = np.ones((count, width), np.float32)
    rows[:, :classes] = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return Channel(rows, labels, np.arange(count), rng.random(count) >= lost)


SIGNS, FACES = channel(19, GESTURE_ROW, 30, 0), channel(3, EXPRESSION_ROW, 12, 1)


def test_weights_are_what_drawing_pairs_comes_to() -> None:
    weights = pairs_of.weights_of(SIGNS, FACES, PRIOR)
    table = affect_given_gesture(PRIOR.coupling, PRIOR.affinity)
    drawn = draw_pairs(SIGNS, FACES, table, 400_000, 0.0, np.random.default_rng(0))
    counted = np.zeros_like(weights)
    np.add.at(counted, (drawn.gesture, drawn.expression), 1 / len(drawn))
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(counted, weights, atol=5e-4)


def test_every_rule_equals_its_slow_self() -> None:
    p, q = pairs_of.posteriors(SIGNS, FACES, (True, True))
    table = affect_given_gesture(PRIOR.coupling, PRIOR.affinity)
    late = pairs_of.product(p, q)
    bayes, mean = pairs_of.with_prior(late, PRIOR), pairs_of.averaged(p, q, PRIOR)
    for i in (0, 7, 29):
        for j in (0, 5, 11):
            slow = np.array([[p[i, g] * q[j, a] for a in range(3)] for g in range(19)])
            np.testing.assert_allclose(late[i, j], slow)
            np.testing.assert_allclose(bayes[i, j], slow * table / (slow * table).sum(), rtol=1e-5)
            given_affect = table / table.sum(0)
            for g in range(19):
                for a in range(3):
                    wanted = (p[i, g] * table[g, a] + q[j, a] * given_affect[g, a]) / 2
                    assert mean[i, j, g, a] == pytest.approx(wanted, rel=1e-5)
    for joint in (late, bayes, mean):
        np.testing.assert_allclose(joint.sum((2, 3)), 1, rtol=1e-5)


def test_answers_and_accuracies_equal_a_loop() -> None:
    p, q = pairs_of.posteriors(SIGNS, FACES, (True, True))
    answers = pairs_of.answers_of(pairs_of.with_prior(pairs_of.product(p, q), PRIOR))
    weights = pairs_of.weights_of(SIGNS, FACES, PRIOR)
    joint = sign = affect = 0.0
    for i, truth in enumerate(SIGNS.labels):
        for j, felt in enumerate(FACES.labels):
            right = (answers.sign[i, j] == truth, answers.affect[i, j] == felt)
            joint, sign = joint + weights[i, j] * all(right), sign + weights[i, j] * right[0]
            affect += weights[i, j] * right[1]
    figures = pairs_of.accuracies(answers, SIGNS, FACES, weights)
    assert figures == pytest.approx({"joint": joint, "gesture": sign, "affect": affect})


def test_a_missing_channel_guesses_and_is_right_by_chance() -> None:
    p, q = pairs_of.posteriors(SIGNS, FACES, (True, False))
    np.testing.assert_allclose(q, 1 / 3)
    np.testing.assert_allclose(pairs_of.credit(q, FACES.labels), 1 / 3)
    np.testing.assert_allclose(pairs_of.credit(p, SIGNS.labels), p.argmax(1) == SIGNS.labels)
    assert not pairs_of.all_pairs(SIGNS, FACES, (True, False)).present[:, 1].any()


def test_what_was_not_found_says_nothing() -> None:
    some = channel(19, GESTURE_ROW, 30, 0, lost=0.5)
    p, _ = pairs_of.posteriors(some, FACES, (True, True))
    np.testing.assert_allclose(p[~some.found], 1 / 19)
    pairs = pairs_of.all_pairs(some, FACES, (True, True))
    np.testing.assert_array_equal(pairs.present[:, 0].reshape(30, 12), np.repeat(some.found[:, None], 12, 1))
    np.testing.assert_array_equal(pairs.gesture.reshape(30, 12)[:, 0], np.arange(30))


@given(
    hnp.arrays(float, 12, elements=st.floats(0.05, 1)),
    hnp.arrays(bool, 12),
    st.sampled_from([1, 2, 3, 6]),
)
def test_abstaining_from_whole_pairs_equals_leaving_them_out(
    confidence: np.ndarray, right: np.ndarray, gone: int
) -> None:
    confidence = confidence + np.arange(12) * 1e-6 if len(set(confidence)) < 12 else confidence
    weights = np.full((3, 4), 1 / 12)
    kept = np.argsort(confidence)[gone:]
    share = pairs_of.abstaining(confidence.reshape(3, 4), right.reshape(3, 4), weights, gone / 12)
    assert share == pytest.approx(right[kept].mean(), abs=1e-4 if len(set(confidence)) == 12 else 1)


def test_equally_sure_pairs_go_alike() -> None:
    right = np.array([[True, False], [False, True]])
    assert pairs_of.abstaining(np.full((2, 2), 0.5), right, np.full((2, 2), 0.25), 0.3) == pytest.approx(0.5)


def test_calibration_error_is_nought_for_a_calibrated_and_large_for_a_boastful_head() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random((300, 300))
    weights = np.full(confidence.shape, 1 / confidence.size)
    right = rng.random(confidence.shape) < confidence
    assert pairs_of.calibration_error(confidence, right, weights) < 0.01
    assert pairs_of.calibration_error(np.full_like(confidence, 0.99), right, weights) == pytest.approx(0.49, abs=0.01)
