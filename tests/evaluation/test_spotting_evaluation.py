from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_spotting import fake_clips, fake_film
from typer.testing import CliRunner

from cli import app
from multimodal.data.people.long_set import synth_long
from multimodal.data.spotting.videos import KINDS
from multimodal.errors import MissingError, UsageError
from multimodal.evaluation import spotting
from multimodal.evaluation.intervals import draws_of, ratio_draws
from multimodal.evaluation.ledger import record
from multimodal.evaluation.protocols import subject_folds
from multimodal.evaluation.spotting import SpottingEvaluation, evaluate_spotting, spot_all
from multimodal.evaluation.spotting_data import SpottingData
from multimodal.evaluation.spotting_runs import run_apex, run_intervals
from multimodal.evaluation.spotting_tables import apex_row, interval_row
from multimodal.training.spotters.base import (
    ApexSpotter,
    ApexTask,
    IntervalSpotter,
    IntervalTask,
    apex_spotters,
    interval_spotters,
)

CLIPS = fake_clips(4, 3)
FILMS = tuple(
    fake_film({"micro": ((40, 52), (100 + who, 110 + who)), "macro": ((130, 170),)}, 200, who) for who in range(3)
)
BASELINES = {"middle", "magnitude-peak", "magnitude-peak-smooth"}


class Watchful(ApexSpotter, IntervalSpotter):
    """Notes what it is shown; says the same thing always."""

    chance = trains = True

    def __init__(self) -> None:
        self.tasks: list[ApexTask | IntervalTask] = []

    def spot(self, task):  # type: ignore[no-untyped-def]
        self.tasks.append(task)
        return [3 + task.seed if isinstance(task, ApexTask) else [(40, 52)]] * len(task.tests)


def test_nobody_is_on_both_sides_and_tests_hold_no_truth() -> None:
    spotter = Watchful()
    folds = subject_folds("loso", [c.subject for c in CLIPS], [c.dataset for c in CLIPS])
    found = run_apex({"w": spotter}, CLIPS, folds, seeds=2)["w"]
    assert found.tolist() == [[3] * 12, [4] * 12]
    assert len(spotter.tasks) == 2 * 4
    for task in spotter.tasks:
        assert {clip.subject for clip in task.train} == {clip.subject for clip in CLIPS} - {task.name}
        assert not any(hasattr(test, "apex") for test in task.tests)
    folds = subject_folds("loso", [f.subject for f in FILMS], [f.dataset for f in FILMS])
    spotter = Watchful()
    run_intervals({"w": spotter}, FILMS, KINDS, folds, seeds=1)
    assert len(spotter.tasks) == 2 * 3
    for task in spotter.tasks:
        assert task.name not in {one.subject for one in task.train}
        assert not any(hasattr(test, "truth") for test in task.tests)


def test_what_is_coded_in_the_tests_has_no_say_in_what_is_spotted() -> None:
    config = SpottingEvaluation(protocol="loso", seeds=1)
    methods = {name: one for name, one in interval_spotters().items() if not one.trains}
    other = replace(FILMS[0], truth={"micro": ((5, 9),), "macro": ()})
    first, second = (
        spot_all(SpottingData((), films, KINDS), config, {}, methods) for films in (FILMS, (other, *FILMS[1:]))
    )
    for name in methods:
        for kind, seeds in first.intervals[name].items():
            assert seeds[0][0] == second.intervals[name][kind][0][0]


def test_the_row_of_an_apex_spotter() -> None:
    truth = np.array([clip.apex for clip in CLIPS])
    found = np.stack([truth + 1, truth - 3])
    row = apex_row("m", found, CLIPS)
    assert row["method"] == "m"
    assert (row["apex_mae_frames"], row["median"], row["clips"]) == (2.0, 2.0, 12)
    assert row["apex_mae_ms"] == pytest.approx(2000 / 30, abs=0.01)
    assert row["ci95"] == [2.0, 2.0]
    assert row["sd"] == pytest.approx(np.sqrt(2), abs=1e-4)
    assert set(row["by_dataset"]) == {"casme2", "smic"}
    assert row["by_dataset"]["smic"]["clips"] == 6
    worse = truth + 5 * np.array([clip.dataset == "smic" for clip in CLIPS])
    row = apex_row("m", worse[None], CLIPS)
    assert row["sd"] is None
    assert [row["by_dataset"][name]["apex_mae_frames"] for name in ("casme2", "smic")] == [0, 5]
    assert row["ci95"][0] < row["apex_mae_frames"] == 2.5 < row["ci95"][1]


def test_the_row_of_an_interval_spotter() -> None:
    perfect = tuple(one.truth["micro"] for one in FILMS)
    half = tuple(rows[:1] for rows in perfect)
    noisy = tuple((*rows, (60, 70)) for rows in perfect)
    row = interval_row("m", {"micro": (half, noisy)}, FILMS)
    assert (row["tp"], row["fp"], row["fn"], row["videos"]) == (3, 0, 3, 3)
    assert row["f1"] == pytest.approx((2 / 3 + 12 / 15) / 2, abs=1e-4)
    assert row["precision"] == pytest.approx((1 + 6 / 9) / 2, abs=1e-4)
    assert row["f1_ci95"] == pytest.approx([row["f1"]] * 2, abs=1e-3)  # all subjects are alike
    assert "macro" not in row
    assert row["by_dataset"]["smic"]["videos"] == 2
    macro = tuple(one.truth["macro"] for one in FILMS)
    row = interval_row("m", {"micro": (half,), "macro": (macro,)}, FILMS)
    assert row["macro"]["f1"] == 1
    assert (row["overall"]["tp"], row["overall"]["fn"]) == (6, 3)
    assert row["f1_sd"] is None


def test_a_ratio_of_sums_is_drawn_by_subjects() -> None:
    above, below = np.array([[1.0, 4.0, 0.0]]), np.array([[2.0, 4.0, 0.0]])
    taken = np.array([[1.0, 1.0, 1.0], [3.0, 0.0, 0.0], [0.0, 0.0, 3.0]])
    assert ratio_draws(above, below, taken).tolist() == [5 / 6, 0.5, 0.0]
    assert ratio_draws(above, below, draws_of(3)).max() <= 1


def test_folds_of_whole_subjects() -> None:
    subjects, datasets = ("a", "a", "b", "c"), ("x", "x", "x", "y")
    assert [fold.test.tolist() for fold in subject_folds("loso", subjects, datasets)] == [[0, 1], [2], [3]]
    assert [fold.test.tolist() for fold in subject_folds("cross", subjects, datasets)] == [[0, 1, 2], [3]]
    (only,) = subject_folds("none", subjects, datasets)
    assert (only.train.tolist(), only.test.tolist()) == ([], [0, 1, 2, 3])
    parts = subject_folds("kfold", subjects, datasets, 2)
    assert sorted(row for fold in parts for row in fold.test.tolist()) == [0, 1, 2, 3]
    assert all(not {subjects[r] for r in fold.train} & {subjects[r] for r in fold.test} for fold in parts)
    for protocol, k in (("hde", 2), ("kfold", 4)):
        with pytest.raises(UsageError):
            subject_folds(protocol, subjects, datasets, k)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(paths, layout, want_clips, want_films, out, workers):  # type: ignore[no-untyped-def]
        return SpottingData(CLIPS if want_clips else (), FILMS if want_films else (), KINDS)

    monkeypatch.setattr(spotting, "load_spotting", load)


def test_without_training_what_must_learn_is_left_out(given: None, tmp_path: Path) -> None:
    summary = evaluate_spotting(tmp_path, None, tmp_path / "out")
    assert {row["method"] for row in summary["apex"]} == BASELINES
    assert {row["method"] for row in summary["intervals"]} == {"live", "magnitude-peak", "of-fd"}
    assert {"data", "protocol", "seeds", "wall_s", "problems", "provenance"} <= set(summary)
    assert summary["data"] == {
        "clips": 12,
        "videos": 3,
        "frames": 600,
        "minutes": 0.33,
        "subjects": 4,
        "expressions": {"micro": 6, "macro": 3},
    }
    assert json.loads((tmp_path / "out/spotting.json").read_text()) == summary
    with (tmp_path / "out/apex.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12 * 3
    off = [abs(int(row["apex"]) - int(row["spotted"])) for row in rows if row["method"] == "middle"]
    mae = next(row["apex_mae_frames"] for row in summary["apex"] if row["method"] == "middle")
    assert np.mean(off) == pytest.approx(mae, abs=1e-4)
    with (tmp_path / "out/intervals.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    live = next(row for row in summary["intervals"] if row["method"] == "live")
    outcomes = [row["outcome"] for row in rows if row["method"] == "live"]
    assert [outcomes.count(name) for name in ("hit", "false", "missed")] == [live["tp"], live["fp"], live["fn"]]


def test_one_method_alone(given: None, tmp_path: Path) -> None:
    config = SpottingEvaluation(model="of-fd", protocol="kfold", folds=3)
    summary = evaluate_spotting(tmp_path, config)
    assert [row["method"] for row in summary["intervals"]] == ["of-fd"]
    assert summary["apex"] == []
    assert summary["seeds"] == 3
    both = evaluate_spotting(tmp_path, SpottingEvaluation(model="magnitude-peak"))
    assert [row["method"] for row in (*both["apex"], *both["intervals"])] == ["magnitude-peak"] * 2


def test_calls_that_make_no_sense_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'flow-svm' spots nothing: choose one of apex-attention, "):
        evaluate_spotting(tmp_path, SpottingEvaluation(model="flow-svm"))
    with pytest.raises(UsageError, match="softnet has to be trained: take --protocol loso"):
        evaluate_spotting(tmp_path, SpottingEvaluation(model="softnet"))
    with pytest.raises(MissingError, match="no data set"):
        evaluate_spotting(tmp_path / "nowhere")
    (tmp_path / "index.csv").write_text("subject,clip,onset,apex,emotion,path\np,e,1,2,anger,\n")
    with pytest.raises(UsageError, match=r"no clips with a coded apex or long videos in .*veilspeak synth"):
        evaluate_spotting(tmp_path / "index.csv")


@pytest.mark.parametrize("option", [["--occlude", "mask"], ["--audit"], ["--null", "2"], ["--executor", "ray"]])
def test_options_of_other_evaluations_are_refused(option: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "spotting", "--data", str(tmp_path), *option])
    assert isinstance(done.exception, UsageError)
    assert "evaluate spotting takes" in str(done.exception)


def test_the_command_prints_one_object(given: None, tmp_path: Path) -> None:
    words = ["evaluate", "spotting", "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(app, [*words, "--model", "middle", "--record", str(tmp_path / "ledger.csv")])
    assert done.exit_code == 0, done.exception
    summary = json.loads(done.stdout)
    assert [row["method"] for row in summary["apex"]] == ["middle"]
    assert "apex.middle.apex_mae_frames" in (tmp_path / "ledger.csv").read_text()


def test_figures_go_into_the_ledger_by_method(given: None, tmp_path: Path) -> None:
    record(tmp_path / "ledger.csv", evaluate_spotting(tmp_path))
    with (tmp_path / "ledger.csv").open(newline="") as file:
        figures = {row["figure"] for row in csv.DictReader(file)}
    assert {"apex.middle.apex_mae_ms", "intervals.of-fd.f1", "intervals.of-fd.macro.f1"} <= figures


@pytest.mark.slow
def test_rendered_videos_go_all_the_way(tmp_path: Path) -> None:
    synth_long(tmp_path / "set", 1, seed=3, workers=1, size=160, fps=15, seconds=8)
    summary = evaluate_spotting(tmp_path / "set/index.csv", None, tmp_path / "out")
    assert summary["data"]["videos"] == 1
    assert summary["data"]["clips"] == summary["data"]["expressions"]["micro"] >= 2
    assert summary["problems"] == {}
    again = evaluate_spotting(tmp_path / "set/index.csv", None, tmp_path / "out")
    assert [again[key] for key in ("apex", "intervals")] == [summary[key] for key in ("apex", "intervals")]
    assert apex_spotters().keys() >= {row["method"] for row in summary["apex"]}
