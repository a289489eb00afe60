from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occlusion.degrading.optics import bending, bent, blended, defocused, softened, swept


def textured(seed: int = 0, shape: tuple[int, int] = (120, 160)) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, (*shape, 3)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 3) * 250 + 128, 0, 255).astype(np.uint8)


@settings(max_examples=15)
@given(st.floats(-24, 24), st.floats(-24, 24))
def test_a_sweep_is_the_average_over_its_way(x: float, y: float) -> None:
    image = textured()
    steps = np.linspace(-0.5, 0.5, 65)
    shifts = [np.array([(1, 0, x * step), (0, 1, y * step)], np.float32) for step in steps]
    moved = [cv2.warpAffine(image.astype(np.float32), shift, (160, 120)) for shift in shifts]
    apart = np.abs(swept(image, np.array([x, y])) - np.mean(moved, axis=0))[30:-30, 30:-30]
    assert apart.mean() < 2.5


@pytest.mark.parametrize("radius", [1.5, 3.0, 7.0, 15.0])
def test_defocus_spreads_a_point_over_a_disc(radius: float) -> None:
    image = np.zeros((121, 161, 3), np.uint8)
    image[58:63, 78:83] = 255
    light = defocused(image, radius)[..., 0].astype(float) ** 2
    y, x = np.indices(light.shape)
    far = np.hypot(x - 80, y - 60)
    inside = light[far < radius + 4.5].sum()
    assert inside > 0.97 * light.sum()
    assert light.sum() == pytest.approx(25 * 255**2, rel=0.12)
    if radius > 5:
        assert light[far < radius - 4].min() > 0.5 * light.max()


def test_strong_blur_at_a_part_of_the_resolution_is_hardly_different() -> None:
    image = textured()
    for sigma in (3.0, 6.0, 12.0):
        apart = np.abs(softened(image, sigma).astype(int) - cv2.GaussianBlur(image, (0, 0), sigma))
        assert apart.mean() < 2.5


def test_blending_goes_from_one_to_the_other() -> None:
    one, other = np.full((4, 5, 3), 10, np.uint8), np.full((4, 5, 3), 210, np.uint8)
    share = np.broadcast_to(np.linspace(0, 1, 5, dtype=np.float32), (4, 5)).copy()
    np.testing.assert_allclose(blended(one, other, share)[0, :, 0], [10, 60, 110, 160, 210], atol=1)


def test_bending_looks_at_the_place_it_is_told() -> None:
    image = textured()
    y, x = np.mgrid[:120, :160].astype(np.float32)
    np.testing.assert_array_equal(bent(image, bending(x + 7, y - 3))[3:, :-7], image[:-3, 7:])
