from __future__ import annotations

import numpy as np
import pytest

from multimodal.media.draw import annotate
from multimodal.media.fonts import font_for
from multimodal.media.show import Window
from multimodal.results import REGIONS, FaceObservation, Frame, Hand

FACE = FaceObservation(0, 0.0, True, 0.9, None, (0.0, 0.0, 0.0), 60.0, np.ones(12))
BOX = {"eye_left": np.array([[20.0, 20.0], [60.0, 20.0], [60.0, 60.0], [20.0, 60.0]])}


def frame(height: int = 360, width: int = 640) -> Frame:
    return Frame(np.full((height, width, 3), 120, np.uint8), 0, 0.0, "test")


def hand(*box: float) -> Hand:
    return Hand(box, "like", 0.93, np.full(19, 1 / 19, np.float32))


def drawn(
    polygons: dict[str, np.ndarray] | None = None,
    attention: np.ndarray | None = None,
    visibility: np.ndarray | None = None,
    hands: tuple[Hand, ...] = (),
    caption: str = "",
    face: FaceObservation | None = FACE,
    sure: bool = True,
    size: tuple[int, int] = (360, 640),
) -> np.ndarray:
    return annotate(frame(*size), face, polygons or {}, attention, visibility, hands, caption, sure)


def test_nothing_to_draw_leaves_the_picture_and_never_touches_the_input() -> None:
    given = frame()
    assert (annotate(given, FACE, {}, None, None, (), "", True) == given.image).all()
    annotate(given, None, BOX, np.ones(12), None, (hand(5, 5, 50, 50),), "Hello", True)
    assert (given.image == 120).all()


def test_attention_colours_a_region_and_only_that() -> None:
    attention = np.full(12, 0.1)
    attention[REGIONS.index("eye_left")] = 0.2
    image = drawn(BOX, attention)
    red, green, blue = image[40, 40].tolist()
    assert min(red, green) > blue
    assert (image[100:, 100:] == 120).all()


def test_the_least_heard_region_is_bluer_than_the_most_heard() -> None:
    attention = np.ones(12)
    attention[REGIONS.index("eye_left")] = 0.0
    pixel = drawn(BOX, attention)[40, 40].astype(int)
    assert pixel[2] > pixel[1]


def test_hidden_regions_are_hatched() -> None:
    visibility = np.ones(12)
    visibility[REGIONS.index("eye_left")] = 0.1
    patch = drawn(BOX, np.ones(12), visibility)[25:55, 25:55, 0]
    assert {int(value) for value in np.unique(patch)} == {15, 120, 245}
    seen = drawn(BOX, np.ones(12), np.ones(12))[25:55, 25:55, 0]
    assert len(np.unique(seen)) == 1


def test_the_faces_own_visibility_is_the_default() -> None:
    hidden = FaceObservation(0, 0.0, True, 0.9, None, None, 60.0, np.zeros(12))
    assert len(np.unique(drawn(BOX, None, None, face=hidden)[25:55, 25:55, 0])) == 3


def test_hand_box_and_name_are_drawn_where_it_is() -> None:
    image = drawn(hands=(hand(200, 100, 300, 200),))
    assert image[150, 200].tolist() == [80, 220, 120]
    assert (image[80:100, 200:300] != 120).any()
    assert (image[210:, :] == 120).all()


def test_a_lost_face_is_said() -> None:
    assert (drawn(face=None)[:30, :90] != 120).any()
    assert (drawn(face=FaceObservation(0, 0.0, False))[:30, :90] != 120).any()


@pytest.mark.parametrize("text", ["Yes, gladly!", "Größe: schön", "Привет", "Να 'μαι", "你好", "مرحبا", "x" * 500])
def test_captions_are_legible_in_many_scripts(text: str) -> None:
    image = drawn(caption=text)
    bar = image[320:]
    assert bar.max() > 230
    assert (image[:310] == 120).all()
    assert not (image == drawn(caption="?")).all()


def test_letters_differ_from_the_box_of_a_missing_one() -> None:
    font = font_for("äöüß", 20)
    missing = bytes(font.getmask("\U0010fffe"))
    assert all(bytes(font.getmask(letter)) != missing for letter in "äöüßéПΩ")


def test_unsure_captions_look_different() -> None:
    sure, unsure = drawn(caption="like"), drawn(caption="like", sure=False)
    assert sure[320:, :, 2].max() > 240
    assert unsure[320:, :, 2].max() < 150


@pytest.mark.parametrize("size", [(1, 1), (20, 20), (97, 65), (1080, 1920)])
def test_any_size_and_wild_coordinates_are_survived(size: tuple[int, int]) -> None:
    wild = {
        "eye_left": np.array([[-50.0, -50.0], [5000.0, -10.0], [10.0, 4000.0]]),
        "chin": np.array([[9000.0, 9000.0], [9100.0, 9000.0], [9100.0, 9100.0]]),
        "upper_lip": np.full((3, 2), np.nan),
    }
    hands = (hand(-900, -900, 9000, 9000), hand(np.nan, 0, 1, 1))
    for visibility in (np.zeros(12), np.ones(12)):
        image = drawn(wild, np.zeros(12), visibility, hands, "Hello", size=size)
        assert image.shape == (*size, 3)


def test_without_a_screen_the_window_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with Window() as window:
        assert window.note is not None
        assert "\n" not in window.note
        assert window.show(np.zeros((4, 4, 3), np.uint8))


def test_a_screen_that_cannot_be_reached_crashes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    with Window() as window:
        assert window.note is not None
        assert "cannot be reached" in window.note
