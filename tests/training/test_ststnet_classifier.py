from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_samples import fake_samples

from multimodal.data.flow_folder import read_flow_folder
from multimodal.data.samples import of_folder
from multimodal.evaluation.protocols import folds_of
from multimodal.expression.zoo.systems import system
from multimodal.training.classifiers.base import FoldTask, build_classifier
from multimodal.training.classifiers.ststnet import STSTNetClassifier
from multimodal.training.fold_nets import NetConfig
from multimodal.training.stacked_benchmark import measure_folds


def test_it_is_registered_with_the_shipped_settings() -> None:
    classifier = build_classifier("ststnet")
    config = NetConfig.of(system("ststnet"))
    assert classifier.iterative
    assert classifier.together
    assert classifier.describe() == config.model_dump(mode="json") == NetConfig().model_dump(mode="json")


def test_one_fold_and_several_give_the_same() -> None:
    samples, classifier = (
        fake_samples(people=3, clips=6),
        STSTNetClassifier(NetConfig(epochs=3, batch=6, learning_rate=1e-4)),
    )
    tasks = [
        FoldTask(fold.name, samples.pick(fold.train), (samples.pick(fold.test).sealed(),))
        for fold in folds_of("loso", samples)
    ]
    for task, scores, traces in zip(tasks, classifier.fit_predict_all(tasks), classifier.trace_all(tasks), strict=True):
        np.testing.assert_allclose(scores[0], classifier.fit_predict(task)[0], atol=1e-3)
        np.testing.assert_allclose(traces[0], classifier.trace(task)[0], atol=1e-3)


def test_the_benchmark_compares_both_ways() -> None:
    figures = measure_folds(fake_samples(people=4, clips=6), NetConfig(epochs=2, batch=6), full=True)
    assert figures["folds"] == figures["plain"]["folds"] == 4
    assert figures["compared"] == figures["clips"] == 24
    assert figures["score_difference"] < 1e-3
    assert figures["same_predictions"] == 1
    assert figures["speedup"] > 0


@pytest.mark.slow
def test_on_measured_maps_both_ways_agree(shared_data: Path) -> None:
    samples = of_folder(read_flow_folder(shared_data / "megc_flow" / "norm_u_v_os"))
    figures = measure_folds(samples, NetConfig(epochs=8), folds=6, full=True)
    assert figures["score_difference"] < 1e-3
    assert figures["same_predictions"] == 1
