from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from green_pictures import SHAPE, photo, save
from heads import head, picture

from multimodal.results import REGIONS
from occlusion.drawing import coverage, draw
from occlusion.shapes.cutout import Cutout, rendered
from occlusion.shapes.green import key_out
from occlusion.shapes.hand_photos import measured, pick


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, pose in (("a.png", "stop"), ("b.JPG", "spread-before-face"), ("c.jpeg", "v-over-eye")):
        save(tmp_path / name, photo(pose)[0])
    return tmp_path


def chosen(folder: Path, seed: int) -> Cutout:
    return pick(folder, np.random.default_rng(seed))


@pytest.mark.parametrize("pose", ["stop", "spread-before-face", "chin-on-fist", "v-over-eye"])
@pytest.mark.parametrize("low", [0.7, 1.3])
def test_the_palm_is_measured(pose: str, low: float) -> None:
    hand, _ = measured(key_out(photo(pose, low=low)[0]))
    assert hand.palm == pytest.approx(low * rendered(pose).cutout.palm, rel=0.25)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_the_arm_is_where_it_leaves_the_picture(turns: int) -> None:
    image = np.ascontiguousarray(np.rot90(photo("stop")[0], -turns))
    hand, tip = measured(key_out(image))
    outwards = [(0, 1), (-1, 0), (0, -1), (1, 0)][turns]
    assert hand.way @ outwards > 0.85
    assert (tip - hand.grip) @ hand.way < -0.8 * hand.palm
    assert 0.4 < hand.width / hand.palm < 0.9


def test_a_long_arm_is_cut_off_behind_the_wrist() -> None:
    image, true = photo("stop", low=0.6)
    x = round(200 - 0.6 * 10)
    image[SHAPE[0] - 40 :] = photo("stop", low=0.6)[0][SHAPE[0] - 41]
    hand, _ = measured(key_out(image))
    gone = (true > 0.9) & (hand.alpha < 0.1)
    assert np.hypot(*(hand.end - hand.grip)) == pytest.approx(1.4 * hand.palm, rel=0.1)
    assert hand.alpha[-5:, x - 40 : x + 40].max() == 0
    assert gone[: SHAPE[0] // 2].sum() == 0


def test_a_hand_that_touches_no_border_has_its_arm_below() -> None:
    image = photo("chin-on-fist")[0]
    image[-60:] = image[:60]
    hand, _ = measured(key_out(image))
    assert hand.way[1] > 0.7
    assert hand.end[1] > hand.grip[1]


def test_the_choice_is_the_seeds_and_all_are_chosen(folder: Path) -> None:
    same = [chosen(folder, 3) for _ in range(2)]
    np.testing.assert_array_equal(same[0].colour, same[1].colour)
    np.testing.assert_array_equal(same[0].grip, same[1].grip)
    assert len({chosen(folder, seed).palm for seed in range(20)}) == 3


def test_colours_are_kept(folder: Path) -> None:
    for path in folder.glob("[bc]*"):
        path.unlink()
    hand, true = chosen(folder, 0), rendered("stop").cutout
    found, real = np.median(hand.colour[hand.alpha > 0.9], axis=0), np.median(true.colour[true.alpha > 0.9], axis=0)
    np.testing.assert_allclose(found / found.sum(), real / real.sum(), atol=0.02)


def test_broken_empty_and_unfit_files_are_passed_over(folder: Path) -> None:
    good = {chosen(folder, seed).palm for seed in range(20)}
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (folder / "empty.png").write_bytes(b"")
    (folder / "notes.txt").write_text("not a photo")
    (folder / "z.png").mkdir()
    save(folder / "grey.png", np.full((90, 90, 3), 128, np.uint8))
    assert {chosen(folder, seed).palm for seed in range(30)} == good


@pytest.mark.parametrize("content", ["nothing", "only bad", "no folder"])
def test_a_folder_without_a_usable_photo_is_an_error_with_the_remedy(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "gone" if content == "no folder" else tmp_path
    if content == "only bad":
        (folder / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
        save(folder / "grey.png", np.full((90, 90, 3), 128, np.uint8))
    with pytest.raises(ValueError, match=r"photos .* before a green screen") as error:
        draw("hand", 0, head(), (300, 340), {"hands": str(folder)})
    assert "\n" not in str(error.value)


def test_large_photos_are_made_smaller(folder: Path) -> None:
    for path in folder.glob("[bc]*"):
        path.unlink()
    before = chosen(folder, 0)
    save(folder / "a.png", cv2.resize(photo("stop")[0], None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC))
    after = chosen(folder, 0)
    assert max(after.alpha.shape) <= 640
    assert after.palm == pytest.approx(before.palm * 640 / 400, rel=0.05)


@pytest.mark.parametrize(
    ("style", "hidden", "seen"),
    [("palm-over-mouth", "upper_lip", "brow_outer_left"), ("face-in-palm", "nose_left", "chin")],
)
def test_the_style_says_where_a_photo_rests(folder: Path, style: str, hidden: str, seen: str) -> None:
    covered = [
        coverage(draw("hand", seed, head(), (300, 340), {"hands": str(folder)}, style).drawing.alpha, head())
        for seed in range(6)
    ]
    mean = np.mean(covered, axis=0)
    assert mean[REGIONS.index(hidden)] > 0.6
    assert mean[REGIONS.index(hidden)] > mean[REGIONS.index(seen)] + 0.2


def test_photos_are_drawn_alike_from_a_seed_and_leave_the_picture(folder: Path) -> None:
    image, points, options = picture(), head(), {"hands": str(folder)}
    one, same, other = (draw("hand", seed, points, image.shape, options).apply(image, points) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.image, same.image)
    assert (one.image != other.image).any()
    assert max(one.alpha[-1].max(), one.alpha[:, 0].max(), one.alpha[:, -1].max()) > 0.9


def test_a_photo_from_another_side_is_turned_so_that_the_arm_comes_from_below(tmp_path: Path) -> None:
    save(tmp_path / "upside-down.png", np.ascontiguousarray(photo("stop")[0][::-1, ::-1]))
    alpha = draw("hand", 0, head(40), (300, 340), {"hands": str(tmp_path)}, "stop").drawing.alpha
    assert alpha[-1].max() > 0.9
    assert alpha[0].max() == 0


@pytest.mark.shared_data
def test_real_photos_are_cut_out_with_their_arms(shared_data: Path) -> None:
    paths = sorted((shared_data / "gestures" / "green_screen" / "images" / "train").glob("*.jpg"))[::40]
    assert paths
    for path in paths:
        image = np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])
        hand, tip = measured(key_out(image))
        assert hand.way @ (hand.end - hand.grip) > 0.5 * hand.palm
        assert (tip - hand.grip) @ (hand.end - hand.grip) < 0
        solid = hand.colour[hand.alpha > 0.9]
        assert (solid[:, 1] <= 1.05 * (solid[:, 0] + solid[:, 2]) / 2 + 0.01).all()
