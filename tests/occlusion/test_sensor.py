from __future__ import annotations

import numpy as np
import pytest

from occlusion.degrading.sensor import GAMMA, Exposure, Sensor


def seen(exposure: Exposure, value: int, size: int = 250, grey: bool = False) -> np.ndarray:
    """Return what a sensor makes of a picture of one value, in linear light."""
    image = np.full((size, size, 3), value, np.uint8)
    return (Sensor(exposure, np.random.default_rng(0), grey).see(image) / 255) ** GAMMA


@pytest.mark.parametrize("electrons", [200.0, 1000.0])
@pytest.mark.parametrize("value", [120, 200])
def test_noise_is_that_of_counting(electrons: float, value: int) -> None:
    rng, level = np.random.default_rng(1), 0.8
    light = (value / 255) ** GAMMA
    counted = level * (rng.poisson(light * electrons, 200000) + rng.normal(0, 2, 200000)) / electrons
    shown = seen(Exposure(electrons, level), value)
    assert shown.mean() == pytest.approx(np.clip(counted, 0, 1).mean(), rel=0.02)
    assert shown.std() == pytest.approx(np.clip(counted, 0, 1).std(), rel=0.05)


def test_noise_is_new_in_every_frame_and_independent() -> None:
    sensor, image = Sensor(Exposure(50, 0.5), np.random.default_rng(0)), np.full((200, 200, 3), 150, np.uint8)
    one, other = (sensor.see(image).astype(float) for _ in range(2))
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(one[..., 0].ravel(), one[..., 1].ravel())[0, 1]) < 0.03


def test_grey_noise_is_the_same_in_all_colours() -> None:
    shown = seen(Exposure(30, 0.5), 150, grey=True)
    np.testing.assert_array_equal(shown[..., 0], shown[..., 1])
    np.testing.assert_array_equal(shown[..., 0], shown[..., 2])


def test_without_electrons_there_is_no_noise_and_the_level_is_kept() -> None:
    shown = seen(Exposure(None, 0.25), 255)
    assert np.ptp(shown) == 0
    assert shown[0, 0, 0] == pytest.approx(0.25, rel=0.02)


def test_steps_and_black() -> None:
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8)[:, None, None], (256, 4, 3)).copy()
    few = Sensor(Exposure(None, 1.0, steps=8), np.random.default_rng(0)).see(ramp)
    assert len(np.unique(few)) == 8
    crushed = Sensor(Exposure(None, 1.0, black=0.2), np.random.default_rng(0)).see(ramp)
    assert crushed[: int(255 * 0.2 ** (1 / GAMMA))].max() == 0
    assert crushed[-1].min() == 255


def test_colour_of_the_light() -> None:
    shown = seen(Exposure(None, 0.5, cast=(1.2, 0.8, 0.2)), 200)[0, 0]
    np.testing.assert_allclose(shown / shown[1], [1.5, 1.0, 0.25], rtol=0.05)
