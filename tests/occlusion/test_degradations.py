from __future__ import annotations

import functools

import cv2
import numpy as np
import pytest
from heads import SHAPE, head, picture

from occlusion.drawing import Degradation, draw, kinds, styles
from occlusion.registry import entry_of, register_degradation

DEGRADATIONS = [kind for kind in kinds() if entry_of(kind).degrades]
EVERY = [(kind, style) for kind in DEGRADATIONS for style in styles(kind)]
CHANGING = {("blur", "shaky")}
"""Besides all low light, what changes from frame to frame on a still picture."""
STILL = [(kind, style) for kind, style in EVERY if kind != "low-light" and (kind, style) not in CHANGING]


def portrait(points: np.ndarray | None = None) -> np.ndarray:
    """Return a plain picture with dark eyes, brows and a red mouth where the landmarks are, and some grain."""
    points = head() if points is None else points
    image = cv2.blur(picture(), (50, 50))
    cv2.fillConvexPoly(image, hull(points, range(468)), (215, 170, 145))
    for numbers, colour in (
        ((33, 159, 133, 145), (30, 20, 20)),
        ((362, 386, 263, 374), (30, 20, 20)),
        ((70, 105, 107, 66), (60, 40, 30)),
        ((300, 334, 336, 296), (60, 40, 30)),
        ((61, 0, 291, 17), (170, 50, 60)),
    ):
        cv2.fillConvexPoly(image, hull(points, numbers), colour)
    grain = np.random.default_rng(0).normal(0, 4, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def hull(points: np.ndarray, numbers: range | tuple[int, ...]) -> np.ndarray:
    places = np.clip(points[list(numbers), :2], -2000, 2000)
    return cv2.convexHull(np.round(places).astype(np.int32))


def worsened(kind: str, style: str, frames: int = 1, seed: int = 3, **where: np.ndarray) -> list[np.ndarray]:
    image, points = where.get("image", portrait()), where.get("points", head())
    thing = draw(kind, seed, points, image.shape, style=style)
    return [thing.apply(image, points).image for _ in range(frames)]


def detail(image: np.ndarray) -> float:
    """Return how much of it is fine: its deviation from a slight blur, around eyes and mouth."""
    part = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[80:240, 110:230].astype(np.float32)
    return float(np.std(part - cv2.GaussianBlur(part, (0, 0), 2)))


def brightness(image: np.ndarray, number: int, reach: int = 6) -> float:
    x, y = np.round(head()[number, :2]).astype(int)
    return float(image[y - reach : y + reach + 1, x - reach : x + reach + 1].mean())


def test_there_are_degradations_of_four_kinds_and_more_than_ten_styles_each() -> None:
    assert set(DEGRADATIONS) >= {"low-light", "blur", "low-resolution", "side-light"}
    assert min(len(styles(kind)) for kind in DEGRADATIONS) >= 10


@functools.cache
def usual(kind: str, style: str) -> list[np.ndarray]:
    return worsened(kind, style, 3)


@pytest.mark.parametrize(("kind", "style"), EVERY)
def test_it_changes_the_picture_and_hides_nothing_outright(kind: str, style: str) -> None:
    image, points = portrait(), head()
    before = image.copy()
    thing = draw(kind, 3, points, image.shape, style=style)
    assert isinstance(thing, Degradation)
    worse = thing.apply(image, points)
    assert worse.image.shape == image.shape
    assert worse.image.dtype == np.uint8
    assert (worse.image != image).mean() > 0.005
    assert worse.alpha.shape == image.shape[:2]
    assert worse.alpha.max() == 0
    assert worse.polygon.shape == (0, 2)
    np.testing.assert_array_equal(image, before)
    # Without landmarks it goes on.
    blind = thing.apply(image, None)
    assert not blind.tracked
    assert thing.missed == 1
    if (kind, style) in STILL:
        np.testing.assert_allclose(blind.image.astype(int), worse.image, atol=1)
    else:
        assert (blind.image != image).mean() > 0.005


@pytest.mark.parametrize(("kind", "style"), EVERY)
def test_the_same_seed_does_the_same_to_the_same_frames_and_another_another(kind: str, style: str) -> None:
    for one, same in zip(usual(kind, style), worsened(kind, style, 3), strict=True):
        np.testing.assert_array_equal(one, same)
    # Where chance only sets a size that is then rounded, another seed may happen to give the same.
    others = (worsened(kind, style, seed=seed)[0] for seed in range(4, 10))
    assert any((other != usual(kind, style)[0]).any() for other in others)


@pytest.mark.parametrize("kind", DEGRADATIONS)
def test_no_two_styles_look_alike(kind: str) -> None:
    looks = [usual(kind, style)[0].astype(np.float32) for style in styles(kind)]
    apart = [np.abs(one - other).mean() for i, one in enumerate(looks) for other in looks[:i]]
    assert min(apart) > 0.3


@pytest.mark.parametrize(("kind", "style"), STILL)
def test_on_a_still_picture_with_trembling_landmarks_it_stands_still(kind: str, style: str) -> None:
    rng, image, points = np.random.default_rng(0), portrait(), head()
    thing = draw(kind, 1, points, image.shape, style=style)
    last = thing.apply(image, points).image.astype(int)
    for _ in range(4):
        shaken = points + rng.normal(0, 0.25, points.shape).astype(np.float32)
        now = thing.apply(image, shaken).image.astype(int)
        assert np.abs(now - last).max() <= 1
        last = now


@pytest.mark.parametrize("style", styles("low-light"))
def test_noise_is_new_in_every_frame(style: str) -> None:
    one, other, _ = usual("low-light", style)
    silent = style in ("underexposed", "few-levels")
    assert (one != other).any() != silent


PLACES = (
    (70, (330, 20), (0, 0, 0)),
    (70, (-60, 320), (45, 30, 60)),
    (250, (170, 150), (-45, -30, -60)),
    (20, (40, 40), (0, 0, 0)),
    (70, (900, 900), (0, 0, 0)),
)
"""Of heads, partly or wholly outside the picture, very near and very far: size, shift, turn."""


@pytest.mark.parametrize("kind", DEGRADATIONS)
@pytest.mark.parametrize("number", range(len(PLACES)))
def test_faces_partly_outside_very_near_or_far_are_no_error(kind: str, number: int) -> None:
    points = head(*PLACES[number])
    image = portrait(points)
    # The styles of side light differ in numbers alone, and it takes time to draw.
    for style in styles(kind)[number :: len(PLACES)] if kind == "side-light" else styles(kind):
        thing = draw(kind, 2, points, image.shape, style=style)
        for step in (0, 400):
            assert thing.apply(image, points + np.float32(step)).image.shape == image.shape


def test_low_light_is_darker() -> None:
    bright = portrait().mean()
    for style in styles("low-light"):
        assert usual("low-light", style)[0].mean() < 0.8 * bright


@pytest.mark.parametrize(
    ("kind", "style"),
    [
        *(("blur", style) for style in ("defocus-slight", "gaussian", "motion-across", "shaky", "fogged-lens")),
        *(("blur", style) for style in ("greasy-smear", "tilt-shift-upper", "dirty-film")),
        *(("low-resolution", style) for style in ("face-56-bicubic", "webcam-160x120", "jpeg-large-blocks")),
        *(("low-resolution", style) for style in ("privacy-pixelation", "chroma-smear", "video-call")),
    ],
)
def test_detail_is_lost(kind: str, style: str) -> None:
    assert detail(usual(kind, style)[0]) < 0.9 * detail(portrait())


def test_more_of_a_blur_leaves_less() -> None:
    for names in (
        ("defocus-slight", "defocus", "defocus-strong"),
        ("face-56-bicubic", "face-28-bilinear", "face-20-bicubic"),
    ):
        kind = "blur" if "defocus" in names[0] else "low-resolution"
        kept = [detail(usual(kind, style)[0]) for style in names]
        assert kept[0] > kept[1] > kept[2]


def test_motion_blurs_along_its_way_and_not_across_it() -> None:
    stripes = np.zeros((*SHAPE, 3), np.uint8)
    stripes[:, ::16] = stripes[:, 1::16] = stripes[:, 2::16] = stripes[:, 3::16] = 255
    across, down = (worsened("blur", f"motion-{way}", image=stripes)[0][100:200, 100:200] for way in ("across", "down"))
    assert np.ptp(across.mean(axis=(0, 2))) < 0.35 * np.ptp(down.mean(axis=(0, 2)))


def test_motion_blur_does_not_shift_the_picture() -> None:
    spot = np.zeros((*SHAPE, 3), np.uint8)
    spot[150:153, 170:173] = 255
    for image in worsened("blur", "shaky", 12, image=spot):
        y, x = np.indices(SHAPE)
        weight = image.sum(axis=2) / image.sum()
        assert ((x * weight).sum(), (y * weight).sum()) == pytest.approx((171, 151), abs=0.1)


@pytest.mark.parametrize(
    ("half", "rows", "spared"), [("lower", (185, 225), (95, 125)), ("upper", (95, 125), (185, 225))]
)
def test_tilt_shift_spares_the_other_half(half: str, rows: tuple[int, int], spared: tuple[int, int]) -> None:
    changed = np.abs(worsened("blur", f"tilt-shift-{half}")[0].astype(int) - portrait())
    assert changed[slice(*spared)].mean() < 0.2 * changed[slice(*rows)].mean()


@pytest.mark.parametrize(
    ("style", "inside", "outside"),
    [
        ("privacy-pixelation", (33, 263, 61, 291), ()),
        ("pixelated-eyes", (33, 263), (61, 291)),
        ("pixelated-mouth", (61, 291), (33, 263)),
    ],
)
def test_pixelation_hides_its_part_and_goes_along(
    style: str, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    image, points = portrait(), head()
    shift = np.array([[1, 0, 31], [0, 1, -17]], np.float32)
    moved = cv2.warpAffine(image, shift, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    thing = draw("low-resolution", 3, points, image.shape, style=style)
    for frame, places in ((image, points), (moved, points + np.array([31, -17, 0], np.float32))):
        changed = (thing.apply(frame, places).image != frame).any(axis=2)
        near = [changed[int(y) - 5 : int(y) + 6, int(x) - 5 : int(x) + 6].mean() for x, y in places[:, :2]]
        assert all(near[number] > 0.6 for number in inside)
        assert all(near[number] == 0 for number in outside)
        assert not changed[:, :40].any()


def test_interlaced_frames_mix_two_moments() -> None:
    points, dark, bright = head(), np.full((*SHAPE, 3), 40, np.uint8), np.full((*SHAPE, 3), 220, np.uint8)
    thing = draw("low-resolution", 3, points, dark.shape, style="cctv-interlaced")
    thing.apply(dark, points)
    levels = thing.apply(bright, points).image[:, 100].mean(axis=1)
    assert levels.max() > 150
    assert levels.min() < 90


@pytest.mark.parametrize("style", ["soft", "hard"])
def test_light_from_a_side_lights_that_side(style: str) -> None:
    image = np.full((*SHAPE, 3), 150, np.uint8)
    for seed in range(2):
        left, right = (worsened("side-light", f"{style}-{side}", 1, seed, image=image)[0] for side in ("left", "right"))
        # On the cheeks.
        assert brightness(left, 50) > 1.4 * brightness(left, 280)
        assert brightness(right, 280) > 1.4 * brightness(right, 50)


def test_light_from_above_and_below() -> None:
    image = np.full((*SHAPE, 3), 150, np.uint8)
    above, below = (worsened("side-light", f"from-{end}", image=image)[0] for end in ("above", "below"))
    # The forehead looks up, the skin under the nose down.
    assert brightness(above, 151, 3) > 1.5 * brightness(above, 2, 2)
    assert brightness(below, 2, 2) > 1.05 * brightness(below, 151, 3)


def test_the_nose_throws_a_shadow_away_from_the_lamp() -> None:
    image = np.full((*SHAPE, 3), 150, np.uint8)
    lit = worsened("side-light", "hard-left", image=image)[0]
    assert brightness(lit, 129, 2) > 2 * brightness(lit, 358, 2)


def test_a_head_that_turns_towards_the_lamp_is_lit_more() -> None:
    image = np.full((*SHAPE, 3), 150, np.uint8)
    thing = draw("side-light", 0, head(), image.shape, style="soft-left")
    middles = []
    for yaw in range(0, 25, 2):
        # Without texture in the picture the landmarks say how the head turns.
        points = head(turn=(-yaw, 0, 0))
        x, y = points[[50, 280, 151, 199], :2].mean(axis=0).astype(int)
        middles.append(float(thing.apply(image, points).image[y - 8 : y + 9, x - 8 : x + 9].mean()))
    towards = head(turn=(-24, 0, 0))[4, 0] < head()[4, 0]
    assert (middles[-1] > 1.1 * middles[0]) == towards
    assert np.abs(np.diff(middles)).max() < 20


def test_registry_refuses_a_degradation_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        register_degradation("blur", ["plain"])(lambda scene: None)  # type: ignore[arg-type,return-value]
