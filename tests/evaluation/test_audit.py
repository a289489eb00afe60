from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_samples import fake_samples
from sklearn.metrics import f1_score

from multimodal.errors import DecodeError, MissingError, UsageError
from multimodal.evaluation.audit import audit
from multimodal.evaluation.classification import uf1
from multimodal.evaluation.conditions import draw_covers, parse
from multimodal.evaluation.intervals import counts_by_subject, draws_of, interval, uf1_draws
from multimodal.evaluation.megc_log import LogRow, read_log, write_log
from multimodal.evaluation.protocols import folds_of


def test_the_wrong_rules_reward_noise() -> None:
    samples = fake_samples(people=12, clips=5)
    folds = folds_of("loso", samples)
    traces = {0: np.random.default_rng(0).random((60, 60, 3))}
    found = audit(traces, samples.labels, folds)
    guesses = traces[0][-1].argmax(axis=1)
    assert found["honest"]["uf1"] == pytest.approx(uf1(samples.labels.tolist(), guesses.tolist()), abs=1e-4)
    # Pure chance, and yet: the epoch was chosen on the test subject.
    assert found["honest"]["uf1"] < 0.45
    assert found["best_epoch_on_test"]["uf1"] > 0.6
    assert found["epochs"] == 60
    assert "not comparable" in found["note"]


def test_the_mean_of_folds_is_what_averaging_scripts_print() -> None:
    samples = fake_samples(people=5)
    folds = folds_of("loso", samples)
    traces = {0: np.random.default_rng(1).random((1, 30, 3))}
    guesses = traces[0][0].argmax(axis=1)
    by_hand = [f1_score(samples.labels[f.test], guesses[f.test], average="macro") for f in folds]
    assert audit(traces, samples.labels, folds)["mean_of_folds"]["uf1"] == pytest.approx(np.mean(by_hand), abs=1e-4)


def test_bootstrap_draws_equal_a_slow_loop() -> None:
    rng = np.random.default_rng(0)
    labels, guesses = rng.integers(3, size=60), rng.integers(3, size=60)
    subjects = [f"s{i % 7}" for i in range(60)]
    taken = draws_of(7, 40)
    quick = uf1_draws(counts_by_subject(labels, guesses, subjects, 3)[None], taken)
    owners = np.array(subjects)
    for draw, value in zip(taken, quick, strict=True):
        rows = np.concatenate([np.tile(np.flatnonzero(owners == f"s{s}"), int(n)) for s, n in enumerate(draw)])
        assert value == pytest.approx(uf1(labels[rows].tolist(), guesses[rows].tolist()))


def test_intervals_hold_the_score_grow_with_fewer_people_and_pair_differences() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(3, size=300)
    guesses = np.where(rng.random(300) < 0.7, labels, rng.integers(3, size=300))
    many = counts_by_subject(labels, guesses, [f"s{n // 5:02d}" for n in range(300)], 3)[None]
    few = counts_by_subject(labels, guesses, [f"s{n // 50}" for n in range(300)], 3)[None]
    wide, narrow = (interval(uf1_draws(c, draws_of(c.shape[1]))) for c in (few, many))
    score = uf1(labels.tolist(), guesses.tolist())
    assert narrow[0] < score < narrow[1]
    assert wide[0] <= score <= wide[1]
    worse = np.where(np.arange(300) % 10 == 0, (labels + 1) % 3, guesses)
    other = counts_by_subject(labels, worse, [f"s{n // 5:02d}" for n in range(300)], 3)[None]
    taken = draws_of(60)
    paired = interval(uf1_draws(other, taken) - uf1_draws(many, taken))
    alone = interval(uf1_draws(other, draws_of(60, seed=1)) - uf1_draws(many, taken))
    assert paired[1] < 0
    assert paired[1] - paired[0] < alone[1] - alone[0]


def test_a_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = [LogRow("casme2", "sub01", "EP02_01f", 1, 1), LogRow("casme2", "sub01", "a b", 0, 2)]
    write_log(tmp_path / "log.txt", [*rows, LogRow("smic", "s01", "s01_ne_01", 0, 0)])
    text = (tmp_path / "log.txt").read_text()
    assert text == "casme2 sub01\nEP02_01f 1 1\na_b 0 2\nsmic s01\ns01_ne_01 0 0\n"
    assert read_log(tmp_path / "log.txt")[0] == rows[0]


def test_damaged_logs_are_named_by_line(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("casme2 sub01\nEP02_01f one 1\n")
    with pytest.raises(DecodeError, match="line 2"):
        read_log(tmp_path / "log.txt")
    (tmp_path / "log.txt").write_text("EP02_01f 1 1\n")
    with pytest.raises(DecodeError, match="line 1"):
        read_log(tmp_path / "log.txt")
    with pytest.raises(MissingError, match="no log"):
        read_log(tmp_path / "away.txt")


def test_covers_depend_on_seed_and_clip_alone() -> None:
    samples = fake_samples(people=3)
    whole = draw_covers("block:0.3", samples, 4, workers=1)
    rows = np.array([7, 2])
    part = draw_covers("block:0.3", samples.pick(rows), 4, workers=1)
    np.testing.assert_array_equal(part.hidden, whole.hidden[rows])
    assert (draw_covers("block:0.3", samples, 5, workers=1).hidden != whole.hidden).any()
    assert 0.1 < (1 - whole.visibility.mean()) < 0.6
    clean = draw_covers("none", samples, 0)
    assert clean.hidden.max() == 0
    assert clean.visibility.min() == 1


@pytest.mark.parametrize("condition", ["beard", "mask:plaid", "block:half", "block:0.33", "low-light"])
def test_unknown_conditions_are_refused(condition: str) -> None:
    with pytest.raises(UsageError):
        parse(condition)


def test_conditions_name_kinds_and_styles() -> None:
    assert (parse("block:0.3").kind, parse("block:0.3").style) == ("block", "0.30")
    assert parse("mask:cloth-denim").style == "cloth-denim"
    assert parse("none").kind == "none"
