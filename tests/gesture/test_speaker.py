from __future__ import annotations

import numpy as np
import pytest

from multimodal.gesture.speaker import STAY, Box, choose, painted_over
from multimodal.results import GESTURES, FaceObservation, Hand

MIDDLE = (200.0, 100.0)


def face(*others: Box, eyes: float = 40.0) -> FaceObservation:
    points = np.zeros((468, 3), np.float32) + np.array([*MIDDLE, 0.0], np.float32)
    return FaceObservation(0, 0.0, True, 1.0, points, (0.0, 0.0, 0.0), eyes, np.ones(12, np.float32), 0, others)


def hand(x: float, y: float, side: float = 60.0, gesture: str = "ok", confidence: float = 0.9) -> Hand:
    half = side / 2
    flat = np.full(len(GESTURES), 1 / len(GESTURES))
    return Hand((x - half, y - half, x + half, y + half), gesture, confidence, flat)


def test_the_hand_nearest_to_the_face_counts_first() -> None:
    near, far = hand(260, 200), hand(420, 200, side=90)
    assert choose((far, near), face(), None) == (near, far)


def test_without_a_face_the_largest_does() -> None:
    small, large = hand(260, 200), hand(420, 200, side=90)
    assert choose((small, large), None, None) == (large, small)
    assert choose((small, large), FaceObservation(0, 0.0, False), None) == (large, small)


@pytest.mark.parametrize("speaker", [None, face()])
def test_the_hand_that_is_followed_stays_until_another_is_clearly_nearer(speaker: FaceObservation | None) -> None:
    mine, other = hand(200, 200), hand(200, 12, side=66)
    assert choose((other, mine), speaker, None)[0] is other
    assert choose((other, mine), speaker, mine.box)[0] is mine
    clearly = hand(200, 100 - 100 / STAY + 2, side=60 * STAY + 2)
    assert choose((clearly, mine), speaker, mine.box)[0] is clearly


def test_a_resting_hand_and_a_doubtful_one_come_later() -> None:
    far = hand(420, 200)
    for later in (hand(220, 160, gesture="no_gesture"), hand(220, 160, confidence=0.4)):
        assert choose((later, far), face(), later.box) == (far, later)


def test_the_hand_of_somebody_behind_is_left_out() -> None:
    behind = (400.0, 60.0, 440.0, 100.0)
    theirs, mine = hand(400, 160, side=25), hand(260, 200)
    assert choose((theirs, mine), face(behind), None) == (mine,)
    assert choose((theirs,), face(behind), None) == ()
    assert choose((theirs,), face(), None) == (theirs,)


def test_a_hand_that_the_detector_takes_for_a_face_is_still_the_speakers() -> None:
    fist = hand(330, 200)
    assert choose((fist,), face((305.0, 172.0, 352.0, 226.0)), None) == (fist,)


def test_painting_over_keeps_the_picture_itself() -> None:
    image = np.zeros((20, 30, 3), np.uint8)
    assert painted_over(image, []) is image
    painted = painted_over(image, [(-5.0, -5.0, 4.4, 3.2), (25.0, 15.0, 99.0, 99.0)])
    assert image.max() == 0
    assert painted[:4, :5].min() == painted[15:, 25:].min() == 127
    assert painted[4:15].max() == 0
