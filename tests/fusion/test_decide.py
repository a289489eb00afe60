from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from multimodal.fusion.decide import Decider, DecisionConfig, Meaning
from multimodal.fusion.lexicon import choose_lexicon
from multimodal.results import EXPRESSIONS, GESTURES, Decision, ExpressionResult, GestureResult, Hand

STEP = 100.0


def hand(name: str, probability: float) -> Hand:
    probabilities = np.full(len(GESTURES), (1 - probability) / 18, np.float32)
    probabilities[GESTURES.index(name)] = probability
    return Hand((0.0, 0.0, 9.0, 9.0), name, probability, probabilities)


def expression(at: float, affect: str = "positive", confidence: float = 0.8) -> ExpressionResult:
    probabilities = np.full(3, (1 - confidence) / 2, np.float32)
    probabilities[EXPRESSIONS.index(affect)] = confidence
    ones = np.ones(12, np.float32)
    return ExpressionResult(
        at - 300, at - 150, at, affect, confidence, probabilities, np.full(5, 0.2), ones / 2, ones, ones, np.zeros(64)
    )


def product(shown: Hand, felt: ExpressionResult | None) -> Meaning:
    """The product of posteriors: what an untrained fusion head says."""
    affect = (felt.affect, felt.confidence) if felt else ("none", 1.0)
    return Meaning(shown.gesture, shown.confidence, *affect, {"gesture": 0.5, "expression": 0.5})


def play(
    script: str, expressions: dict[int, ExpressionResult] | None = None, sure: float = 0.9, **config: Any
) -> list[Decision]:
    """One letter a frame of 100 ms: l like, p palm, o ok, . nothing; expressions by frame."""
    decider = Decider(DecisionConfig(**config), product, choose_lexicon())
    names = {"l": "like", "p": "palm", "o": "ok", "n": "no_gesture"}
    decisions = []
    for i, letter in enumerate(script):
        hands = (hand(names[letter], sure),) if letter in names else ()
        decisions.append(decider.push(STEP * i, GestureResult(i, STEP * i, hands), (expressions or {}).get(i)))
    return [decision for decision in decisions if decision]


def sentences(decisions: list[Decision]) -> list[str | None]:
    return [decision.sentence for decision in decisions]


def test_sign_alone_has_its_plain_meaning_once() -> None:
    decisions = play("l" * 40)
    assert sentences(decisions) == ["Yes."]
    assert decisions[0].t_ms == 900  # 400 dwell, 500 grace


def test_sign_with_expression_before_it() -> None:
    decisions = play("." * 5 + "l" * 20, {3: expression(300)})
    assert sentences(decisions) == ["Yes, gladly!"]
    assert abs(decisions[0].confidence - 0.9 * 0.8) < 1e-5


def test_expression_within_the_grace_still_counts() -> None:
    assert sentences(play("l" * 20, {7: expression(700)})) == ["Yes, gladly!"]


def test_expression_after_the_sentence_is_not_a_second_sentence() -> None:
    assert sentences(play("l" * 20, {14: expression(1400)})) == ["Yes."]


def test_expression_from_before_the_sign_gives_way_to_one_with_it() -> None:
    decisions = play("." * 5 + "l" * 20, {3: expression(300, "negative"), 11: expression(1100)})
    assert sentences(decisions) == ["Yes, gladly!"]


def test_old_expression_is_forgotten() -> None:
    assert sentences(play("." * 25 + "l" * 20, {3: expression(300)})) == ["Yes."]


def test_unsure_expression_is_left_out() -> None:
    decisions = play("l" * 20, {2: expression(200, confidence=0.4)})
    assert sentences(decisions) == ["Yes."]
    assert decisions[0].affect == "none"


def test_with_a_least_confidence_the_affect_goes_first_and_the_sign_then() -> None:
    felt = {2: expression(200, confidence=0.8)}
    assert sentences(play("l" * 20, felt, min_confidence=0.7)) == ["Yes, gladly!"]  # .9 x .8
    plain = play("l" * 20, felt, min_confidence=0.75)
    assert sentences(plain) == ["Yes."]
    assert plain[0].confidence == pytest.approx(0.9)
    assert [decision.sure for decision in play("l" * 20, felt, min_confidence=0.95)] == [False]


def test_one_expression_colours_one_sentence() -> None:
    assert sentences(play("l" * 8 + "." * 5 + "p" * 12, {3: expression(300)}, memory_ms=9000)) == [
        "Yes, gladly!",
        "Hello.",
    ]


def test_unsure_sign_is_shown_once_and_not_spoken() -> None:
    decisions = play("l" * 40, sure=0.3)
    assert [decision.sure for decision in decisions] == [False]


def test_not_said_again_within_the_cooldown() -> None:
    assert sentences(play("l" * 12 + "." * 6 + "l" * 12, cooldown_ms=5000)) == ["Yes."]


def test_said_again_after_the_cooldown() -> None:
    assert sentences(play("l" * 12 + "." * 60 + "l" * 12, cooldown_ms=5000)) == ["Yes.", "Yes."]


def test_two_signs_two_sentences() -> None:
    assert sentences(play("l" * 12 + "p" * 16)) == ["Yes.", "Hello."]


def told(script: str, **config: Any) -> list[tuple[str | None, bool, bool]]:
    return [(one.sentence, one.sure, one.asks) for one in play(script, confirm="ok", **config)]


def test_with_a_confirming_sign_nothing_is_said_before_it() -> None:
    assert told("l" * 30) == [("Yes.", False, True)]
    assert told("l" * 12 + "o" * 16) == [("Yes.", False, True), ("Yes.", True, False)]


def test_the_confirming_sign_says_nothing_by_itself_or_too_late() -> None:
    assert told("o" * 30) == []
    assert told("l" * 12 + "." * 40 + "o" * 16, confirm_ms=2000) == [("Yes.", False, True)]


def test_the_last_sign_is_confirmed_once() -> None:
    shown = told("l" * 12 + "p" * 16 + "o" * 16 + "." * 6 + "o" * 16)
    assert shown == [("Yes.", False, True), ("Hello.", False, True), ("Hello.", True, False)]


def test_what_is_confirmed_keeps_its_expression_and_its_cooldown() -> None:
    script = ("l" * 12 + "o" * 14 + "." * 6) * 2
    decisions = play(script, {3: expression(300)}, confirm="ok", cooldown_ms=9000)
    assert [(one.sentence, one.sure) for one in decisions] == [
        ("Yes, gladly!", False),
        ("Yes, gladly!", True),
        ("Yes.", False),
        ("Yes.", True),
    ]
    again = play("l" * 12 + "o" * 14 + "." * 6 + "l" * 12 + "o" * 14, confirm="ok", cooldown_ms=9000)
    assert [one.sure for one in again] == [False, True, False]


def test_an_unknown_confirming_sign_is_refused() -> None:
    with pytest.raises(ValidationError, match="unknown sign 'wave'"):
        DecisionConfig(confirm="wave")


def test_rest_is_no_sign() -> None:
    assert play("n" * 30) == []


def test_gap_forgets_the_sign_but_not_what_was_said() -> None:
    decider = Decider(DecisionConfig(), product, choose_lexicon())
    times = [STEP * i for i in range(8)] + [5000 + STEP * i for i in range(4)]
    said = [decider.push(t, GestureResult(i, t, (hand("like", 0.9),)), None) for i, t in enumerate(times)]
    assert not any(said)


def test_single_picture_is_decided_at_once() -> None:
    decider = Decider(DecisionConfig(), product, choose_lexicon())
    decision = decider.single(0, GestureResult(0, 0, (hand("like", 0.9),)))
    assert decision is not None
    assert decision.sure
    assert decider.single(0, GestureResult(0, 0, ())) is None


def test_what_was_said_is_kept_for_the_cooldown_only() -> None:
    decider = Decider(DecisionConfig(cooldown_ms=3000), product, choose_lexicon())
    names = ("like", "palm", "ok", "fist", "one", "four")
    for i in range(1200):
        shown = () if i % 12 == 11 else (hand(names[i // 12 % len(names)], 0.9),)
        decider.push(STEP * i, GestureResult(i, STEP * i, shown), None)
    assert 0 < len(decider._said) <= 4


def test_a_clock_that_starts_anew_is_not_cooling_down() -> None:
    decider = Decider(DecisionConfig(cooldown_ms=5000), product, choose_lexicon())
    said = []
    for start in (60_000.0, 0.0):
        for i in range(12):
            said.append(decider.push(start + STEP * i, GestureResult(i, start + STEP * i, (hand("like", 0.9),)), None))
    assert sentences([one for one in said if one]) == ["Yes.", "Yes."]
