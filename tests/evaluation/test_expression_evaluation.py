from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from multimodal.data.people.clips import ClipConfig
from multimodal.errors import MissingError, UsageError
from multimodal.evaluation.expression import evaluate_expression
from multimodal.training.expression import ExpressionConfig, train_expression


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


def test_the_report_has_the_promised_keys(weights: str, folder: Path) -> None:
    report = evaluate_expression(folder, weights, occlude=("none", "mask", "block:0.3"), seeds=2)
    assert (report["clips"], report["subjects"], report["protocol"]) == (9, 3, "none")
    assert {"model", "seeds", "wall_s"} <= set(report)
    clean, mask, _ = report["conditions"]
    assert [row["occlusion"] for row in report["conditions"]] == ["none", "mask", "block:0.3"]
    assert set(clean) == {"occlusion", "uf1", "uar", "uf1_sd", "uf1_ci95", "diff", "by_dataset"}
    assert clean["diff"] == 0
    assert clean["uf1_sd"] is None
    assert mask["uf1_sd"] is not None
    assert mask["diff"] == pytest.approx(mask["uf1"] - clean["uf1"], abs=2e-4)
    assert set(clean["by_dataset"]) == {"casme2", "smic"}


def test_two_runs_give_the_same_scores(weights: str, folder: Path) -> None:
    first, second = (evaluate_expression(folder, weights, occlude=("glasses",), seeds=2) for _ in range(2))
    assert first["conditions"] == second["conditions"]


def test_wrong_requests_are_refused(weights: str, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"protocol 'loso'.*none"):
        evaluate_expression(folder, weights, protocol="loso")
    with pytest.raises(UsageError, match="cover 'beard'"):
        evaluate_expression(folder, weights, occlude=("beard",))
    with pytest.raises(MissingError, match="no flow maps"):
        evaluate_expression(tmp_path, weights)


@pytest.mark.shared_data
def test_the_shipped_weights_keep_their_figure_on_real_maps(shared_data: Path) -> None:
    report = evaluate_expression(shared_data / "megc_flow" / "norm_u_v_os")
    assert (report["clips"], report["subjects"]) == (309, 40)
    assert report["conditions"][0]["uf1"] > 0.68
