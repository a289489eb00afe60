"""Item 6: without weights, predict and every evaluation that reads ready ones end in one line; nothing random runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_faces import write_picture
from test_demo import check_refusal, veilspeak

from multimodal.data.fake_gestures import write_fake_gestures
from multimodal.testing import fabricate

EVALUATIONS = {
    "expression": (("maps",), "regional-synthetic"),
    "units": (("clips",), "regional-synthetic"),
    "gesture": (("hands/data.yaml",), "gesture-"),
    "fusion": (("maps", "hands/data.yaml"), "gesture-"),
}
"""What is evaluated -> its data, and the weights that are missed first."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data sets of every kind, and a folder for weights with nothing in it."""
    root = tmp_path_factory.mktemp("without weights")
    for place in ("sub01/u_test/0", "sub01/u_test/1", "sub02/u_test/2"):
        write_picture(root / "maps" / place / "map.png", np.full((28, 28, 3), 128, np.uint8))
    write_fake_gestures(root / "hands", gestures=("ok", "palm"))
    fabricate("samm", root / "clips", people=1, takes=1)
    (root / "none").mkdir()
    return root


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_item_6_predict_without_weights(data: Path, more: tuple[str, ...]) -> None:
    done = veilspeak(data, "predict", "sample", "--out", "out", *more, VEILSPEAK_WEIGHTS=str(data / "none"))
    check_refusal(done, 3, "are missing in")
    assert "reinstall veilspeak" in done.stderr
    assert not (data / "out").exists()


@pytest.mark.parametrize("what", EVALUATIONS)
def test_item_6_evaluate_without_weights(data: Path, what: str) -> None:
    given, missed = EVALUATIONS[what]
    words = [word for path in given for word in ("--data", path)]
    done = veilspeak(data, "evaluate", what, *words, "--out", "out", "--json", VEILSPEAK_WEIGHTS=str(data / "none"))
    check_refusal(done, 3, f"weights '{missed}")
    assert "reinstall veilspeak" in done.stderr
    assert not list((data / "out").glob("*.json"))
