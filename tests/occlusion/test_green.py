from __future__ import annotations

import cv2
import numpy as np
import pytest
from green_pictures import SHAPE, photo, screen

from occlusion.shapes.green import key_out


def overlap(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.minimum(found, true).sum() / np.maximum(found, true).sum())


@pytest.mark.parametrize("pose", ["stop", "v-over-eye", "chin-on-fist", "spread-before-face"])
@pytest.mark.parametrize("dim", [1.0, 0.45])
def test_a_known_hand_is_found_on_an_uneven_screen(pose: str, dim: float) -> None:
    image, true = photo(pose, dim=dim)
    assert overlap(key_out(image).alpha, true) > 0.95


def test_edges_are_soft_and_gaps_between_fingers_open() -> None:
    image, true = photo("spread-before-face")
    found = key_out(image).alpha
    assert ((found > 0.1) & (found < 0.9)).sum() > 100
    assert found[true == 0].mean() < 0.002


def test_a_shadow_on_the_screen_is_no_hand() -> None:
    image, true = photo("stop")
    shadow = np.roll(true, 30, axis=1) * (1 - true)
    dark = (image * (1 - 0.4 * shadow[..., None])).astype(np.uint8)
    assert overlap(key_out(dark).alpha, true) > 0.93


def test_spill_is_taken_out() -> None:
    image, true = photo("stop", spill=0.35)
    keyed = key_out(image)
    red, green, blue = np.moveaxis(image[true > 0.99] / 255, -1, 0)
    assert (green - (red + blue) / 2 > 0.05).mean() > 0.2
    clean = keyed.colour[keyed.alpha > 0.05]
    assert (clean[:, 1] - (clean[:, 0] + clean[:, 2]) / 2).max() < 0.05
    assert (clean[:, 0] > clean[:, 1]).mean() > 0.98


def test_edges_have_the_colour_of_what_they_bound() -> None:
    image, true = photo("stop")
    keyed = key_out(image)
    edge = keyed.colour[(keyed.alpha > 0.05) & (keyed.alpha < 0.9)]
    inner = (true > 0.99) & (cv2.erode(true, np.ones((9, 9), np.uint8)) < 0.5)
    np.testing.assert_allclose(np.median(edge, axis=0), np.median(image[inner], axis=0) / 255, atol=0.035)


def test_colours_without_spill_stay() -> None:
    image, true = photo("stop")
    keyed, inside = key_out(image), cv2.erode(true, np.ones((5, 5), np.uint8)) > 0.99
    np.testing.assert_allclose(
        np.median(keyed.colour[inside], axis=0), np.median(image[inside], axis=0) / 255, atol=0.01
    )


@pytest.mark.parametrize("fill", [0, 34])
def test_filled_corners_of_a_turned_photo_are_not_taken_for_the_hand(fill: int) -> None:
    image, true = photo("stop")
    turn = cv2.getRotationMatrix2D((200, 180), 12, 1.0)
    turned = cv2.warpAffine(image, turn, SHAPE[::-1], borderValue=(fill, fill, fill))
    there = cv2.warpAffine(true, turn, SHAPE[::-1])
    keyed = key_out(turned)
    assert overlap(keyed.alpha, there) > 0.93
    assert keyed.padding[2, 2]


def test_only_the_largest_piece_is_kept() -> None:
    image, true = photo("stop")
    image[20:60, 20:60] = (200, 40, 40)
    assert key_out(image).alpha[20:60, 20:60].max() == 0
    assert overlap(key_out(image).alpha, true) > 0.95


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.full((*SHAPE, 3), 128, np.uint8), "no green"),
        (np.full((*SHAPE, 3), (60, 60, 200), np.uint8), "no green"),
        (np.clip(screen(np.random.default_rng(0)), 0, 255).astype(np.uint8), "0 %"),
        (photo("chin-on-fist", low=0.3)[0], "1 %"),
    ],
)
def test_what_is_no_hand_before_a_screen_is_refused(image: np.ndarray, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        key_out(image)


def test_a_hand_that_fills_the_picture_is_refused() -> None:
    image = np.clip(screen(np.random.default_rng(0)), 0, 255).astype(np.uint8)
    image[:, 90:] = np.random.default_rng(1).integers(150, 170, (SHAPE[0], SHAPE[1] - 90, 1)) - np.array([0, 40, 60])
    with pytest.raises(ValueError, match="2 to 70 %"):
        key_out(image)
