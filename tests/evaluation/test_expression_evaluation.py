from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from multimodal.data.occlude.run import occlude
from multimodal.data.occlude.settings import settings
from multimodal.data.people.clips import ClipConfig
from multimodal.errors import MissingError, UsageError
from multimodal.evaluation.classification import uf1
from multimodal.evaluation.expression import ExpressionEvaluation, config_of, evaluate_expression
from multimodal.evaluation.megc_log import read_log
from multimodal.results import EXPRESSIONS
from multimodal.training.expression import train_expression
from multimodal.training.expression_config import ExpressionConfig


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    config = ExpressionConfig(
        clips=ClipConfig(clips=12, identities=2, lengths={1: 1.0}),
        options={"stem": 2, "width": 16},
        epochs=1,
        batch=4,
        held_out=0.5,
    )
    return str(train_expression(config, None, tmp_path_factory.mktemp("w"))["weights"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("maps"), np.random.default_rng(0)
    for subject in ("sub01", "sub02", "s01"):
        for label in range(3):
            path = root / subject / "u_test" / str(label) / f"{subject}_{label}.png"
            path.parent.mkdir(parents=True)
            path.write_bytes(cv2.imencode(".png", rng.integers(0, 256, (28, 28, 3), dtype=np.uint8))[1].tobytes())
    return root


def measure(folder: Path, out: Path | None = None, **keys: Any) -> dict[str, Any]:
    return evaluate_expression(folder, ExpressionEvaluation(**keys), out, workers=1)


def test_ready_weights_give_the_promised_keys(weights: str, folder: Path) -> None:
    report = measure(folder, model=weights, occlude=("none", "mask", "block:0.3"), seeds=2)
    assert (report["clips"], report["subjects"], report["protocol"]) == (9, 3, "none")
    assert {"model", "seeds", "wall_s", "prior", "classes", "provenance", "problems", "audit"} <= set(report)
    clean, mask, _ = report["conditions"]
    assert [row["occlusion"] for row in report["conditions"]] == ["none", "mask", "block:0.3"]
    assert {"occlusion", "uf1", "uar", "uf1_sd", "uf1_ci95", "diff", "by_dataset"} <= set(clean)
    assert (clean["diff"], clean["diff_ci95"], clean["covered"]) == (0, None, 0)
    assert mask["covered"] > 0.2
    assert mask["diff"] == pytest.approx(mask["uf1"] - clean["uf1"], abs=2e-4)
    assert mask["diff_ci95"][0] <= mask["diff"] <= mask["diff_ci95"][1]
    assert set(clean["by_dataset"]) == {"casme2", "smic"}
    assert np.sum(clean["confusion"]) == 9


def test_two_runs_give_the_same_scores(weights: str, folder: Path) -> None:
    first, second = (measure(folder, model=weights, occlude=("glasses",), seeds=2) for _ in range(2))
    assert first["conditions"] == second["conditions"]


def test_a_run_leaves_its_files_and_the_log_scores_the_same(folder: Path, tmp_path: Path) -> None:
    keys = {"model": "flow-logreg", "protocol": "loso", "occlude": ("none", "block:0.5"), "seeds": 2}
    report = measure(folder, tmp_path, **keys)
    rows = list(csv.DictReader((tmp_path / "predictions.csv").open()))
    assert len(rows) == 9 * 2 * 2
    assert {row["fold"] for row in rows} == {"casme2/sub01", "casme2/sub02", "smic/s01"}
    assert all(row["predicted"] == max(EXPRESSIONS, key=lambda name: float(row[f"score_{name}"])) for row in rows)
    log = read_log(tmp_path / "megc.log")
    truth, guesses = [row.truth for row in log], [row.predicted for row in log]
    assert report["conditions"][0]["uf1"] == pytest.approx(uf1(truth, guesses), abs=1e-4)
    assert json.loads((tmp_path / "expression.json").read_text())["conditions"] == report["conditions"]
    again = measure(folder, tmp_path, **keys)
    assert again["resumed"] == 3
    assert again["conditions"] == report["conditions"]


def test_a_masked_copy_is_a_condition_of_its_own(folder: Path, tmp_path: Path) -> None:
    occlude(folder, tmp_path / "copy", settings("block", ratio=0.5), workers=1, progress=False)
    (next((tmp_path / "copy").glob("sub02/u_test/0/*.png"))).unlink()
    report = measure(folder, model="flow-logreg", protocol="loso", masked={"half": tmp_path / "copy"})
    clean, half = report["conditions"]
    assert (half["occlusion"], half["lost"], clean["lost"]) == ("half", 1, 0)
    assert half["diff_ci95"] is not None


def test_audit_and_null_test_stand_beside_the_honest_figure(folder: Path) -> None:
    report = measure(folder, model="flow-logreg", protocol="loso", audit=True, null=2)
    assert report["audit"]["honest"]["uf1"] == report["conditions"][0]["uf1"]
    assert report["audit"]["null_test"]["repeats"] == 2


def test_wrong_requests_are_refused(weights: str, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ready weights: take --protocol none"):
        measure(folder, model="regional-synthetic", protocol="loso")
    with pytest.raises(UsageError, match="unknown protocol 'lose'"):
        measure(folder, model="majority", protocol="lose")
    with pytest.raises(UsageError, match="unknown kind 'beard'"):
        measure(folder, model=weights, occlude=("beard",))
    with pytest.raises(UsageError, match="take a protocol that trains"):
        measure(folder, model=weights, audit=True)
    with pytest.raises(MissingError, match="no data"):
        measure(tmp_path / "away", model=weights)
    with pytest.raises(UsageError, match="casme9"):
        measure(folder, model="flow-logreg", protocol="loso", layout="casme9")
    with pytest.raises(UsageError, match="NAME=DIR"):
        config_of({}, "none", "", ["copy"])


def test_the_words_of_the_command_line_become_a_config(tmp_path: Path) -> None:
    config = config_of({"model": "majority"}, "none, mask,block:0.3", "mask", [f"hand={tmp_path}"])
    assert config.occlude == ("none", "mask", "block:0.3")
    assert config.augment == ("mask",)
    assert config.masked == {"hand": tmp_path}


@pytest.mark.shared_data
def test_the_shipped_weights_keep_their_figure_on_real_maps(shared_data: Path) -> None:
    report = measure(shared_data / "megc_flow" / "norm_u_v_os")
    assert (report["clips"], report["subjects"]) == (309, 40)
    assert report["conditions"][0]["uf1"] > 0.68


@pytest.mark.shared_data
def test_logistic_regression_has_its_known_figure_on_real_maps(shared_data: Path) -> None:
    for model, uf1_known, uar_known in (("flow-logreg", 0.792, 0.807), ("flow-logreg-raw", 0.755, 0.769)):
        report = measure(shared_data / "megc_flow" / "norm_u_v_os", model=model, protocol="loso", seeds=1)
        row = report["conditions"][0]
        assert (row["uf1"], row["uar"]) == pytest.approx((uf1_known, uar_known), abs=0.01)
