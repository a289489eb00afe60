from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.data.fake_gestures import write_fake_gestures
from multimodal.errors import UsageError
from multimodal.results import EXPRESSIONS, GESTURES
from multimodal.training.fusion import FusionTrainingConfig, compare, measure, read_signs, train_head
from multimodal.training.pairs import Channel, affect_given_gesture, draw_pairs

AFFINITY = {"like": "positive", "dislike": "negative"}


def channel(classes: int, features: int, right: float, seed: int, per_class: int = 40) -> Channel:
    """Samples whose posterior names the true class in a share ``right`` of the cases, as surely as it should."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class)
    named = np.where(rng.random(len(labels)) < right, labels, rng.integers(0, classes, len(labels)))
    posterior = np.full((len(labels), classes), np.log((1 - right) / (classes - 1)))
    posterior[np.arange(len(labels)), named] = np.log(right)
    rows = np.zeros((len(labels), features), np.float32)
    rows[:, 64 : 64 + classes] = posterior
    rows[:, 64 + classes :] = 1
    return Channel(rows, labels, np.arange(len(labels)))


@given(st.floats(0, 1))
def test_affects_are_distributions_and_leave_other_signs_alone(coupling: float) -> None:
    table = affect_given_gesture(coupling, AFFINITY)
    np.testing.assert_allclose(table.sum(1), 1)
    assert table[GESTURES.index("like"), EXPRESSIONS.index("positive")] == pytest.approx((1 + 2 * coupling) / 3)
    np.testing.assert_allclose(table[GESTURES.index("palm")], 1 / 3)


def test_pairs_follow_the_table_and_never_lack_both() -> None:
    gestures, felt = channel(19, 85, 0.9, 0), channel(3, 69, 0.8, 1)
    pairs = draw_pairs(gestures, felt, affect_given_gesture(0.5, AFFINITY), 40_000, 0.2, np.random.default_rng(0))
    signs, affects = gestures.labels[pairs.gesture], felt.labels[pairs.expression]
    shares = (
        np.bincount(affects[signs == GESTURES.index("like")], minlength=3) / (signs == GESTURES.index("like")).sum()
    )
    np.testing.assert_allclose(shares, [1 / 6, 4 / 6, 1 / 6], atol=0.03)
    assert pairs.present.any(1).all()
    np.testing.assert_allclose((~pairs.present).mean(0), 0.2, atol=0.01)


def test_split_never_parts_a_group() -> None:
    whole = channel(3, 69, 0.8, 0)
    grouped = Channel(whole.rows, whole.labels, whole.groups // 7)
    one, other = grouped.split(0.3, np.random.default_rng(0))
    assert not set(one.groups) & set(other.groups)
    assert len(one.rows) + len(other.rows) == len(whole.rows)


def test_coupled_pairs_are_read_better_than_the_product_and_independent_ones_no_worse() -> None:
    config = FusionTrainingConfig(coupling=0.9, affinity=dict.fromkeys(GESTURES[:18], "positive"), pairs=4000, epochs=8)
    gestures, felt = channel(19, 85, 0.9, 0), channel(3, 69, 0.6, 1)
    head = train_head(gestures, felt, config)
    figures = compare(head, channel(19, 85, 0.9, 2), channel(3, 69, 0.6, 3), config)
    assert figures["coupled"]["head"]["affect"] > figures["coupled"]["product"]["affect"] + 0.1


def test_unsound_photos_stop_before_any_hand_is_looked_for(tmp_path: Path) -> None:
    data = write_fake_gestures(tmp_path / "set", gestures=("ok", "palm"), size=48)
    (tmp_path / "set/images/train/ok_000.png").write_text("no picture")
    (tmp_path / "set/labels/train/palm_000.txt").write_text("44 .5 .5 .2 .2\n")
    with pytest.raises(UsageError, match=r"unknown class: 1 .*cannot be decoded: 1"):
        read_signs(data, "train", tmp_path)


def test_product_of_posteriors_is_measured_right() -> None:
    gestures, felt = channel(19, 85, 0.9, 0), channel(3, 69, 0.6, 1)
    table = affect_given_gesture(0.0, {})
    pairs = draw_pairs(gestures, felt, table, 500, 0.0, np.random.default_rng(0))
    slow = [
        gestures.rows[g, 64:83].argmax() == gestures.labels[g] and felt.rows[e, 64:67].argmax() == felt.labels[e]
        for g, e in zip(pairs.gesture, pairs.expression, strict=True)
    ]
    assert measure(None, gestures, felt, pairs)["joint"] == pytest.approx(np.mean(slow), abs=1e-4)
