from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import MissingError
from multimodal.gesture.detector import Detection
from multimodal.gesture.hands import Skeleton
from multimodal.gesture.merge import Merge, Opinion, combine, match
from multimodal.results import GESTURES

FULL = (0.0, 0.0, 10.0, 10.0)


def logs_for(name: str, probability: float) -> np.ndarray:
    rest = (1 - probability) / (len(GESTURES) - 1)
    return np.log(np.where(np.array(GESTURES) == name, probability, rest))


def opinion(name: str, probability: float, box: tuple[float, float, float, float] = FULL) -> Opinion:
    skeleton = Skeleton(np.zeros((21, 3)), 1, 1.0)
    return Opinion(skeleton, logs_for(name, probability), np.ones(64, np.float32), box)


def detection(name: str, score: float, box: tuple[float, float, float, float] = FULL) -> Detection:
    return Detection(box, np.where(np.array(GESTURES) == name, score, 0.001))


@given(st.floats(0, 2), st.floats(0, 2), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_merged_probabilities_sum_to_one(a: float, b: float, p: float, q: float) -> None:
    merged = Merge(a, b, a, b)
    for pair in ((logs_for("ok", p), logs_for("one", q)), (logs_for("ok", p), None), (None, logs_for("one", q))):
        assert np.exp(merged(*pair)).sum() == pytest.approx(1)


def test_an_exponent_of_nought_leaves_the_other_alone() -> None:
    assert np.allclose(Merge(1, 0)(logs_for("ok", 0.6), logs_for("one", 0.99)), logs_for("ok", 0.6))


def test_agreement_is_surer_than_either() -> None:
    merged = np.exp(Merge()(logs_for("ok", 0.6), logs_for("ok", 0.6)))
    assert merged[GESTURES.index("ok")] > 0.6


def test_no_opinion_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Merge()(None, None)


def test_each_can_fail_alone() -> None:
    (hand,) = combine([detection("ok", 0.8)], [], Merge())
    assert (hand.gesture, hand.origin, hand.landmarks) == ("ok", "detector", None)
    assert hand.confidence < 0.8
    (hand,) = combine([], [opinion("rock", 0.8)], Merge())
    assert (hand.gesture, hand.origin) == ("rock", "skeleton")
    assert hand.confidence == pytest.approx(0.8)
    assert combine([], [], Merge()) == ()


def test_the_skeleton_corrects_the_detector() -> None:
    (hand,) = combine([detection("ok", 0.4)], [opinion("palm", 0.99)], Merge(1.0, 0.5))
    assert (hand.gesture, hand.origin) == ("palm", "both")
    assert hand.embedding.sum() == 64


def test_the_surest_comes_first_and_far_boxes_are_two_hands() -> None:
    hands = combine([detection("ok", 0.4, (50, 50, 60, 60))], [opinion("palm", 0.99)], Merge())
    assert [hand.origin for hand in hands] == ["skeleton", "detector"]


@given(st.lists(st.integers(0, 5), max_size=5), st.lists(st.integers(0, 5), max_size=5))
def test_everything_is_in_exactly_one_pair(first: list[int], second: list[int]) -> None:
    detections = [detection("ok", 0.5, (3.0 * x, 0, 3.0 * x + 10, 10)) for x in first]
    opinions = [opinion("ok", 0.5, (3.0 * x, 0, 3.0 * x + 10, 10)) for x in second]
    pairs = match(detections, opinions, 0.3)
    assert sorted(id(d) for d, _ in pairs if d) == sorted(map(id, detections))
    assert sorted(id(s) for _, s in pairs if s) == sorted(map(id, opinions))
    if 0 in first and 0 in second:
        assert any(d and s for d, s in pairs)


@pytest.mark.parametrize("meta", [{}, {"merge": {"weight": 1.0}}, {"merge": None}])
def test_a_card_without_a_merge_is_refused(meta: dict[str, object]) -> None:
    with pytest.raises(MissingError, match="reinstall"):
        Merge.from_card(meta)


def test_a_merge_survives_its_card() -> None:
    merged = Merge(0.1, 0.2, 0.3, 0.4)
    assert Merge.from_card({"merge": merged.to_dict()}) == merged
