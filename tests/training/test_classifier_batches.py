"""A clip is scored alike alone and among others, by every classifier that asks for no features beside the flow."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fake_regional import tiny_config, tiny_weights
from fake_samples import fake_samples

from multimodal.training.classifiers.base import Classifier, FoldTask, build_classifier, classifier_names
from multimodal.training.classifiers.regional import RegionalClassifier
from multimodal.training.classifiers.ststnet import STSTNetClassifier
from multimodal.training.classifiers.zoo import ZooClassifier
from multimodal.training.fold_nets import NetConfig

PLAIN = [name for name in classifier_names() if not build_classifier(name).needs and name != "ststnet"]
REGIONAL = {name: type(made) for name in PLAIN if isinstance(made := build_classifier(name), RegionalClassifier)}
SYSTEMS = {name: made.system for name in PLAIN if isinstance(made := build_classifier(name), ZooClassifier)}
MAKERS = {
    **{name: partial(build_classifier, name) for name in PLAIN if name not in {*REGIONAL, *SYSTEMS}},
    **{name: partial(ZooClassifier, one.model_copy(update={"epochs": 2})) for name, one in SYSTEMS.items()},
    "fuse": partial(build_classifier, "fuse:flow-logreg+flow-svm"),
    **{
        f"ststnet-{scaling}": partial(STSTNetClassifier, NetConfig(epochs=3, learning_rate=1e-3, scaling=scaling))
        for scaling in ("unit", "centred")
    },
}


def scores(classifier: Classifier, ways: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    samples = fake_samples(people=4, clips=5)
    tests = tuple(samples.pick(rows).sealed() for rows in ways)
    return classifier.fit_predict(FoldTask("p", samples.pick(np.arange(5, 20)), tests))


@pytest.mark.parametrize("name", MAKERS)
def test_one_clip_at_a_time_equals_all_together(name: str) -> None:
    together, *alone = scores(MAKERS[name](), (np.arange(5), *(np.array([row]) for row in range(5))))
    assert together.shape == (5, 3)
    np.testing.assert_allclose(np.concatenate(alone), together, atol=1e-5)


@pytest.mark.parametrize("name", REGIONAL)
def test_the_regional_ones_too(name: str, tmp_path: Path) -> None:
    config = tiny_config(tuned=1, ready=tiny_weights(tmp_path))
    together, *alone = scores(REGIONAL[name](config), (np.arange(5), *(np.array([row]) for row in range(5))))
    assert together.shape == (5, 3)
    np.testing.assert_allclose(np.concatenate(alone), together, atol=1e-5)


def test_the_classifiers_are_the_known_ones() -> None:
    assert {"majority", "flow-logreg", "flow-logreg-raw", "regional", "regional-tuned"} <= set(PLAIN)
