from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_faces import landmarks, textured

from multimodal.face.align import apply, cut_square, face_transform, pixel_transform
from multimodal.face.canonical import EYE_LEFT, EYE_RIGHT, MOUTH
from multimodal.face.crop import face_crop, fitting_step
from multimodal.face.pose import eye_centres, eye_distance, fit_pose

ANGLE = st.floats(-25, 25)


@settings(max_examples=30)
@given(st.floats(20, 200), st.floats(-50, 900), st.floats(-50, 900), ANGLE, ANGLE, ANGLE)
def test_eyes_come_to_their_places(scale: float, x: float, y: float, yaw: float, pitch: float, roll: float) -> None:
    points = landmarks(scale, (x, y), (yaw, pitch, roll))
    found = apply(face_transform(points), eye_centres(points))
    np.testing.assert_allclose(found, [EYE_LEFT, EYE_RIGHT], atol=1e-3)


@settings(max_examples=30)
@given(st.floats(-20, 20), st.floats(-15, 15), st.floats(-40, 40))
def test_mouth_comes_near_its_place_whatever_the_pose(yaw: float, pitch: float, roll: float) -> None:
    points = landmarks(turn=(yaw, pitch, roll))
    mouth = points[[61, 291, 13, 14], :2].mean(axis=0)
    assert np.abs(apply(face_transform(points), mouth) - MOUTH).max() < 0.06


def test_a_sliding_mouth_changes_nothing() -> None:
    points = landmarks()
    slid = points.copy()
    slid[[61, 291, 13, 14, 17, 0, 152, 199, 4, 2], 1] -= 15
    np.testing.assert_allclose(face_transform(slid), face_transform(points))


@settings(max_examples=30)
@given(ANGLE, ANGLE, ANGLE)
def test_pose_signs(yaw: float, pitch: float, roll: float) -> None:
    found = fit_pose(landmarks(turn=(yaw, pitch, roll)))
    np.testing.assert_allclose(found.angles(), (yaw, pitch, roll), atol=0.1)
    assert found.scale == pytest.approx(80, rel=0.01)


def test_turned_right_means_the_nose_goes_right_and_down_means_down() -> None:
    straight = landmarks()[4, :2] - landmarks()[168, :2]
    right = landmarks(turn=(20, 0, 0))
    assert (right[4, :2] - right[168, :2])[0] > straight[0] + 5
    down = landmarks(turn=(0, 15, 0))
    assert (down[4, :2] - down[168, :2])[1] > straight[1] + 5
    clockwise = eye_centres(landmarks(turn=(0, 0, 15)))
    assert clockwise[1, 1] > clockwise[0, 1]


def test_mirroring_the_face_mirrors_yaw_and_roll() -> None:
    points = landmarks(turn=(12, 7, -9), shift=(300, 200))
    # The mean face is symmetric: its mirror image is the face with the opposite yaw and roll.
    np.testing.assert_allclose(fit_pose(points).angles(), (12, 7, -9), atol=0.1)
    np.testing.assert_allclose(fit_pose(landmarks(turn=(-12, 7, 9))).angles(), (-12, 7, 9), atol=0.1)


def test_eye_distance_is_seen_foreshortened() -> None:
    assert eye_distance(landmarks(scale=100)) == pytest.approx(100, rel=0.01)
    assert eye_distance(landmarks(scale=100, turn=(30, 0, 0))) < 90


def test_cut_square_samples_where_it_says() -> None:
    image = np.zeros((60, 90), np.uint8)
    image[20:30, 50:65] = 200
    # The square shows columns 40..79 and rows 10..49.
    transform = np.array([[1 / 40, 0, -39.5 / 40], [0, 1 / 40, -9.5 / 40]])
    np.testing.assert_array_equal(cut_square(image, transform, 40), image[10:50, 40:80])
    half = cut_square(image, transform, 20)
    assert half[5:9, 5:11].min() == 200
    assert half[:4].max() == 0
    assert half[:, 14:].max() == 0


def test_pixel_transform_puts_fraction_zero_at_the_edge() -> None:
    matrix = pixel_transform(np.array([[0.1, 0, 0], [0, 0.1, 0]]), 10)
    np.testing.assert_allclose(apply(matrix, np.array([0.0, 0.0])), [-0.5, -0.5])


def test_thinned_crop_shows_the_same_square() -> None:
    grey = textured((700, 900), grain=12)
    image = np.repeat(grey[..., None], 3, axis=2)
    points = landmarks(scale=230, shift=(450, 280), turn=(5, 3, 4))
    transform = face_transform(points)
    step = fitting_step(transform)
    assert step == 3
    crop = face_crop(image, transform, step, grey=True)
    assert crop.left % step == crop.top % step == 0
    exact = cut_square(grey, transform, 128)
    assert np.abs(crop.square(transform).astype(int) - exact).mean() < 2


def test_a_face_at_the_edge_repeats_the_border() -> None:
    image = np.full((100, 100, 3), 90, np.uint8)
    transform = face_transform(landmarks(scale=60, shift=(-40, 300)))
    assert face_crop(image, transform, 1).square(transform).shape == (128, 128, 3)
