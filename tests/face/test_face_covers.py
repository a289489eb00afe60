from __future__ import annotations

import cv2
import numpy as np

from multimodal.face.covers import hand_outlines


def open_hand() -> np.ndarray:
    """Return a hand whose fingers point up, 100 pixels from wrist to the middle finger's root."""
    points = [(0.0, 0.0), (-35, -25), (-60, -50), (-80, -75), (-95, -95)]
    for x in (-36, -12, 12, 36):
        points += [(x, -100 - step * 30.0) for step in range(4)]
    return np.array(points, np.float32) + 200


def painted(outlines: list[np.ndarray]) -> np.ndarray:
    canvas = np.zeros((400, 400), np.uint8)
    for outline in outlines:
        cv2.fillPoly(canvas, [np.round(outline).astype(np.int32)], 1)
    return canvas


def test_palm_and_fingers_are_covered_and_what_lies_beside_is_not() -> None:
    hand = open_hand()
    canvas = painted(hand_outlines(hand))
    assert all(canvas[int(y), int(x)] for x, y in hand)
    assert canvas[150, 200] == 1
    assert canvas[300, 200] == 0
    assert canvas[20:40, 100:120].max() == 0


def test_it_grows_with_the_hand() -> None:
    hand = open_hand()
    small = (hand - 200) * 0.5 + 200
    ratio = painted(hand_outlines(hand)).sum() / painted(hand_outlines(small)).sum()
    assert abs(ratio / 4 - 1) < 0.1


def test_a_collapsed_hand_is_no_error() -> None:
    assert all(np.isfinite(outline).all() for outline in hand_outlines(np.full((21, 2), 50, np.float32)))
