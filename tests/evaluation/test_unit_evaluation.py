from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from multimodal.data.samples import LABELS
from multimodal.errors import MissingError, UsageError
from multimodal.evaluation.unit_scores import binary_f1, unit_counts
from multimodal.evaluation.units import BASELINES, UnitEvaluation, config_of, evaluate_units
from multimodal.testing import fabricate
from multimodal.training import unit_detectors
from multimodal.training.classifiers.base import Classifier, FoldTask, Scores

SEEN: list[FoldTask] = []


class Spy(Classifier):
    """Notes what it was given."""

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        SEEN.append(task)
        return [np.full((len(test), 12), task.seed / 2) for test in task.tests]


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rendered people in CASME II's layout, each with a clip of unit 4, one of 12, and one of 1 and 2."""
    return fabricate("casme2", tmp_path_factory.mktemp("faces"), people=2, takes=3, faces=True)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


def measure(data: Path | list[Path], out: Path | None = None, **keys: Any) -> dict[str, Any]:
    return evaluate_units(data, UnitEvaluation(**{"least": 2, **keys}), out, workers=1)


def test_a_coded_data_set_gives_the_promised_keys_and_files(faces: Path, out: Path) -> None:
    report = measure(faces, out, model="flow-logreg", protocol="loso")
    assert (report["clips"], report["subjects"], report["folds"], report["seeds"]) == (6, 2, 2, 1)
    assert [row["unit"] for row in report["units"]] == ["AU1", "AU2", "AU4", "AU12"]
    assert all((row["positives"], row["negatives"]) == (2, 4) for row in report["units"])
    assert report["baselines"]["constant"] == {"macro_f1": 0.25, "binary_f1": 0.5}
    assert report["baselines"]["flow-logreg"] == {name: report[name] for name in ("macro_f1", "binary_f1")}
    assert json.loads((out / "units.json").read_text())["units"] == report["units"]
    rows = list(csv.DictReader((out / "unit_predictions.csv").open()))
    assert len(rows) == 6
    table = np.array([[float(row[f"{what}_AU12"]) for what in ("truth", "score")] for row in rows])
    counts = unit_counts(table[:, :1], table[:, 1:] >= 0.5)
    assert report["units"][-1]["binary_f1"] == pytest.approx(binary_f1(counts)[0], abs=1e-4)
    again = measure(faces, out, model="flow-logreg", protocol="loso")
    assert again["resumed"] == 2
    assert again["units"] == report["units"]


def test_detectors_are_given_no_units_of_the_side_to_be_named(
    faces: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SEEN.clear()
    monkeypatch.setitem(unit_detectors.DETECTORS._entries, "spy", Spy)
    report = measure(faces, out, model="spy", protocol="kfold", folds=2)
    assert len(SEEN) == 2 * 3
    for task in SEEN:
        assert set(LABELS) <= set(task.train.features)
        assert not any(set(LABELS) & set(test.features) for test in task.tests)
        assert not set(task.train.subjects) & set(task.tests[0].subjects)
    assert (report["seeds"], set(report["baselines"])) == (3, set(BASELINES))
    assert report["macro_f1_sd"] > 0


def test_data_sets_can_be_held_out_and_a_system_of_the_zoo_trained(faces: Path, out: Path, tmp_path: Path) -> None:
    other = fabricate("samm", tmp_path / "samm", people=1, takes=3, faces=True)
    report = measure([faces, other], out, model="ststnet", protocol="cross", seeds=1)
    assert (report["clips"], report["folds"], report["protocol"]) == (9, 2, "cross")
    assert 0 <= report["binary_f1"] <= report["binary_f1_ci95"][1]


def test_ready_weights_are_measured_without_training(faces: Path, out: Path) -> None:
    report = measure(faces, out)
    assert (report["model"], report["protocol"], report["folds"]) == ("regional-synthetic", "none", 1)
    assert set(report["baselines"]) == {"constant"}
    assert report["macro_f1"] > report["baselines"]["constant"]["macro_f1"]


def test_rare_units_are_told_and_not_scored(faces: Path, out: Path) -> None:
    with pytest.raises(UsageError, match=r"no action unit occurs often enough .* name a larger data set"):
        measure(faces, out, least=3)


def test_words_of_the_command_line_that_were_not_given_take_the_default() -> None:
    assert config_of({"model": None, "protocol": "loso"}, {}) == UnitEvaluation(protocol="loso")


def test_wrong_requests_are_refused(faces: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown protocol 'lose'"):
        measure(faces, model="flow-logreg", protocol="lose")
    with pytest.raises(UsageError, match="take --protocol loso"):
        measure(faces, model="ststnet")
    with pytest.raises(UsageError, match="ready weights: take --protocol none"):
        measure(faces, model="regional-synthetic", protocol="loso")
    with pytest.raises(UsageError, match="'majority' detects no action units"):
        measure(faces, model="majority", protocol="loso")
    with pytest.raises(MissingError, match="no data"):
        measure(tmp_path / "away")
    with pytest.raises(UsageError, match="takes no --occlude, --audit"):
        config_of({}, {"--occlude": True, "--masked": False, "--audit": True})
    with pytest.raises(UsageError, match=r"no clip of .* has coded action units"):
        measure(fabricate("smic-hs", tmp_path / "smic", people=1, takes=1))
    path = tmp_path / "maps" / "sub01" / "u_test" / "0" / "a.png"
    path.parent.mkdir(parents=True)
    cv2.imwrite(str(path), np.zeros((28, 28, 3), np.uint8))
    with pytest.raises(UsageError, match="flow maps, which carry no action units"):
        measure(tmp_path / "maps")
