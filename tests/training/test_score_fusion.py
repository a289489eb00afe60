"""Score fusion: the arithmetic against slow versions of itself, and that the test side has no say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_samples import fake_samples
from hypothesis import given, settings
from hypothesis import strategies as st

import multimodal.training.classifiers.base as base
from multimodal.data.samples import FlowSamples, LabelLeakError
from multimodal.errors import UsageError
from multimodal.evaluation.cross_validation import Experiment, cross_validate
from multimodal.evaluation.protocols import folds_of
from multimodal.training.classifiers.base import (
    CLASSIFIERS,
    FAMILIES,
    Classifier,
    FoldTask,
    Scores,
    build_classifier,
    classifier_names,
)
from multimodal.training.classifiers.fuse import SPLITS, FusedClassifier, parts_of
from multimodal.training.inner import inner_splits
from multimodal.training.score_fusion import FLOOR, PULL, fitted_weights, fused, log_probabilities

GIVEN: list[FoldTask] = []


class Oracle(Classifier):
    """Is told by the first cell of each map, and right in all of it."""

    iterative = True

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        GIVEN.append(task)
        return [0.1 + 0.7 * np.eye(3)[test.flow[:, 0, 0, 0].astype(int)] for test in task.tests]

    def trace(self, task: FoldTask) -> list[np.ndarray]:
        return [np.stack([np.full_like(last, 1 / 3), last]) for last in self.fit_predict(task)]


class Noise(Classifier):
    """Sure of anything, whatever it is shown; it asks for frames."""

    needs = ("frames",)

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        rng = np.random.default_rng(len(task.train))
        return [rng.dirichlet([0.2] * 3, len(test)) for test in task.tests]


class Slow(Oracle):
    """As the oracle, less sure, in three epochs of which the second is wrong."""

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        return [(scores + 0.2) / 1.6 for scores in super().fit_predict(task)]

    def trace(self, task: FoldTask) -> list[np.ndarray]:
        return [np.stack([np.full_like(last, 1 / 3), last[:, [1, 2, 0]], last]) for last in self.fit_predict(task)]


class Values(Oracle):
    """As the oracle, with decision values, some of them below zero, for scores; all folds together."""

    probable, together, chance, iterative = False, True, False, False

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        return [4 * scores - 2 for scores in super().fit_predict(task)]

    def trace(self, task: FoldTask) -> list[np.ndarray]:
        return [scores[None] for scores in self.fit_predict(task)]


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier_names()
    GIVEN.clear()
    for name, kind in (("oracle", Oracle), ("noise", Noise), ("slow", Slow), ("values", Values)):
        monkeypatch.setitem(base.CLASSIFIERS._entries, name, kind)


def told_samples(people: int = 6) -> FlowSamples:
    samples = fake_samples(people=people)
    flow = samples.flow.copy()
    flow[:, 0, 0, 0] = samples.labels
    return replace(samples, flow=flow)


def task_of(samples: FlowSamples) -> FoldTask:
    fold = folds_of("loso", samples)[0]
    return FoldTask(fold.name, samples.pick(fold.train), (samples.pick(fold.test).sealed(),))


def slow_cost(weights: np.ndarray, logs: np.ndarray, labels: list[int]) -> float:
    """The sum that is made small, term by term."""
    cost = PULL * sum((w - 1 / len(weights)) ** 2 for w in weights)
    for row, label in enumerate(labels):
        powers = [np.exp(sum(w * part[row, c] for w, part in zip(weights, logs, strict=True))) for c in range(3)]
        cost -= np.log(powers[label] / sum(powers)) / labels.count(label) / len(set(labels))
    return float(cost)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(2, 3), st.integers(1, 12))
def test_no_weights_nearby_are_better(seed: int, parts: int, clips: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, clips)
    logs = np.stack([log_probabilities(rng.dirichlet([0.5] * 3, clips)) for _ in range(parts)])
    found = fitted_weights(logs, labels)
    assert (found >= 0).all()
    least = slow_cost(found, logs, labels.tolist())
    others = [np.maximum(found + step, 0) for step in rng.normal(0, 0.3, (20, parts))]
    assert all(slow_cost(other, logs, labels.tolist()) >= least - 1e-5 for other in others)


def test_fused_scores_are_the_weighted_product() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.dirichlet([1] * 3, 5), rng.dirichlet([1] * 3, 5)
    product = first**0.3 * second**2
    found = np.exp(fused(np.log(np.stack((first, second))), np.array([0.3, 2.0])))
    np.testing.assert_allclose(found, product / product.sum(axis=1, keepdims=True))


def test_log_probabilities_have_a_floor_and_values_go_through_a_softmax() -> None:
    floored = np.exp(log_probabilities(np.array([[1.0, 0.0, 0.0]])))
    np.testing.assert_allclose(floored, [[1, FLOOR, FLOOR]] / np.array(1 + 2 * FLOOR))
    values = np.array([[3.0, -1.0, 0.5], [0.2, 0.3, 0.5]])
    expected = torch.from_numpy(values).log_softmax(dim=1).numpy()
    np.testing.assert_allclose(log_probabilities(values, told=False), expected, atol=1e-3)


def test_who_knows_is_listened_to_and_who_does_not_is_not() -> None:
    samples = told_samples()
    classifier = build_classifier("fuse:oracle+noise")
    assert isinstance(classifier, FusedClassifier)
    (weights,) = classifier.weights([task_of(samples)])
    assert weights[0] > 10 * weights[1]
    outcome = cross_validate(Experiment("fuse:oracle+noise"), samples, folds_of("loso", samples), workers=1)
    assert (outcome.sealed.scores(("none", 0)).argmax(axis=1) == outcome.sealed.open()).all()


def test_weights_come_from_people_of_the_training_side_that_a_part_does_not_know() -> None:
    samples = told_samples()
    task = task_of(samples)
    build_classifier("fuse:oracle+noise").fit_predict(task)
    outer, *inner = GIVEN
    assert outer is task
    assert len(inner) == SPLITS
    for one in inner:
        assert not set(one.train.subjects) & set(one.tests[0].subjects)
        assert not set(one.train.subjects + one.tests[0].subjects) & set(task.tests[0].subjects)
        with pytest.raises(LabelLeakError):
            _ = one.tests[0].labels
    held = sorted(name for one in inner for name in one.tests[0].names)
    assert held == sorted(task.train.names)


@pytest.mark.parametrize("model", ["fuse:flow-logreg+flow-svm", "fuse:oracle+noise"])
def test_poison_in_the_test_side_changes_no_weight(model: str) -> None:
    task = task_of(told_samples())
    (poisoned,) = task.tests
    other = replace(task, tests=(replace(poisoned, flow=np.full_like(poisoned.flow, 2)),))
    classifier = build_classifier(model)
    assert isinstance(classifier, FusedClassifier)
    np.testing.assert_array_equal(*(classifier.weights([one])[0] for one in (task, other)))


def test_one_person_alone_leaves_all_parts_alike() -> None:
    samples = told_samples(people=2)
    task = task_of(samples)
    assert inner_splits(task.train) == []
    classifier = FusedClassifier(["oracle", "values"])
    assert classifier.weights([task])[0].tolist() == [0.5, 0.5]
    assert (classifier.fit_predict(task)[0].argmax(axis=1) == task.tests[0].flow[:, 0, 0, 0]).all()


def test_what_a_fusion_needs_follows_from_its_parts() -> None:
    fusion = build_classifier("fuse:noise+values+oracle")
    assert (fusion.needs, fusion.iterative, fusion.chance, fusion.together) == (("frames",), True, True, False)
    quick = build_classifier("fuse:flow-logreg+values")
    assert (quick.needs, quick.iterative, quick.chance, quick.together) == ((), False, False, True)
    assert not quick.transductive
    assert list(quick.describe()["parts"]) == ["flow-logreg", "values"]
    zoo = build_classifier("fuse:flow-logreg+ststnet").describe()["parts"]["ststnet"]
    assert zoo == build_classifier("ststnet").describe()


def test_a_trace_ends_with_the_fit_and_short_parts_wait_at_their_last_epoch() -> None:
    task = task_of(told_samples())
    fusion = build_classifier("fuse:oracle+slow")
    (traced,), (fitted,) = fusion.trace(task), fusion.fit_predict(task)
    assert traced.shape == (3, *fitted.shape)
    np.testing.assert_array_equal(traced[-1], fitted)
    np.testing.assert_allclose(traced[0], 1 / 3)
    assert not np.allclose(traced[1], traced[2])


def test_folds_together_equal_folds_one_by_one() -> None:
    samples = told_samples()
    folds = folds_of("loso", samples)
    tasks = [FoldTask(f.name, samples.pick(f.train), (samples.pick(f.test).sealed(),)) for f in folds]
    fusion = build_classifier("fuse:flow-logreg+flow-svm")
    for fold, scores in zip(tasks, fusion.fit_predict_all(tasks), strict=True):
        np.testing.assert_array_equal(scores[0], fusion.fit_predict(fold)[0])
        np.testing.assert_allclose(scores[0].sum(axis=1), 1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fuse:oracle", r"two or more different classifiers: write for example fuse:flow-logreg\+ststnet"),
        ("fuse:oracle+oracle", "two or more different"),
        ("fuse:", "two or more different"),
        ("fuse:oracle+nobody", "unknown classifier 'nobody': choose one of .*flow-logreg"),
        ("melt:oracle+noise", r"unknown classifier 'melt:oracle\+noise': choose one of"),
    ],
)
def test_what_cannot_be_fused_is_refused(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_classifier(name)


def test_names_tell_their_parts() -> None:
    assert parts_of("fuse:a+b:c") == ("a", "b:c")
    assert parts_of("a") == parts_of("timm:a+b") == ()
    assert "fuse" in FAMILIES
    assert not any(":" in name for name in CLASSIFIERS)


def test_a_fusion_is_no_worse_than_the_worse_of_its_parts() -> None:
    def score(model: str) -> float:
        samples = fake_samples(people=8, strength=0.6)
        outcome = cross_validate(Experiment(model), samples, folds_of("loso", samples), workers=1)
        return float((outcome.sealed.scores(("none", 0)).argmax(axis=1) == outcome.sealed.open()).mean())

    assert score("fuse:flow-logreg+flow-svm") >= min(score("flow-logreg"), score("flow-svm"))
