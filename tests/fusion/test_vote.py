from __future__ import annotations

import numpy as np
import pytest

from multimodal.fusion.vote import Held, Vote
from multimodal.results import GESTURES, Hand


def hand(name: str, probability: float = 0.9) -> Hand:
    rest = (1 - probability) / (len(GESTURES) - 1)
    probabilities = np.full(len(GESTURES), rest, np.float32)
    probabilities[GESTURES.index(name)] = probability
    return Hand((0.0, 0.0, 10.0, 10.0), name, probability, probabilities)


def run(vote: Vote, names: str, step: float = 100.0, start: float = 0.0) -> list[Held | None]:
    """One letter a frame: l like, p palm, n no_gesture, anything else no hand."""
    shown = {"l": "like", "p": "palm", "n": "no_gesture"}
    return [
        vote.push(start + step * i, hand(shown[letter]) if letter in shown else None) for i, letter in enumerate(names)
    ]


def test_a_sign_counts_only_after_the_dwell() -> None:
    held = run(Vote(400, 0.6, 300), "llllll")
    assert [h is not None for h in held] == [False] * 4 + [True] * 2


@pytest.mark.parametrize("names", ["l.l.l.l.l.", "lplplplplp", "nnnnnnnnnn", ".........."])
def test_no_majority_no_hold(names: str) -> None:
    assert not any(run(Vote(400, 0.7, 300), names))


def test_one_wrong_frame_does_not_end_a_hold_or_make_a_new_one() -> None:
    held = run(Vote(400, 0.6, 300), "llllllpllll")
    assert len({h.since_ms for h in held if h}) == 1
    assert {h.hand.gesture for h in held if h} == {"like"}


def test_shown_again_after_release_is_a_new_hold() -> None:
    held = run(Vote(400, 0.6, 300), "llllll..........llllllll")
    assert len({h.since_ms for h in held if h}) == 2


def test_probabilities_are_the_mean_of_the_winning_votes() -> None:
    vote = Vote(200, 0.6, 300)
    for i, probability in enumerate((0.6, 0.8, 1.0)):
        held = vote.push(100.0 * i, hand("like", probability))
    assert held is not None
    assert held.hand.confidence == pytest.approx(0.8)
    assert held.hand.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_reset_forgets() -> None:
    vote = Vote(400, 0.6, 300)
    run(vote, "lllll")
    vote.reset()
    assert vote.push(500, hand("like")) is None
