from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from multimodal.gesture.sharpness import SIDE, blur_effect, sharpness


def picture(seed: int = 0, side: int = 80) -> np.ndarray:
    """Blocks of random grey: sharp edges everywhere."""
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(0, 256, (side // 8, side // 8)), np.ones((8, 8))).astype(np.uint8)


@given(st.integers(0, 20))
def test_the_more_a_picture_is_blurred_the_more_blurred_it_is_called(seed: int) -> None:
    grey = picture(seed)
    levels = [blur_effect(cv2.GaussianBlur(grey, (0, 0), sigma)) for sigma in (0.5, 1, 2)]
    assert levels == sorted(levels)
    assert all(0 <= level <= 1 for level in levels)


def test_the_blur_effect_equals_its_slow_self() -> None:
    grey = cv2.GaussianBlur(picture(3, 24), (0, 0), 1.0).astype(float)

    def along(rows: np.ndarray) -> float:
        lost = total = 0.0
        for row in rows:
            padded = np.pad(row, 4, mode="edge")
            smeared = [padded[place : place + 9].mean() for place in range(len(row))]
            for place in range(1, len(row)):
                before = abs(row[place] - row[place - 1])
                lost += max(before - abs(smeared[place] - smeared[place - 1]), 0)
                total += before
        return 1 - lost / total

    slow = max(along(np.round(grey)), along(np.round(grey).T))
    assert abs(blur_effect(np.round(grey).astype(np.uint8)) - slow) < 1e-4


def test_only_what_lies_in_the_box_counts_and_near_and_far_hands_compare() -> None:
    image = np.full((200, 200, 3), 90, np.uint8)
    image[:80, :80] = picture(1)[..., None]
    assert sharpness(image, (0.0, 0.0, 80.0, 80.0)) > 0.5
    assert sharpness(image, (100.0, 100.0, 180.0, 180.0)) == 0.0
    large = cv2.resize(image[:80, :80], (4 * SIDE, 4 * SIDE), interpolation=cv2.INTER_NEAREST)
    near, far = sharpness(large, (0, 0, 4 * SIDE, 4 * SIDE)), sharpness(image, (0, 0, 80, 80))
    assert abs(near - far) < 0.15


def test_boxes_outside_the_picture_or_without_area_are_not_sharp() -> None:
    image = picture(0)[..., None].repeat(3, -1)
    for box in ((-50.0, 0.0, -10.0, 20.0), (30.0, 30.0, 30.0, 30.0), (90.0, 0.0, 120.0, 40.0)):
        assert sharpness(image, box) == 0.0
