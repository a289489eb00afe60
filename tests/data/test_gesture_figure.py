from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.data.people.body import load_body
from multimodal.data.people.gestures.elbow import reach
from multimodal.data.people.gestures.figure import ArmPose, Figure, bone_weights, hand_weight
from multimodal.data.people.gestures.signs import SPECS, sample_shape, turned
from multimodal.data.people.hands import SIGNS

MIRROR = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def figure() -> Figure:
    return Figure(load_body().vertices)


def palm_up_front(figure: Figure, side: str) -> ArmPose:
    turn = np.eye(3)
    there = reach(figure.arms[side], np.array([-2.6, 5.6, 2.2]), turn)
    assert there is not None
    return ArmPose(there, turn, SIGNS["palm"].fingers, SIGNS["palm"].thumb)


def test_arms_that_are_not_named_stay(figure: Figure) -> None:
    np.testing.assert_allclose(figure.posed(figure.vertices, {}), figure.vertices, atol=1e-9)


def test_weights_of_each_vertex_add_up() -> None:
    weights = bone_weights()
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-9)


def test_posing_is_the_weighted_sum_over_bones(figure: Figure) -> None:
    pose = palm_up_front(figure, "r")
    posed, weights = figure.posed(figure.vertices, {"r": pose}), bone_weights()
    bones = figure._bones("r", pose)
    for vertex in np.flatnonzero(weights[:, 1:22].sum(axis=1) > 0)[::97]:
        place = figure.vertices[vertex] * (1 - weights[vertex, 1:22].sum())
        for weight, bone in zip(weights[vertex, 1:22], bones, strict=True):
            place = place + weight * (bone.rotation @ (figure.vertices[vertex] - bone.origin) + bone.target)
        np.testing.assert_allclose(posed[vertex], place, atol=1e-9)


@settings(max_examples=40)
@given(st.tuples(st.floats(-4, 0.5), st.floats(2, 8), st.floats(0.8, 4.5)), st.floats(-180, 180), st.floats(-40, 40))
def test_bones_keep_their_lengths(wrist: tuple[float, float, float], yaw: float, pitch: float) -> None:
    rig = Figure(load_body().vertices).arms["r"]
    there = reach(rig, np.array(wrist), turned((0.0, 0.0, 0.0), (yaw, pitch, 0.0)))
    if there is None:
        return
    np.testing.assert_allclose(there.wrist, wrist)
    for start, end, joint in ((rig.shoulder, rig.elbow, there.elbow - there.shoulder),
                              (rig.elbow, rig.wrist, there.wrist - there.elbow)):  # fmt: skip
        assert np.linalg.norm(joint) == pytest.approx(np.linalg.norm(end - start), abs=1e-6)


def test_what_is_too_far_is_not_reached(figure: Figure) -> None:
    assert reach(figure.arms["r"], np.array([-9.0, 5.0, 2.0]), np.eye(3)) is None


def test_the_elbow_hangs_below_a_raised_hand(figure: Figure) -> None:
    there = palm_up_front(figure, "r").reach
    assert there.elbow[1] < there.wrist[1] - 1.0
    assert there.cost < 1.0


def test_the_left_arm_is_the_mirror_of_a_right_one(figure: Figure) -> None:
    poses = {side: palm_up_front(figure, side) for side in ("r", "l")}
    posed = figure.posed(figure.vertices, poses)
    right, left = (posed[hand_weight(side) > 0.9] for side in ("r", "l"))
    for end in (np.min, np.max):
        np.testing.assert_allclose(end(right, axis=0), end(left * MIRROR, axis=0), atol=0.03)


def test_hands_end_where_the_wrist_is_put(figure: Figure) -> None:
    pose = palm_up_front(figure, "r")
    hand = figure.posed(figure.vertices, {"r": pose})[hand_weight("r") > 0.9]
    assert abs(hand[:, 1].min() - pose.reach.wrist[1]) < 0.3
    assert 1.4 < hand[:, 1].max() - pose.reach.wrist[1] < 2.2


def test_every_sign_has_a_shape_for_every_hand(figure: Figure) -> None:
    rng = np.random.default_rng(0)
    for sign in SPECS:
        shape = sample_shape(sign, figure.arms["r"].joints, rng)
        assert np.isfinite(shape.fingers).all()
        np.testing.assert_array_less(0.3, np.linalg.norm(shape.thumb, axis=1))
