from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_samples import fake_samples

from multimodal.data.samples import UNITS, FlowSamples
from multimodal.data.units import CODED
from multimodal.errors import UsageError
from multimodal.expression.zoo.network import UnitNetwork
from multimodal.expression.zoo.systems import system
from multimodal.results import ACTION_UNITS
from multimodal.training.classifiers.base import FoldTask
from multimodal.training.unit_detectors import NetworkDetector, build_detector
from multimodal.training.zoo_folds import learn, lesson_of

OF_LABEL = (4, 12, 1)
"""The unit that each class of ``fake_samples`` shows."""


def coded(people: int = 4, clips: int = 6, unknown: int = 0) -> FlowSamples:
    """Clips that show one unit each; the first ones nobody coded."""
    plain = fake_samples(people, clips)
    rows = np.array([[unit == OF_LABEL[label] for unit in ACTION_UNITS] for label in plain.labels], np.float32)
    rows[:unknown] = np.nan
    nothing = np.zeros(len(plain), np.int64)
    return replace(plain, labels=nothing, classes=CODED.classes, features={UNITS: rows})


def task_of(samples: FlowSamples, held_out: int = 6) -> tuple[FoldTask, np.ndarray]:
    test = samples.pick(np.arange(len(samples) - held_out, len(samples)))
    train = samples.pick(np.arange(len(samples) - held_out))
    return FoldTask("f", train, (test.sealed(), test.sealed())), test.features[UNITS]


def quick(name: str, **keys: object) -> NetworkDetector:
    options = {"options": {"hidden": 64}} if name == "off-apexnet" else {}
    settings = {"epochs": 30, "batch": 8, "learning_rate": 1e-3, **options, **keys}
    return NetworkDetector(system(name).model_copy(update=settings))


def test_the_constant_calls_everything() -> None:
    task, _ = task_of(coded())
    assert (build_detector("constant").fit_predict(task)[0] == 1).all()


@pytest.mark.parametrize("name", ["flow-logreg", "ststnet"])
def test_detectors_learn_what_is_coded_and_ignore_what_is_not(name: str) -> None:
    task, truth = task_of(coded(people=8, unknown=4), held_out=12)
    detector = build_detector(name) if name == "flow-logreg" else quick(name)
    scores, again = detector.fit_predict(task)
    np.testing.assert_array_equal(scores, again)
    assert scores.shape == (12, 12)
    assert ((scores >= 0) & (scores <= 1)).all()
    told = [ACTION_UNITS.index(unit) for unit in OF_LABEL]
    assert ((scores[:, told] >= 0.5) == truth[:, told]).mean() > 0.9


def test_a_unit_that_nobody_shows_is_called_absent_by_regression() -> None:
    task, _ = task_of(coded())
    scores = build_detector("flow-logreg").fit_predict(task)[0]
    assert (scores[:, ACTION_UNITS.index(17)] == 0).all()


@pytest.mark.parametrize("name", ["constant", "flow-logreg", "off-apexnet"])
def test_poison_in_the_held_out_units_changes_nothing(name: str) -> None:
    samples = coded()
    poisoned = samples.features[UNITS].copy()
    poisoned[-6:] = 1 - poisoned[-6:]
    detector = quick(name, epochs=2) if name == "off-apexnet" else build_detector(name)
    first, second = (
        detector.fit_predict(task_of(one)[0])[0] for one in (samples, replace(samples, features={UNITS: poisoned}))
    )
    np.testing.assert_array_equal(first, second)


def test_a_network_with_heads_for_units_uses_them() -> None:
    plain = coded(people=2, clips=4)
    apex = np.random.default_rng(0).integers(0, 256, (8, 3, 112, 112), dtype=np.uint8)
    samples = replace(plain, features={**plain.features, "apex": apex})
    detector = quick("adp-dstn", epochs=1)
    assert detector.needs == ("apex",)
    task, _ = task_of(samples, 2)
    scores = detector.fit_predict(task)[0]
    from multimodal.training.unit_detectors import _unit_loss

    *_, network = learn(detector.system, task, lesson_of(detector.system, task), _unit_loss)
    assert isinstance(network, UnitNetwork)
    with torch.inference_mode():
        logits = network.eval().unit_logits(*lesson_of(detector.system, task).tests[0])
    np.testing.assert_allclose(scores, logits.sigmoid().numpy(), atol=1e-6)


def test_unknown_detectors_are_refused() -> None:
    with pytest.raises(UsageError, match=r"'flow-svm' detects no action units: choose one of constant, flow-logreg, "):
        build_detector("flow-svm")
    with pytest.raises(UsageError, match="did you mean"):
        build_detector("timm:resnet81")
    assert build_detector("timm:resnet18@apex").needs == ("apex",)
