from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from multimodal import weights
from multimodal.data.fake_gestures import write_fake_gestures
from multimodal.errors import UsageError
from multimodal.expression.reader import ExpressionReader
from multimodal.fusion.prior import Prior, affect_given_gesture
from multimodal.fusion.reader import EXPRESSION_ROW, GESTURE_ROW, FusionReader
from multimodal.results import EXPRESSIONS, GESTURES
from multimodal.training.fusion import FusionTrainingConfig, compare, train_fusion
from multimodal.training.fusion_faces import COVERS, read_faces, read_free_and_covered, synthetic_faces
from multimodal.training.fusion_head import HeadTraining, abstain_rules, read_pairs, train_head
from multimodal.training.fusion_signs import STATES, read_signs, spoilt
from multimodal.training.pairs import Channel, draw_pairs, joined

AFFINITY = {"like": "positive", "dislike": "negative"}
QUICK = HeadTraining(pairs=4000, epochs=8)


def channel(classes: int, right: float, seed: int, per_class: int = 40) -> Channel:
    """Samples whose posterior names the true class in a share ``right`` of the cases, as surely as it should."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class)
    named = np.where(rng.random(len(labels)) < right, labels, rng.integers(0, classes, len(labels)))
    posterior = np.full((len(labels), classes), np.log((1 - right) / (classes - 1)))
    posterior[np.arange(len(labels)), named] = np.log(right)
    rows = np.ones((len(labels), GESTURE_ROW if classes == 19 else EXPRESSION_ROW), np.float32)
    rows[:, :classes] = posterior
    return Channel(rows, labels, np.arange(len(labels)), np.ones(len(labels), bool))


def test_pairs_follow_the_table_and_never_lack_both() -> None:
    gestures, felt = channel(19, 0.9, 0), channel(3, 0.8, 1)
    pairs = draw_pairs(gestures, felt, affect_given_gesture(0.5, AFFINITY), 40_000, 0.2, np.random.default_rng(0))
    signs, affects = gestures.labels[pairs.gesture], felt.labels[pairs.expression]
    like = signs == GESTURES.index("like")
    np.testing.assert_allclose(np.bincount(affects[like], minlength=3) / like.sum(), [1 / 6, 4 / 6, 1 / 6], atol=0.03)
    assert pairs.present.any(1).all()
    np.testing.assert_allclose((~pairs.present).mean(0), 0.2, atol=0.01)


def test_what_was_not_found_is_absent_from_its_pairs() -> None:
    gestures, felt = channel(19, 0.9, 0), channel(3, 0.8, 1)
    half = Channel(gestures.rows, gestures.labels, gestures.groups, gestures.groups % 2 == 0)
    pairs = draw_pairs(half, felt, affect_given_gesture(0.0, {}), 2000, 0.0, np.random.default_rng(0))
    np.testing.assert_array_equal(pairs.present[:, 0], half.found[pairs.gesture])
    assert pairs.present[:, 1].all()


def test_split_never_parts_a_group() -> None:
    whole = channel(3, 0.8, 0)
    grouped = Channel(whole.rows, whole.labels, whole.groups // 7, whole.found)
    one, other = grouped.split(0.3, np.random.default_rng(0))
    assert not set(one.groups) & set(other.groups)
    assert len(joined([one, other])) == len(whole)


def test_coupled_pairs_are_read_better_than_the_product_and_independent_ones_no_worse() -> None:
    prior = Prior(coupling=0.9, affinity=dict.fromkeys(GESTURES[:18], "positive"))
    head = train_head(channel(19, 0.9, 0), channel(3, 0.6, 1), prior, QUICK)
    figures = compare(head, channel(19, 0.9, 2), channel(3, 0.6, 3), prior, 0)
    assert figures["coupled"]["head"]["affect"] > figures["coupled"]["product"]["affect"] + 0.1
    assert figures["independent"]["head"]["joint"] >= figures["independent"]["product"]["joint"] - 0.005


def test_a_head_learns_how_far_an_overconfident_face_can_be_trusted() -> None:
    """Faces say .95 and are right in .6 of the cases: with a prior that is right in .8, the prior wins."""
    felt = channel(3, 0.6, 1, per_class=400)
    felt.rows[:, :3] = np.where(felt.rows[:, :3] == felt.rows[:, :3].max(1, keepdims=True), np.log(0.95), np.log(0.025))
    prior = Prior(coupling=0.7, affinity=dict.fromkeys(GESTURES, "negative"))
    signs = channel(19, 0.95, 0)
    head = train_head(signs, felt, prior, QUICK)
    pairs = draw_pairs(signs, felt, affect_given_gesture(0.7, prior.affinity), 3000, 0, np.random.default_rng(5))
    named = read_pairs(head, signs, felt, pairs, prior).sum(1).argmax(1)
    bayes = (felt.rows[pairs.expression, :3] + prior.log_table()[0]).argmax(1)
    truth = felt.labels[pairs.expression]
    assert (named == truth).mean() > (bayes == truth).mean() + 0.05


@given(hnp.arrays(float, st.integers(1, 40), elements=st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9])), st.randoms())
def test_abstaining_keeps_the_risk_and_answers_as_much_as_it_may(confidence: np.ndarray, random) -> None:
    right = np.array([random.random() < value for value in confidence])
    for rule in abstain_rules(confidence, right, (0.1, 0.25, 0.5)):
        answered = confidence >= rule["least_confidence"]
        assert (~right[answered]).mean() <= rule["risk"]
        assert answered.mean() == pytest.approx(rule["answered"], abs=1e-4)
        lower = [level for level in set(confidence) if level < rule["least_confidence"]]
        assert all((~right[confidence >= level]).mean() > rule["risk"] for level in lower)


def test_unsound_photos_stop_before_any_hand_is_looked_for(tmp_path: Path) -> None:
    data = write_fake_gestures(tmp_path / "set", gestures=("ok", "palm"), size=48)
    (tmp_path / "set/images/train/ok_000.png").write_text("no picture")
    (tmp_path / "set/labels/train/palm_000.txt").write_text("44 .5 .5 .2 .2\n")
    with pytest.raises(UsageError, match=r"unknown class: 1 .*cannot be decoded: 1"):
        read_signs(data, "train")


def test_photos_are_read_once_a_state_and_nothing_found_is_said(tmp_path: Path) -> None:
    data = write_fake_gestures(tmp_path / "set", gestures=("ok", "palm"), size=48)
    signs = read_signs(data, "train", STATES)
    photos = len(signs) // len(STATES)
    assert signs.rows.shape == (photos * len(STATES), GESTURE_ROW)
    np.testing.assert_array_equal(signs.labels, np.tile(signs.labels[:photos], len(STATES)))
    assert not signs.rows[~signs.found].any()


@pytest.mark.parametrize("state", STATES)
def test_photos_are_spoilt_as_said_and_left_whole(state: str) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    kept = photo.copy()
    seen = spoilt(photo, (20.0, 10.0, 60.0, 50.0), state, np.random.default_rng(1))
    np.testing.assert_array_equal(photo, kept)
    changed = (seen != photo).any(-1)
    assert seen.shape == photo.shape
    if state == "covered":
        share = changed[10:50, 20:60].mean()
        assert 0.03 < share < 0.42
        assert changed.sum() == changed[10:50, 20:60].sum()
    else:
        assert changed.any() == (state != "clean")


def test_faces_are_read_free_and_behind_things_in_the_order_of_the_clips() -> None:
    samples, reader = synthetic_faces(40, seed=3), ExpressionReader()
    faces = read_free_and_covered(reader, samples, copies=1, seed=5)
    assert len(faces) == 2 * len(samples)
    np.testing.assert_array_equal(faces.labels, np.tile(samples.labels, 2))
    free, hidden = faces.rows[: len(samples), 3:], faces.rows[len(samples) :, 3:]
    assert free.min() == 1
    assert (hidden.mean(1) < 1).mean() > 0.9
    some = COVERS.index("mask")
    kinds = np.random.default_rng(5).integers(0, len(COVERS), len(samples)) == some
    whole = read_faces(reader, samples, "mask", 5)
    np.testing.assert_allclose(faces.rows[len(samples) :][kinds], whole.rows[kinds], atol=1e-5)


def test_training_leaves_weights_that_a_reader_takes_and_rules_for_stated_risks(tmp_path: Path) -> None:
    data = write_fake_gestures(tmp_path / "set", size=64)
    config = FusionTrainingConfig(head=HeadTraining(pairs=500, epochs=1), expressions=60, copies=1)
    figures = train_fusion(config, data, tmp_path / "out")
    reader = FusionReader(figures["weights"])
    assert json.loads((tmp_path / "out/figures.json").read_text())["coupled"] == figures["coupled"]
    for rule in figures["abstain"]:
        assert reader.least_confidence(rule["risk"]) == rule["least_confidence"]
    with pytest.raises(UsageError, match="no rule keeps the risk"):
        reader.least_confidence(1e-6)


def test_the_shipped_head_knows_stated_risks() -> None:
    _, card = weights.find("fusion-head")
    reader = FusionReader()
    least = [reader.least_confidence(rule["risk"]) for rule in card.meta["abstain"]]
    assert least == sorted(least, reverse=True)
    assert set(card.figures) == {"coupled", "independent"}
    assert len(EXPRESSIONS) == 3
