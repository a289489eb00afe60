"""Classifiers that look at frames: masked copies bring their own, and what covers flow maps alone is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_samples import fake_samples

import multimodal.training.classifiers.base as base
from multimodal.data.occlude.run import occlude
from multimodal.data.occlude.settings import settings
from multimodal.data.open_index import open_index
from multimodal.data.samples import FlowSamples
from multimodal.errors import UsageError
from multimodal.evaluation.clips import Given, open_masked, open_samples
from multimodal.evaluation.conditions import refuse_covers
from multimodal.evaluation.cross_validation import Experiment, cross_validate
from multimodal.evaluation.expression import ExpressionEvaluation, evaluate_expression
from multimodal.evaluation.protocols import folds_of
from multimodal.testing import fabricate
from multimodal.training.classifiers.base import Classifier, FoldTask, Scores, classifier_names

SEEN: list[FoldTask] = []


class Watcher(Classifier):
    """Notes what it was given."""

    needs = ("frames",)

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        SEEN.append(task)
        return [np.ones((len(test), 3)) for test in task.tests]


@pytest.fixture(autouse=True)
def watcher(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier_names()
    SEEN.clear()
    monkeypatch.setitem(base.CLASSIFIERS._entries, "watcher", Watcher)


def filmed() -> FlowSamples:
    """Fictitious samples whose frames are of one colour, the clip's number."""
    samples = fake_samples()
    shades = np.arange(36, dtype=np.uint8).reshape(36, 1, 1, 1, 1) * np.ones((1, 3, 2, 4, 4), np.uint8)
    return replace(samples, features={"frames": shades})


def masked(samples: FlowSamples, lost: int) -> Given:
    found = np.arange(36) != lost
    return Given(samples.flow + 1, samples.visibility / 2, found, {"frames": samples.features["frames"] + 100})


def test_a_masked_copy_shows_its_own_frames_and_a_lost_clip_the_training_sides_mean() -> None:
    samples = filmed()
    folds, given = folds_of("loso", samples), masked(samples, lost=8)
    experiment = Experiment("watcher", ("none", "mask"))
    outcome = cross_validate(experiment, samples, folds, given={"mask": given}, workers=1)
    assert outcome.lost == {"mask": 1}
    for task, fold in zip(SEEN, folds, strict=True):
        clean, behind = (test.features["frames"] for test in task.tests)
        np.testing.assert_array_equal(clean, samples.features["frames"][fold.test])
        mean = samples.features["frames"][fold.train].mean()
        for row, number in enumerate(fold.test):
            assert (behind[row] == (int(mean) if number == 8 else number + 100)).all()
        assert behind.dtype == np.uint8
        np.testing.assert_array_equal(task.train.features["frames"], samples.features["frames"][fold.train])


def test_a_copy_without_frames_never_shows_the_clean_ones() -> None:
    samples = filmed()
    given = replace(masked(samples, lost=40), features={})
    assert given.over(samples, samples.flow[0]).features == {}
    assert (masked(samples, lost=3).over(samples, samples.flow[0]).features["frames"][3] == 0).all()


def test_other_masked_frames_are_another_run(tmp_path: Path) -> None:
    samples = filmed()
    experiment, folds = Experiment("watcher", ("mask",)), folds_of("loso", samples)
    first = masked(samples, lost=40)
    other = replace(first, features={"frames": first.features["frames"] + 1})
    for given, resumed in ((first, 0), (first, 6), (other, 0)):
        outcome = cross_validate(experiment, samples, folds, given={"mask": given}, workers=1, state=tmp_path)
        assert outcome.resumed == resumed


@pytest.mark.parametrize("keys", [{"conditions": ("none", "block:0.3")}, {"augment": ("block:0.3",)}])
def test_covers_of_flow_maps_are_refused_with_the_remedy(keys: dict[str, tuple[str, ...]]) -> None:
    samples = filmed()
    with pytest.raises(UsageError, match=r"watcher looks at frames.*'block:0.3'.*veilspeak occlude DATA --kind block"):
        cross_validate(Experiment("watcher", **keys), samples, folds_of("loso", samples), workers=1)  # type: ignore[arg-type]
    assert SEEN == []


def test_what_covers_nothing_or_is_a_copy_is_not_refused() -> None:
    refuse_covers("watcher", ("frames",), ("none",))
    refuse_covers("flow-svm", (), ("mask",))
    refuse_covers("watcher", ("frames",), ("none", "my mask"), given=["my mask"])


def test_the_command_refuses_before_it_reads(tmp_path: Path) -> None:
    for keys in ({"occlude": ("mask",)}, {"augment": ("mask",)}):
        config = ExpressionEvaluation(model="lbp-top", protocol="loso", **keys)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="--masked mask=COPY"):
            evaluate_expression(tmp_path / "nothing", config)


def test_frames_of_a_masked_copy_are_measured_on_it(tmp_path: Path) -> None:
    data = fabricate("casme2", tmp_path / "data", people=1, takes=3, faces=True)
    occlude(data, tmp_path / "copy", settings("block", ratio=0.3), workers=1, progress=False)
    broken = open_index([tmp_path / "copy"]).clips[1]
    cv2.imwrite(str(tmp_path / "copy" / broken.path / broken.frames[0]), np.full((160, 160, 3), 90, np.uint8))
    needs = ("frames", "flows", "apex")
    clean, _ = open_samples([data], "megc2019", needs, None, 1)
    given = open_masked({"block": tmp_path / "copy"}, clean, "megc2019", needs, None, 1)["block"]
    assert given.found.tolist() == [True, False, True]
    shown = given.over(clean, clean.flow[0])
    for name in needs:
        assert shown.features[name].shape == clean.features[name].shape
        assert shown.features[name].dtype == clean.features[name].dtype
        assert not shown.features[name][1].any()
    apart = np.abs(shown.features["frames"][0].astype(float) - clean.features["frames"][0])
    assert 0.1 < (apart > 20).mean() < 0.9
