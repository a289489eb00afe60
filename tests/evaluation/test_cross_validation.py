from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_samples import fake_samples

import multimodal.training.classifiers.base as base
from multimodal.data.samples import LabelLeakError
from multimodal.errors import UsageError
from multimodal.evaluation import cross_validation
from multimodal.evaluation.classification import uf1
from multimodal.evaluation.conditions import draw_covers
from multimodal.evaluation.cross_validation import Experiment, cross_validate
from multimodal.evaluation.guard import SealedLabels
from multimodal.evaluation.null_test import null_test
from multimodal.evaluation.protocols import folds_of
from multimodal.training.classifiers.base import Classifier, FoldTask, Scores, build_classifier, classifier_names
from multimodal.training.classifiers.ststnet import STSTNetClassifier
from multimodal.training.fold_nets import NetConfig
from multimodal.training.inner import inner_splits

SEEN: list[FoldTask] = []
LEARNING = ("flow-logreg", "flow-logreg-raw", "flow-svm", "fuse:flow-logreg+flow-svm", "quick-ststnet")


class Spy(Classifier):
    """Notes what it was given; names everything by the training side's last label."""

    chance = True

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        SEEN.append(task)
        return [np.eye(3)[np.full(len(test), task.train.labels[-1])] for test in task.tests]


class Peeker(Classifier):
    """Looks at the test labels."""

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        return [np.eye(3)[test.labels] for test in task.tests]


class Hoarder(Classifier):
    """Remembers every clip that any fold has let it learn from, so that it knows most of those that it is to name."""

    def __init__(self) -> None:
        self.known: dict[bytes, int] = {}

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        known = {flow.tobytes(): int(label) for flow, label in zip(task.train.flow, task.train.labels, strict=True)}
        self.known |= known
        return [np.eye(3)[[self.known.get(flow.tobytes(), 0) for flow in test.flow]] for test in task.tests]


def quick_ststnet() -> Classifier:
    return STSTNetClassifier(NetConfig(epochs=30, batch=16, learning_rate=1e-2))


@pytest.fixture(autouse=True)
def spies(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier_names()
    SEEN.clear()
    hoarder = Hoarder()
    mine = {"spy": Spy, "peeker": Peeker, "hoarder": lambda: hoarder, "quick-ststnet": quick_ststnet}
    for name, kind in mine.items():
        monkeypatch.setitem(base.CLASSIFIERS._entries, name, kind)


def score(model: str, **options: Any) -> float:
    samples = fake_samples(**options)
    outcome = cross_validate(Experiment(model), samples, folds_of("loso", samples), workers=1)
    guesses = outcome.sealed.scores(("none", 0)).argmax(axis=1)
    return uf1(outcome.sealed.open().tolist(), guesses.tolist())


@pytest.mark.parametrize("model", LEARNING)
def test_classifiers_learn_what_there_is_to_learn(model: str) -> None:
    assert score(model) > 0.9
    assert score(model, strength=0.0) < 0.6


def test_the_inner_split_chooses_and_learns() -> None:
    samples = fake_samples(people=4, clips=6)
    fold = folds_of("loso", samples)[0]
    task = FoldTask("f", samples.pick(fold.train), (samples.pick(fold.test).sealed(),))
    inner = build_classifier("flow-logreg-inner")
    guesses = inner.fit_predict(task)[0].argmax(axis=1)
    assert uf1(samples.labels[fold.test].tolist(), guesses.tolist()) > 0.9
    for learned, held_out in inner_splits(task.train, 3):
        subjects = np.array(task.train.subjects)
        assert not set(subjects[learned]) & set(subjects[held_out])
    assert inner_splits(samples.pick(fold.test)) == []


def test_the_majority_names_one_class() -> None:
    assert score("majority") < 0.34


@pytest.mark.parametrize("model", ["majority", "flow-logreg", "flow-logreg-raw", "flow-svm"])
def test_poison_in_the_held_out_clips_changes_nothing_that_was_learned(model: str) -> None:
    samples = fake_samples()
    fold = folds_of("loso", samples)[0]
    poisoned = samples.flow.copy()
    poisoned[fold.test] = 1e4
    other = replace(samples, flow=poisoned, labels=np.where(np.isin(np.arange(36), fold.test), 2, samples.labels))
    probe = samples.pick(fold.test[:1]).sealed()

    def learned(which: Any) -> np.ndarray:
        return build_classifier(model).fit_predict(FoldTask("f", which.pick(fold.train), (probe,)))[0]

    np.testing.assert_array_equal(learned(samples), learned(other))


def test_covered_cells_take_the_mean_of_the_training_side_alone() -> None:
    samples = fake_samples()
    folds = folds_of("loso", samples)
    cross_validate(Experiment("spy", ("none", "block:0.5")), samples, folds, workers=1)
    covers = draw_covers("block:0.5", samples, 0, workers=1)
    for task, fold in zip(SEEN, folds, strict=True):
        clean, blocked = task.tests
        np.testing.assert_array_equal(clean.flow, samples.flow[fold.test])
        whole = covers.hidden[fold.test] == 1
        mean = samples.flow[fold.train].mean(axis=0)
        for row, hidden in enumerate(whole):
            np.testing.assert_allclose(blocked.flow[row][:, hidden], mean[:, hidden], atol=1e-5)
        assert whole.any()
        assert blocked.visibility.min() < 0.5


def test_augmentation_shows_the_training_side_covered_copies() -> None:
    samples = fake_samples()
    cross_validate(Experiment("spy", augment=("block:0.5", "mask")), samples, folds_of("loso", samples)[:1], workers=1)
    train = SEEN[0].train
    assert len(train) == 3 * 30
    assert (train.visibility[:30] == 1).all()
    assert train.visibility[30:].min() < 0.5
    test = draw_covers("block:0.5", samples, 0, workers=1).hidden
    shown = draw_covers("block:0.5", samples, 10_000, workers=1).hidden
    assert (test != shown).any()


def test_asking_for_test_labels_raises() -> None:
    samples = fake_samples()
    with pytest.raises(LabelLeakError, match="sealed"):
        cross_validate(Experiment("peeker"), samples, folds_of("loso", samples), workers=1)


def test_labels_open_when_all_predictions_are_in_and_each_is_given_once() -> None:
    labels = SealedLabels(np.array([0, 1]), 2, [("none", 0)])
    labels.file(("none", 0), np.array([0]), np.eye(2)[[0]])
    with pytest.raises(LabelLeakError, match="1 clips are not named"):
        labels.open()
    with pytest.raises(LabelLeakError, match="second time"):
        labels.file(("none", 0), np.array([0]), np.eye(2)[[1]])
    labels.file(("none", 0), np.array([1]), np.eye(2)[[1]])
    assert labels.open().tolist() == [0, 1]
    with pytest.raises(ValueError, match="not finite"):
        labels.file(("none", 0), np.array([1]), np.full((1, 2), np.nan))


@pytest.mark.parametrize("model", [*LEARNING, "majority"])
def test_shuffled_labels_score_like_chance_through_the_whole_pipeline(model: str) -> None:
    found = null_test(model, fake_samples(people=10, clips=9), "loso", 10, 3, workers=1)
    assert found is not None
    assert found["uf1"] <= 0.40


def test_the_null_test_finds_a_classifier_that_remembers_other_folds() -> None:
    found = null_test("hoarder", fake_samples(people=10, clips=9), "loso", 10, 2, workers=1)
    assert found is not None
    assert found["uf1"] > 0.8
    assert null_test("hoarder", fake_samples(), "loso", 10, 0) is None


def test_folds_side_by_side_equal_folds_one_by_one() -> None:
    samples = fake_samples()
    experiment = Experiment("flow-svm", ("none", "block:0.3"), seeds=(0, 1))
    one, two = (cross_validate(experiment, samples, folds_of("loso", samples), workers=n) for n in (1, 2))
    for run in experiment.runs:
        np.testing.assert_array_equal(one.sealed.scores(run), two.sealed.scores(run))


def test_a_killed_run_goes_on_from_the_finished_folds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = fake_samples()
    folds = folds_of("loso", samples)
    whole = cross_validate(Experiment("spy"), samples, folds, workers=1)
    kept = cross_validation._Store.keep

    def dies(self: Any, piece: Any, fold: Any, done: Any) -> None:
        if fold.name == folds[3].name:
            raise KeyboardInterrupt
        kept(self, piece, fold, done)

    monkeypatch.setattr(cross_validation._Store, "keep", dies)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(Experiment("spy"), samples, folds, workers=1, state=tmp_path)
    monkeypatch.setattr(cross_validation._Store, "keep", kept)
    next(tmp_path.rglob("*.npz")).write_bytes(b"cut off")
    SEEN.clear()
    again = cross_validate(Experiment("spy"), samples, folds, workers=1, state=tmp_path)
    assert (again.resumed, len(SEEN)) == (2, 4)
    np.testing.assert_array_equal(again.sealed.scores(("none", 0)), whole.sealed.scores(("none", 0)))
    changed = replace(samples, flow=samples.flow + 1)
    assert cross_validate(Experiment("spy"), changed, folds, workers=1, state=tmp_path).resumed == 0


def test_flow_maps_have_no_frames_for_lbp_top() -> None:
    samples = fake_samples()
    with pytest.raises(UsageError, match="takes clips of frames"):
        cross_validate(Experiment("lbp-top"), samples, folds_of("loso", samples), workers=1)
    rows = np.eye(3)[samples.labels] + np.random.default_rng(0).normal(0, 0.1, (36, 3))
    ready = replace(samples, features={"lbp_top": rows})
    outcome = cross_validate(Experiment("lbp-top"), ready, folds_of("loso", ready), workers=1)
    guesses = outcome.sealed.scores(("none", 0)).argmax(axis=1)
    assert (guesses == samples.labels).mean() > 0.9


def test_a_training_side_of_one_class_is_no_error() -> None:
    samples = fake_samples(people=2)
    one = replace(samples, labels=np.where(np.array(samples.subjects) == samples.subjects[0], samples.labels, 1))
    for model in ("flow-logreg", "flow-svm", "majority"):
        outcome = cross_validate(Experiment(model), one, folds_of("loso", one), workers=1)
        named = outcome.sealed.scores(("none", 0)).argmax(axis=1)
        assert set(named[np.array(one.subjects) == samples.subjects[0]]) == {1}


@pytest.mark.slow
def test_a_ray_cluster_of_two_nodes_gives_the_same_rows(tmp_path: Path) -> None:
    # In a process of its own: Ray talks over local sockets, which are blocked here.
    code = f"""
import os, sys
sys.path[:0] = {[str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]!r}
import numpy as np, ray
from ray.cluster_utils import Cluster
from fake_samples import fake_samples
from multimodal.evaluation.cross_validation import Experiment, cross_validate
from multimodal.evaluation.protocols import folds_of
cluster = Cluster(initialize_head=True, head_node_args={{"num_cpus": 1, "include_dashboard": False}})
cluster.add_node(num_cpus=1)
paths = {{"PYTHONPATH": os.pathsep.join(sys.path[:2])}}
ray.init(address=cluster.address, log_to_driver=False, runtime_env={{"env_vars": paths}})
samples = fake_samples()
experiment = Experiment("flow-logreg", ("none", "block:0.3"))
outcome = cross_validate(experiment, samples, folds_of("loso", samples), executor="ray", workers=2)
np.savez(sys.argv[1], **{{run[0]: outcome.sealed.scores(run) for run in experiment.runs}})
ray.shutdown()
cluster.shutdown()
"""
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "rows.npz")],
        **{"capture_output": True, "text": True, "timeout": 110, "env": environment, "check": False},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    samples = fake_samples()
    experiment = Experiment("flow-logreg", ("none", "block:0.3"))
    local = cross_validate(experiment, samples, folds_of("loso", samples), workers=1)
    with np.load(tmp_path / "rows.npz") as rows:
        for run in experiment.runs:
            np.testing.assert_array_equal(rows[run[0]], local.sealed.scores(run))
