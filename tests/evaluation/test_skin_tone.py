from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from multimodal.evaluation.gesture_groups import by_group
from multimodal.evaluation.skin_tone import Look, look_of, skin_coloured, typology_angle

SKINS = ((224, 172, 138), (198, 134, 96), (141, 85, 56), (90, 56, 40))


def patch(colour: tuple[int, int, int], shade: float = 1.0, size: int = 24) -> np.ndarray:
    """Render a patch of skin, its light weakened by ``shade`` (of linear light), with a little noise."""
    linear = (np.array(colour) / 255) ** 2.2 * shade
    noise = np.random.default_rng(1).normal(0, 0.4, (size, size, 3))
    return np.clip(np.round(255 * linear ** (1 / 2.2) + noise), 0, 255).astype(np.uint8)


@settings(max_examples=60)
@given(st.sampled_from(SKINS), st.floats(0.25, 1), st.floats(0.25, 1))
def test_the_darker_the_patch_the_smaller_the_angle(colour: tuple[int, int, int], one: float, other: float) -> None:
    assume(max(one, other) / min(one, other) > 1.15)  # less is lost in eight bits
    dark, light = typology_angle(patch(colour, min(one, other))), typology_angle(patch(colour, max(one, other)))
    assert dark is not None
    assert light is not None
    assert dark < light


def test_darker_skins_have_smaller_angles() -> None:
    angles = [typology_angle(patch(colour)) for colour in SKINS]
    assert angles == sorted(angles, reverse=True)
    tones = [Look(angle, 50.0).tone for angle in angles]
    assert tones[0] == "light"
    assert tones[-1] == "tan_dark"


@settings(max_examples=40)
@given(st.integers(0, 150), st.integers(0, 90), st.sampled_from(SKINS))
def test_the_tone_does_not_hang_on_the_place(left: int, top: int, colour: tuple[int, int, int]) -> None:
    image = np.full((120, 180, 3), (90, 120, 160), np.uint8)
    image[top : top + 24, left : left + 24] = patch(colour)
    look = look_of(image, (left, top, left + 24, top + 24))
    assert look.ita == pytest.approx(look_of(np.pad(patch(colour), ((9, 9), (9, 9), (0, 0))), (9, 9, 33, 33)).ita)
    assert look.luminance == pytest.approx(look_of(image, (0, 0, 9, 9)).luminance)


def test_against_the_definition() -> None:
    colour = (198, 134, 96)
    lab = cv2.cvtColor(np.full((1, 1, 3), colour, np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0].astype(float)
    want = np.degrees(np.arctan((lab[0] - 50) / lab[2]))
    assert typology_angle(np.full((8, 8, 3), colour, np.uint8)) == pytest.approx(want, abs=1e-3)


def test_nails_and_shade_weigh_little_and_what_is_no_skin_nothing() -> None:
    clean = patch(SKINS[1])
    spotted = clean.copy()
    spotted[:4] = (40, 90, 200)
    spotted[4:8] = patch(SKINS[1], 0.4)[:4]
    assert typology_angle(spotted) == pytest.approx(typology_angle(clean), abs=3)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (120, 120, 120), (40, 160, 60), (40, 60, 200)])
def test_no_skin_no_tone(colour: tuple[int, int, int]) -> None:
    image = np.full((20, 20, 3), colour, np.uint8)
    assert not skin_coloured(image).any()
    assert look_of(image, (2, 2, 18, 18)).tone == "unknown"


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (-5, -5, 3, 3), (30, 30, 60, 60), (7.5, 7.5, 7.5, 7.5)])
def test_odd_boxes(box: tuple[float, ...]) -> None:
    assert look_of(np.full((16, 16, 3), SKINS[0], np.uint8), box).tone == "light"
    assert look_of(np.full((1, 1, 3), SKINS[0], np.uint8), box).tone == "light"


def test_light_is_the_whole_pictures() -> None:
    names = [look_of(np.full((9, 9, 3), value, np.uint8), (0, 0, 9, 9)).light for value in (20, 119, 230)]
    assert names == ["dark", "middle", "bright"]


def test_groups_add_up_to_the_whole() -> None:
    looks = [Look(50.0, 10.0), Look(30.0, 50.0), Look(0.0, 50.0), Look(None, 90.0), None]
    hits = [True, True, False, True, None]
    found = by_group(hits, looks)
    assert list(found["by_tone"]) == ["light", "intermediate", "tan_dark", "unknown"]
    assert {name: row["images"] for name, row in found["by_light"].items()} == {"dark": 1, "middle": 2, "bright": 1}
    for table in found.values():
        assert sum(row["images"] * row["image_top1"] for row in table.values()) == pytest.approx(3)
        assert all(row["ci95"][0] <= row["image_top1"] <= row["ci95"][1] for row in table.values())
    assert by_group([True] * 2, looks[:2])["by_tone"].keys() == {"light", "intermediate"}


def test_wilsons_interval() -> None:
    """Nine of ten: .596 to .982, as tables have it."""
    found = by_group([True] * 9 + [False], [Look(50.0, 50.0)] * 10)["by_light"]["middle"]
    assert found["ci95"] == pytest.approx([0.5958, 0.9821], abs=1e-3)
