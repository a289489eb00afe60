from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from multimodal.evaluation import side_by_side
from multimodal.evaluation.side_by_side import BASELINES, fitting, main, seeds_of
from multimodal.expression.zoo.systems import systems, systems_for


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """A flow-map folder of four people whose classes move different halves of the face."""
    rng = np.random.default_rng(0)
    for person in range(4):
        for label in range(3):
            folder = tmp_path / "maps" / f"sub{person:02d}" / "u_test" / str(label)
            folder.mkdir(parents=True)
            for number in range(2):
                map_ = rng.integers(100, 156, (28, 28, 3), np.uint8)
                map_[9 * label : 9 * label + 9] += 80
                Image.fromarray(map_).save(folder / f"clip{number}.png")
    return tmp_path / "maps"


def test_every_system_has_its_place_and_none_has_two() -> None:
    of_maps, of_frames = fitting(True), fitting(False)
    assert set(of_maps) & set(of_frames) == set(BASELINES)
    assert set(of_maps) | set(of_frames) == {*BASELINES, *systems_for("classify")}
    assert "rrrn" in of_maps
    assert "adp-dstn" in of_frames


def test_large_networks_come_last_and_have_one_seed() -> None:
    seeds = [seeds_of(name) for name in fitting(True)[len(BASELINES) :]]
    assert seeds == sorted(seeds, reverse=True)
    assert seeds_of("ststnet") == 3
    assert seeds_of("htnet") == 1
    assert systems()["htnet"].few_seeds


def test_all_runs_end_in_one_table(maps: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "out"
    main(["--data", str(maps), "--out", str(out), "--systems", "majority,flow-logreg", "--occlude", "none,block:0.3"])
    printed = capsys.readouterr()
    assert json.loads(printed.out)["runs"] == 2
    assert "flow-logreg: none 1.000 / 1.000" in printed.err
    with (out / "report.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["model"], row["occlusion"]) for row in rows] == [
        ("flow-logreg", "none"),
        ("flow-logreg", "block:0.3"),
        ("majority", "none"),
        ("majority", "block:0.3"),
    ]


def test_frames_are_measured_clean_unless_copies_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[dict] = []
    monkeypatch.setattr(side_by_side, "set_side_by_side", lambda *given: seen.append(given[3]) or {})
    main(["--data", str(tmp_path), "--masked", "mask=copy", "--protocol", "kfold", "--folds", "5"])
    assert seen == [{"protocol": "kfold", "folds": 5, "occlude": ("none",), "masked": {"mask": "copy"}}]
