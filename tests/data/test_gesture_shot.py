from __future__ import annotations

import numpy as np
import pytest

from multimodal.data.people.gestures.clothes import sample_outfit
from multimodal.data.people.gestures.draw import FINE, draw
from multimodal.data.people.gestures.frame import (
    Framing,
    box_of,
    cut,
    frame,
    hand_faces,
    hand_vertices,
    sample_framing,
    seen_mask,
    whole_area,
)
from multimodal.data.people.gestures.gesture_set import SHOWN, person_of, photo_of
from multimodal.data.people.gestures.hand_texture import Adornment, HandPaint, sample_adornment
from multimodal.data.people.gestures.hold import keep_at_rest, show
from multimodal.data.people.gestures.lamps import KINDS, sample_mood
from multimodal.data.people.gestures.model import Body, Model
from multimodal.data.people.gestures.props import held_thing
from multimodal.data.people.gestures.shot import Shot
from multimodal.data.people.gestures.wristband import wristband
from multimodal.data.people.person import Pose
from multimodal.data.people.raster import cover
from multimodal.data.people.render import Camera, Lighting
from multimodal.results import GESTURES

SIZE = 96
NUMBERS = (0, 3, 5, 6, 8, 12, 18, 19)


@pytest.fixture(scope="module")
def model() -> Model:
    return person_of(3, 0)


@pytest.fixture(scope="module")
def shots(model: Model) -> list[Shot]:
    return [photo_of(3, number, SIZE, model)[0] for number in NUMBERS]


@pytest.fixture(scope="module")
def posed(model: Model) -> list[Body]:
    """The person shows a palm; the other arm hangs."""
    rng, mouth = np.random.default_rng(0), np.array([0.0, 6.6, 1.6])
    arms = {"r": show("palm", model.figure.arms["r"], np.eye(3), mouth, 1.1, rng).pose,
            "l": keep_at_rest(model.figure.arms["l"], mouth, 1.1, rng, "hanging").pose}  # fmt: skip
    return model.posed(Pose(), arms, sample_outfit(rng), Adornment())


def framed(bodies: list[Body], share: float, middle: tuple[float, float]) -> tuple[list[Body], Camera]:
    hand = bodies[0].vertices[hand_vertices("r"), :3].astype(np.float64)
    camera, target = frame(hand, np.eye(3), Framing(share, middle, 9.0), SIZE)
    return [body.moved(np.eye(3), -target) for body in bodies], camera


def alone(body: Body, camera: Camera) -> np.ndarray:
    """The slow obvious version: the hand drawn alone, finely."""
    view = camera.enlarged(8)
    seen = np.full((view.height, view.width), -1, np.int32)
    places = body.vertices[:, :3].astype(np.float64)
    cover(view.project(places), view.distance(places), hand_faces("r"), 0, np.zeros(seen.shape, np.float32), seen,
          np.zeros((*seen.shape, 2), np.float32))  # fmt: skip
    return seen >= 0


def extent(mask: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)


def test_every_photo_shows_what_its_number_says(shots: list[Shot]) -> None:
    for shot, sign in zip(shots, (SHOWN[number] for number in NUMBERS), strict=True):
        assert shot.image.shape == (SIZE, SIZE, 3)
        assert [hand.sign for hand in shot.hands][:1] == ([] if sign is None else [sign])
        assert {hand.sign for hand in shot.hands} <= set(GESTURES)


def test_boxes_lie_in_the_picture_around_what_is_drawn(shots: list[Shot]) -> None:
    for shot in shots:
        outside = shot.mask > 0.6
        for hand in shot.hands:
            x0, y0, x1, y1 = hand.box
            assert 0 <= x0 < x1 <= SIZE
            assert 0 <= y0 < y1 <= SIZE
            assert 0.03 <= hand.visible <= 1
            rows = slice(max(int(y0 - 1.5), 0), int(y1 + 2.5))
            columns = slice(max(int(x0 - 1.5), 0), int(x1 + 2.5))
            assert outside[rows, columns].any()
            outside[rows, columns] = False
        # Mirrored photos too: nothing of a labelled hand lies outside its box.
        assert not outside.any()


def test_at_least_half_of_the_hand_is_seen(shots: list[Shot]) -> None:
    assert min(shot.hands[0].visible for shot in shots if shot.hands) >= 0.5


def test_both_sides_occur(shots: list[Shot]) -> None:
    assert {shot.hands[0].side for shot in shots if shot.hands} == {"left", "right"}


def test_the_box_is_the_extent_of_the_hand_drawn_alone(posed: list[Body]) -> None:
    bodies, camera = framed(posed, 0.7, (0.5, 0.5))
    found = extent(alone(bodies[0], camera)) / 8
    np.testing.assert_allclose(box_of(bodies[0], "r", camera), found, atol=0.35)


def test_the_framing_is_kept(posed: list[Body]) -> None:
    bodies, camera = framed(posed, 0.4, (0.6, 0.45))
    x0, y0, x1, y1 = box_of(bodies[0], "r", camera)
    assert max(x1 - x0, y1 - y0) / SIZE == pytest.approx(0.4, abs=0.03)
    assert ((x0 + x1) / 2 / SIZE, (y0 + y1) / 2 / SIZE) == pytest.approx((0.6, 0.45), abs=0.03)


def test_a_hand_that_nothing_hides_is_wholly_seen(posed: list[Body]) -> None:
    bodies, camera = framed(posed, 0.6, (0.5, 0.5))
    drawn = draw(bodies, camera, Lighting(), np.zeros(3))
    seen, whole = seen_mask(drawn, bodies[0], "r"), whole_area(bodies[0], "r", camera)
    assert seen.sum() == pytest.approx(whole, rel=0.06)
    slow = alone(bodies[0], camera).sum() * (FINE / 8) ** 2
    assert whole == pytest.approx(slow, rel=0.05)


def test_a_hand_half_outside_is_half_seen(posed: list[Body]) -> None:
    bodies, camera = framed(posed, 0.6, (1.0, 0.5))
    drawn = draw(bodies, camera, Lighting(), np.zeros(3))
    share = seen_mask(drawn, bodies[0], "r").sum() / whole_area(bodies[0], "r", camera)
    assert 0.25 < share < 0.75
    assert cut(box_of(bodies[0], "r", camera), SIZE)[2] == SIZE


def test_a_photo_depends_on_its_number_alone(model: Model, shots: list[Shot]) -> None:
    again, _ = photo_of(3, 8, SIZE, person_of(3, 0))
    np.testing.assert_array_equal(again.image, shots[4].image)
    assert again.hands[0].box == shots[4].hands[0].box


def test_framings_are_like_the_photos_to_learn_from() -> None:
    rng = np.random.default_rng(0)
    framings = [sample_framing(rng) for _ in range(2000)]
    shares = np.array([framing.share for framing in framings])
    assert 0.4 < np.median(shares) < 0.55
    assert (shares < 0.15).mean() > 0.05
    assert np.median([framing.middle[0] for framing in framings]) == pytest.approx(0.5, abs=0.03)


def test_gloves_rings_and_polish_change_the_skin(model: Model) -> None:
    paint = HandPaint(model.look)
    bare = paint.texture(Adornment())
    assert (paint.texture(Adornment(polish=(0.8, 0.0, 0.0))) != bare).any()
    assert (paint.texture(Adornment(rings=((3, 0.18),))) != bare).any()
    glove = paint.texture(Adornment(glove=(0.02, 0.02, 0.02)))
    assert glove[..., :3].max() < 0.1
    np.testing.assert_array_equal(paint.texture(Adornment()), bare)
    assert sample_adornment(np.random.default_rng(0), glove=True).glove is not None


def test_every_kind_of_light_is_drawn() -> None:
    rng = np.random.default_rng(0)
    moods = [sample_mood(rng) for _ in range(300)]
    assert {mood.kind for mood in moods} == set(KINDS)
    assert all(mood.aim < 0.1 for mood in moods if mood.kind == "dark")


@pytest.mark.parametrize("side", ["r", "l"])
def test_a_band_lies_about_the_wrist_and_shows_its_outside(model: Model, side: str) -> None:
    rng = np.random.default_rng(1)
    pose = show("palm", model.figure.arms[side], np.eye(3), np.array([0.0, 6.6, 1.6]), 1.1, rng).pose
    body = model.posed(Pose(), {side: pose}, sample_outfit(rng), Adornment())[0]
    flip = np.array([1.0 if side == "r" else -1.0, 1.0, 1.0])
    wrist, elbow = pose.reach.wrist * flip, pose.reach.elbow * flip
    along = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    for seed in range(4):
        band = wristband(body, side, pose, np.random.default_rng(seed)).vertices[:96]
        away = band[:, :3] - band[:, :3].mean(axis=0)
        radial = away - np.outer(away @ along, along)
        assert ((radial * band[:, 3:6]).sum(axis=1) > 0).all()
        assert 0.1 < (wrist - band[:, :3].mean(axis=0)) @ along < 0.8
        assert 0.15 < np.linalg.norm(radial, axis=1).max() < 0.6


@pytest.mark.parametrize("kind", ["phone", "cup"])
def test_held_things_show_their_outside(kind: str) -> None:
    thing = held_thing(kind, np.zeros(3), np.eye(3), np.random.default_rng(0))
    layer, _ = thing.layers[0]
    corners = thing.vertices[layer.triangles]
    faces = np.cross(corners[:, 1, :3] - corners[:, 0, :3], corners[:, 2, :3] - corners[:, 0, :3])
    assert ((faces * corners[:, 0, 3:6]).sum(axis=1) > 0).all()
    outwards = corners[..., :3].mean(axis=1) - thing.vertices[:, :3].mean(axis=0)
    inside_too = kind == "cup"  # one looks into it
    assert ((faces * outwards).sum(axis=1) > 0).mean() == (0.5 if inside_too else 1.0)
