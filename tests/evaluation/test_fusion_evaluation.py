from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from multimodal.data.fake_gestures import write_fake_gestures
from multimodal.errors import UsageError
from multimodal.evaluation import fusion
from multimodal.evaluation.clips import open_samples
from multimodal.evaluation.fusion import FusionEvaluation, config_of, evaluate_fusion
from multimodal.evaluation.fusion_faces import LEARNED, read_in_folds
from multimodal.evaluation.protocols import folds_of
from multimodal.fusion.reader import GESTURE_ROW
from multimodal.training.classifiers.base import FoldTask
from multimodal.training.classifiers.classical import FlowLogisticRegression
from multimodal.training.fusion_head import HeadTraining
from multimodal.training.pairs import Channel

QUICK = HeadTraining(pairs=1500, epochs=3)


def write_maps(root: Path, people: int = 4) -> Path:
    """A clip of each class for every person, with motion in a place of its own."""
    rng = np.random.default_rng(0)
    for person in range(people):
        for label in range(3):
            path = root / f"sub{person:02d}" / "u_test" / str(label) / f"sub{person:02d}_{label}.png"
            path.parent.mkdir(parents=True)
            picture = rng.integers(110, 146, (28, 28, 3)).astype(np.uint8)
            picture[8 * label : 8 * label + 8, 8:20] += 90
            cv2.imwrite(str(path), picture)
    return root


def sure_signs() -> Channel:
    """Two photos of each sign, all named right."""
    labels = np.repeat(np.arange(19), 2)
    rows = np.ones((38, GESTURE_ROW), np.float32)
    rows[:, :19] = np.log(np.where(labels[:, None] == np.arange(19), 0.91, 0.005))
    return Channel(rows, labels, np.arange(38), np.ones(38, bool))


@pytest.fixture
def given_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hand is looked for: photos are read as ``sure_signs`` says."""
    monkeypatch.setattr("multimodal.training.fusion_signs.read_signs", lambda *_: sure_signs())


@pytest.mark.usefixtures("given_signs")
@pytest.mark.parametrize("protocol", ["none", "kfold"])
def test_the_contract_and_what_must_hold_of_its_figures(tmp_path: Path, protocol: str) -> None:
    photos = write_fake_gestures(tmp_path / "signs", size=48)
    faces = write_maps(tmp_path / "maps")
    config = FusionEvaluation(protocol=protocol, folds=2, occlude=("mask",), copies=1, head=QUICK)
    result = evaluate_fusion([faces, photos], config, tmp_path / "out")
    assert json.loads((tmp_path / "out/fusion.json").read_text()) == result
    assert (result["pairs"], result["subjects"], result["folds"]) == (38 * 12, 4, 2 if protocol == "kfold" else 1)
    names = ["clean", "mask", "gesture missing", "face missing"]
    assert [(row["name"], row["coupling"]) for row in result["conditions"]] == [
        (name, coupling) for coupling in (result["coupling"], 0.0) for name in names
    ]
    for row in result["conditions"]:
        assert {"name", "joint", "gesture", "affect", "late_fusion_joint", "abstained"} <= set(row)
        assert ("concatenation" in row["baselines"]) == (protocol == "kfold")
        assert row["gain"] == pytest.approx(row["joint"] - row["late_fusion_joint"], abs=2e-4)
        assert row["gain_ci95"][0] <= row["gain"] + 1e-4
        assert row["gain"] - 1e-4 <= row["gain_ci95"][1]
    rows = {(row["name"], row["coupling"]): row for row in result["conditions"]}
    assert rows["face missing", 0.0]["gesture"] == rows["face missing", 0.0]["baselines"]["gesture_alone"] == 1.0
    assert rows["gesture missing", 0.0]["late_fusion_joint"] < 0.1
    masked = [row["gain"] for row in result["conditions"] if row["name"] == "mask"]
    assert list(result["occluded_gain"].values()) == pytest.approx(masked)


@pytest.mark.usefixtures("given_signs")
def test_no_head_learns_from_the_people_that_it_is_measured_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every face that is learned from carries its person as a number; the test side's people are never among them."""
    learned: list[set[int]] = []

    def watched(signs: Channel, faces: Channel, *rest: object):
        learned.append(set(faces.groups.tolist()))
        return original(signs, faces, *rest)

    original = fusion.train_head
    monkeypatch.setattr(fusion, "train_head", watched)
    photos, faces = write_fake_gestures(tmp_path / "signs", size=48), write_maps(tmp_path / "maps")
    config = FusionEvaluation(protocol="loso", occlude=("mask",), copies=1, head=QUICK)
    evaluate_fusion([photos, faces], config)
    assert sorted(map(tuple, learned)) == [(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)]


@pytest.mark.usefixtures("given_signs")
def test_a_classifier_reads_nobody_whom_it_has_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the folds nor in the inner parts; and the head learns from all of the training side's people."""
    tasks: list[tuple[set[str], set[str]]] = []

    def watched(self: FlowLogisticRegression, task: FoldTask) -> list[np.ndarray]:
        tasks.append((set(task.train.subjects), set(task.tests[0].subjects)))
        return original(self, task)

    original = FlowLogisticRegression.fit_predict
    monkeypatch.setattr(FlowLogisticRegression, "fit_predict", watched)
    samples = open_samples([write_maps(tmp_path / "maps")], "megc2019", (), None, 1, "auto")[0]
    folds = folds_of("loso", samples)
    faces = read_in_folds("flow-logreg", samples, folds, ("mask",), inner=3, seed=0, workers=1, state=None)
    assert len(tasks) == 4 + 4 * 3
    assert all(not learned & tested and tested for learned, tested in tasks)
    assert list(faces.tested) == ["none", "mask"]
    assert all(len(channel) == 12 and channel.found.all() for channel in faces.tested.values())
    assert np.array_equal(faces.tested["mask"].labels, samples.labels)
    assert (faces.tested["mask"].rows[:, 3:] < 1).any()
    assert np.allclose(np.exp(faces.tested["none"].rows[:, :3]).sum(1), 1, atol=1e-5)
    for fold, learned in zip(folds, faces.learned, strict=True):
        assert len(learned) == len(LEARNED) * len(fold.train)
        assert len(set(learned.groups.tolist())) == 3


def test_a_classifier_needs_folds_and_probabilities(tmp_path: Path) -> None:
    photos, faces = write_fake_gestures(tmp_path / "signs", size=48), write_maps(tmp_path / "maps")
    with pytest.raises(UsageError, match="--protocol kfold"):
        evaluate_fusion([photos, faces], FusionEvaluation(model="flow-logreg"))
    with pytest.raises(UsageError, match="probabilities"):
        evaluate_fusion([photos, faces], FusionEvaluation(model="no-such", protocol="loso"))


def test_both_kinds_of_data_are_asked_for(tmp_path: Path) -> None:
    photos = write_fake_gestures(tmp_path / "signs", size=48)
    for data in ([photos], [write_maps(tmp_path / "maps")], [photos, photos]):
        with pytest.raises(UsageError, match="--data twice"):
            evaluate_fusion(data)


def test_options_that_fusion_does_not_take_are_named() -> None:
    with pytest.raises(UsageError, match="does not take --masked: leave"):
        config_of("none", 10, None, None, "none", {"--masked": True, "--audit": False})
    with pytest.raises(UsageError, match="hat"):
        config_of("none", 10, None, None, "hat", {})
    assert config_of("kfold", 5, 0.3, "regional", "mask,hand", {}).occlude == ("mask", "hand")
    assert config_of("kfold", 5, None, None, "none", {}).occlude == fusion.COVERED
