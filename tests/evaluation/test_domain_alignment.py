"""Systems that align what they learn from with what they are to name: they see its clips, never its labels."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from fake_samples import fake_samples
from torch import Tensor, nn

import multimodal.training.classifiers.base as base
from multimodal.data.samples import FlowSamples
from multimodal.evaluation.cross_validation import Experiment, cross_validate
from multimodal.evaluation.expression import TRANSDUCTIVE, ExpressionEvaluation, evaluate_expression
from multimodal.evaluation.protocols import folds_of
from multimodal.expression.registry import MODELS, build_model
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.expression.zoo.systems import SystemConfig, systems
from multimodal.training.classifiers.base import build_classifier, classifier_names, is_classifier
from multimodal.training.classifiers.zoo import ZooClassifier
from multimodal.training.zoo_folds import inputs_of

SEEN: list[tuple[tuple[Tensor, ...], Tensor, tuple[Tensor, ...]]] = []

ALIGNER = SystemConfig(
    name="aligner", title="fake", source="this test", inputs=("flow",), epochs=2, batch=8, learning_rate=0.01
)


class Aligner(ZooNetwork):
    """One linear layer whose means over both sides are drawn together; notes what it was given."""

    aligns = True

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.flat, self.name = nn.Flatten(), nn.Linear(3 * 28 * 28, classes)

    def forward(self, maps: Tensor) -> Tensor:
        return self.name(self.flat(maps))

    def loss(
        self,
        inputs: tuple[Tensor, ...],
        labels: Tensor,
        weights: Tensor,
        smoothing: float = 0.0,
        target: tuple[Tensor, ...] = (),
    ) -> Tensor:
        SEEN.append((inputs, labels, target))
        apart = self(*inputs).mean(dim=0) - self(*target).mean(dim=0)
        return super().loss(inputs, labels, weights, smoothing) + apart.square().sum()


@pytest.fixture(autouse=True)
def aligner(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier_names()  # so that all are registered before the fake one is
    SEEN.clear()
    monkeypatch.setitem(MODELS._entries, "aligner", Aligner)
    monkeypatch.setitem(base.CLASSIFIERS._entries, "aligner", partial(ZooClassifier, ALIGNER))


def keys(rows: Tensor) -> set[bytes]:
    return {row.numpy().tobytes() for row in rows}


def of_dataset(samples: FlowSamples, name: str) -> FlowSamples:
    return samples.pick(np.array([dataset == name for dataset in samples.datasets]))


def test_it_is_handed_unlabelled_clips_of_the_first_condition_of_the_side_to_be_named() -> None:
    samples = fake_samples(people=4, clips=5)
    folds = folds_of("cross", samples)
    cross_validate(Experiment("aligner", ("none", "block:0.5")), samples, folds, workers=1)
    steps = ALIGNER.epochs * 2
    assert len(SEEN) == len(folds) * steps
    for number, fold in enumerate(folds):
        there, others = of_dataset(samples, fold.name), samples.pick(fold.train)
        (clean,), (learned,) = inputs_of(ALIGNER, there.sealed()), inputs_of(ALIGNER, others)
        labels = {row.numpy().tobytes(): int(label) for row, label in zip(learned, others.labels, strict=True)}
        for inputs, told, target in SEEN[number * steps : (number + 1) * steps]:
            assert len(target) == len(inputs) == 1
            assert len(target[0]) == len(inputs[0])
            assert keys(target[0]) <= keys(clean)
            assert [labels[row.numpy().tobytes()] for row in inputs[0]] == told.tolist()


def test_labels_of_the_side_to_be_named_change_nothing() -> None:
    samples = fake_samples(people=4, clips=5)
    fold = folds_of("cross", samples)[0]
    labels = samples.labels.copy()
    labels[fold.test] = (labels[fold.test] + 1) % 3
    scores = [
        cross_validate(Experiment("aligner"), one, folds_of("cross", one), workers=1).sealed.scores(("none", 0))
        for one in (samples, replace(samples, labels=labels))
    ]
    np.testing.assert_array_equal(scores[0][fold.test], scores[1][fold.test])


def test_other_clips_to_be_named_change_what_is_learned() -> None:
    samples = fake_samples(people=4, clips=5)
    fold = folds_of("cross", samples)[0]
    probe = samples.pick(fold.test[:1]).sealed()
    moved = replace(probe, flow=probe.flow[:, :, ::-1].copy())

    def learned(seen: Any) -> np.ndarray:
        task = base.FoldTask("f", samples.pick(fold.train), (seen, probe))
        return build_classifier("aligner").fit_predict(task)[1]

    assert not np.allclose(learned(probe), learned(moved))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("maps"), np.random.default_rng(0)
    for subject in ("sub01", "sub02", "s01", "s02"):
        for label in range(3):
            path = root / subject / "u_test" / str(label) / f"{subject}_{label}.png"
            path.parent.mkdir(parents=True)
            path.write_bytes(cv2.imencode(".png", rng.integers(0, 256, (28, 28, 3), dtype=np.uint8))[1].tobytes())
    return root


def evaluated(folder: Path, model: str) -> dict[str, Any]:
    config = ExpressionEvaluation(model=model, protocol="cross", occlude=("none", "mask"), seeds=1)
    return evaluate_expression(folder, config, workers=1)


@pytest.mark.parametrize("model", ["aligner", "fuse:flow-logreg+aligner"])
def test_an_evaluation_says_that_the_test_clips_were_seen(folder: Path, model: str) -> None:
    report = evaluated(folder, model)
    assert (report["transductive"], report["note"]) == (True, TRANSDUCTIVE)
    assert (report["folds"], report["clips"]) == (2, 12)


def test_an_evaluation_says_so_of_no_other(folder: Path) -> None:
    report = evaluated(folder, "flow-logreg")
    assert (report["transductive"], report["note"]) == (False, None)


@pytest.mark.parametrize("name", [name for name in systems() if is_classifier(name)])
def test_a_classifier_is_transductive_where_its_network_aligns(name: str) -> None:
    with torch.device("meta"):
        assert build_classifier(name).transductive == build_model(name).aligns
