from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.data.lbp_top import NEIGHBOURS, PATTERNS, lbp_top, uniform_patterns


def slow(clip: np.ndarray, blocks: int, radii: tuple[int, int, int]) -> np.ndarray:
    """LBP-TOP voxel by voxel, straight from the definition."""
    volume = clip.astype(float).transpose(2, 1, 0)  # x, y, time
    inner = [size - 2 * radius for size, radius in zip(volume.shape, radii, strict=True)]
    counts = np.zeros((blocks, blocks, 3, PATTERNS))
    for place in np.ndindex(*inner):
        voxel = [p + r for p, r in zip(place, radii, strict=True)]
        row, column = place[1] * blocks // inner[1], place[0] * blocks // inner[0]
        for plane, (first, second) in enumerate([(0, 1), (0, 2), (1, 2)]):
            bits = ""
            for neighbour in range(NEIGHBOURS):
                angle = 2 * math.pi * neighbour / NEIGHBOURS
                at = [float(v) for v in voxel]
                at[first] += round(radii[first] * math.cos(angle), 9)
                at[second] += round(radii[second] * math.sin(angle), 9)
                bits += "1" if bilinear(volume, at) >= volume[tuple(voxel)] - 1e-6 else "0"
            counts[row, column, plane, pattern(bits)] += 1
    return (counts / counts.sum(axis=3, keepdims=True)).ravel()


def bilinear(volume: np.ndarray, at: list[float]) -> float:
    total = 0.0
    for corner in np.ndindex(2, 2, 2):
        weight, index = 1.0, []
        for value, step in zip(at, corner, strict=True):
            low = math.floor(value)
            weight *= value - low if step else 1 - (value - low)
            index.append(low + step)
        total += weight * volume[tuple(index)] if weight else 0.0
    return total


def pattern(bits: str) -> int:
    """Number uniform codes by their value; the first bit is the lowest."""

    def value(text: str) -> int:
        return int(text[::-1], 2)

    def changes(text: str) -> int:
        return sum(text[i] != text[i - 1] for i in range(len(text)))

    uniform = sorted(code for code in range(256) if changes(f"{code:08b}") <= 2)
    return uniform.index(value(bits)) if value(bits) in uniform else len(uniform)


def texture(seed: int, shape: tuple[int, int, int], levels: int = 256) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, levels, shape).astype(np.uint8)


@pytest.mark.parametrize(
    ("shape", "blocks", "radii", "levels"),
    [((10, 9, 11), 2, (1, 1, 4), 256), ((7, 12, 10), 3, (2, 1, 3), 256), ((9, 8, 8), 1, (1, 1, 1), 3)],
)
def test_it_equals_the_definition(
    shape: tuple[int, int, int], blocks: int, radii: tuple[int, int, int], levels: int
) -> None:
    clip = texture(1, shape, levels)
    np.testing.assert_allclose(lbp_top(clip, blocks, radii), slow(clip, blocks, radii), atol=1e-6)


def test_there_are_58_uniform_patterns_and_one_for_the_rest() -> None:
    table = uniform_patterns()
    assert PATTERNS == 59
    assert sorted(set(table.tolist())) == list(range(59))
    assert (table == 58).sum() == 256 - 58


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 60), st.floats(0.2, 0.8))
def test_brightness_and_contrast_hardly_matter(seed: int, lift: int, scale: float) -> None:
    clip = texture(seed, (10, 16, 16), 160)
    np.testing.assert_array_equal(lbp_top(clip), lbp_top(clip + np.uint8(lift)))
    assert np.abs(lbp_top(clip) - lbp_top((clip * scale).astype(np.uint8))).max() < 0.5


def test_every_histogram_sums_to_one_and_a_still_clip_has_no_motion_in_it() -> None:
    still = np.repeat(texture(2, (1, 20, 20)), 10, axis=0)
    feature = lbp_top(still).reshape(25, 3, 59)
    np.testing.assert_allclose(feature.sum(axis=2), 1, atol=1e-5)
    moving = np.stack([np.roll(still[0], step, axis=1) for step in range(10)])
    assert np.abs(lbp_top(moving).reshape(25, 3, 59)[:, 1] - feature[:, 1]).max() > 0.2


def test_axes_are_not_swapped() -> None:
    clip = texture(3, (10, 16, 16))
    turned = lbp_top(clip.transpose(0, 2, 1)).reshape(5, 5, 3, 59)
    straight = lbp_top(clip).reshape(5, 5, 3, 59)
    # Where x and y are swapped, XT of one is YT of the other, block for block.
    np.testing.assert_allclose(turned.transpose(1, 0, 2, 3)[:, :, 2], straight[:, :, 1], atol=1e-6)
    assert np.abs(turned[:, :, 2] - straight[:, :, 1]).max() > 0.01


@pytest.mark.parametrize("shape", [(8, 20, 20), (10, 2, 20), (10, 6, 6)])
def test_a_clip_that_is_too_small_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected a clip larger"):
        lbp_top(texture(0, shape))
