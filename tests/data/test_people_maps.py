from __future__ import annotations

import numpy as np
import pytest

from multimodal.data.people.body import SIDES, load_body
from multimodal.data.people.clips import (
    NO_CLASS,
    ClipConfig,
    event_profiles,
    make_clip,
    rise_and_fall,
    sample_times,
    synthesise,
)
from multimodal.data.people.cover import COVERS, cover_flow, draw_cover, visibility_under
from multimodal.data.people.maps import KEYS, FaceMaps, Pose, face_maps, rotation, sample_face, vary_form
from multimodal.data.people.priors import Event, sample_event
from multimodal.errors import UsageError
from multimodal.face.canonical import EYE_LEFT, EYE_RIGHT, GRID, MOUTH
from multimodal.results import ACTION_UNITS, REGIONS

QUIET = ClipConfig(
    blink=0,
    gaze=0,
    rigid=(1e-6, 2e-6),
    fitted=0,
    noise=(1e-6, 2e-6),
    smear=(0, 0),
    flat=(0, 0),
    quantised=0,
    covered=0,
)


@pytest.fixture(scope="module")
def face() -> FaceMaps:
    return face_maps(load_body().vertices)


def unit(face: FaceMaps, key: tuple[int | str, str]) -> np.ndarray:
    return face.maps[KEYS.index(key)]


def mirrored(flow: np.ndarray) -> np.ndarray:
    return flow[..., ::-1] * np.array([-1, 1])[:, None, None]


@pytest.mark.parametrize("number", [1, 2, 4, 6, 7, 9, 12, 14, 15, 45])
def test_both_sides_of_a_neutral_face_move_as_mirror_images(face: FaceMaps, number: int) -> None:
    left, right = unit(face, (number, "left")), unit(face, (number, "right"))
    np.testing.assert_allclose(left, mirrored(right), atol=0.05 * np.abs(left).max())


def test_signs_follow_anatomy(face: FaceMaps) -> None:
    brow, frown, smile = unit(face, (1, "left")), unit(face, (4, "left")), unit(face, (12, "left"))
    assert brow[1].min() < -1
    assert brow[1].max() < 0.3
    assert frown[1].max() > 1
    assert frown[0].max() > 1
    assert smile[1].min() < -1
    assert smile[0].min() < -1
    assert unit(face, (15, "left"))[1].max() > 1  # and sorrow pulls it down
    assert unit(face, ("gaze", "right"))[0].max() > 1


def test_units_move_their_own_part_of_the_face(face: FaceMaps) -> None:
    y, x = np.mgrid[:GRID, :GRID] / GRID
    for key, rows, columns in (((1, "left"), (0, 0.26), (0.1, 0.5)), ((12, "right"), (0.5, 0.9), (0.5, 1.0))):
        length = np.hypot(*unit(face, key))
        assert rows[0] < (length * y).sum() / length.sum() < rows[1]
        assert columns[0] < (length * x).sum() / length.sum() < columns[1]


def test_eyelids_close_at_the_canonical_eyes_and_lips_part_at_the_canonical_mouth(face: FaceMaps) -> None:
    y, x = np.mgrid[:GRID, :GRID] + 0.5
    for side, place in zip(SIDES, (EYE_LEFT, EYE_RIGHT), strict=True):
        lid = np.hypot(*unit(face, (45, side)))
        centre = np.array([(lid * x).sum(), (lid * y).sum()]) / lid.sum() / GRID
        np.testing.assert_allclose(centre, place, atol=0.045)
    lips = np.hypot(*(unit(face, (20, "left")) + unit(face, (20, "right"))))
    assert abs((lips * x).sum() / lips.sum() / GRID - MOUTH[0]) < 0.02


def test_a_head_turned_to_the_right_brings_its_left_side_near() -> None:
    turned = face_maps(load_body().vertices, Pose(yaw=25.0))
    assert turned.depth[10:20, 3:9].mean() > turned.depth[10:20, 19:25].mean() + 0.1


def test_a_rotation_is_one_and_follows_the_signs_of_pose() -> None:
    turn = rotation(Pose(yaw=10, pitch=20, roll=30))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    nose = np.array([0.0, 0.0, 1.0])
    assert (rotation(Pose(yaw=20)) @ nose)[0] > 0  # to the picture's right
    assert (rotation(Pose(pitch=20)) @ nose)[1] < 0  # down
    assert (rotation(Pose(roll=20)) @ np.array([0.0, 1.0, 0.0]))[0] > 0  # clockwise


def test_faces_differ_and_repeat_by_seed() -> None:
    one, same, other = (sample_face(np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.maps, same.maps)
    assert np.abs(one.maps - other.maps).max() > 1


def test_a_quiet_clip_is_the_linear_combination_of_its_units(face: FaceMaps) -> None:
    event = Event("surprise", "surprise", {(1, "left"): 0.3, (2, "right"): 0.2}, 200.0, 400.0)
    flow, visibility = make_clip(
        face, event, 1, QUIET.model_copy(update={"smooth": (0.05, 0.06)}), np.random.default_rng(0)
    )
    expected = 0.3 * unit(face, (1, "left")) + 0.2 * unit(face, (2, "right"))
    correlation = np.corrcoef(flow[0, :2].ravel(), expected.ravel())[0, 1]
    assert correlation > 0.98
    assert visibility.tolist() == [1.0] * len(REGIONS)
    assert flow[0, 2].min() >= 0


def test_profiles_rise_to_the_apex_and_fall_to_the_offset() -> None:
    event = Event("surprise", "surprise", {(1, "left"): 0.3}, 150.0, 400.0)
    share = np.linspace(0, 1, 81)
    profile = rise_and_fall(share, event)
    assert profile[0] == profile[-1] == pytest.approx(0, abs=1e-9)
    assert share[profile.argmax()] == pytest.approx(150 / 400, abs=0.02)
    assert profile.max() == pytest.approx(1, abs=0.01)
    assert (np.diff(profile[:30]) >= 0).all()
    assert (np.diff(profile[31:]) <= 0).all()


def test_times_lie_in_the_event_and_one_map_at_the_apex() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        event = sample_event(rng)
        times = sample_times(event, 6, rng)
        assert (np.diff(times) > 0).all()
        assert times[0] > 0
        assert times[-1] <= event.total_ms
        peak = event_profiles(event, sample_times(event, 1, rng), rng).max()
        assert peak > 0.5 * max(event.units.values())


def test_synthetic_sets_repeat_by_seed_and_hold_every_class() -> None:
    config = ClipConfig(clips=45, identities=3, rare=0, lengths={1: 0.6, 4: 0.4})
    first, again, other = synthesise(config, 1), synthesise(config, 1), synthesise(config, 2)
    assert set(first) == {1, 4}
    for length, clips in first.items():
        assert clips.flow.shape[1:] == (length, 3, 28, 28)
        np.testing.assert_array_equal(clips.flow, again[length].flow)
        assert np.isfinite(clips.flow).all()
        assert np.abs(clips.flow).max() <= 100
        assert clips.visibility.min() >= 0
        assert clips.visibility.max() <= 1
        assert clips.objective.min() >= NO_CLASS
    assert sum(len(clips) for clips in first.values()) == 45
    assert np.bincount(np.concatenate([c.expression for c in first.values()])).tolist() == [15, 15, 15]
    assert not np.array_equal(first[1].flow[:5], other[1].flow[:5])


def test_the_smile_unit_marks_most_positive_and_few_surprised_clips() -> None:
    clips = synthesise(ClipConfig(clips=150, identities=2, lengths={1: 1.0}), 0)[1]
    smile = clips.action_units[:, 8]  # AU12
    assert smile[clips.expression == 1].mean() > 0.4 > 0.2 > smile[clips.expression == 2].mean()


def test_preferring_rare_units_shows_more_of_them_and_leaves_the_classes_to_chance() -> None:
    usual, rare = (
        synthesise(ClipConfig(clips=400, identities=2, lengths={1: 1.0}, rare=rare), 0)[1] for rare in (0.0, 1.0)
    )
    chin = ACTION_UNITS.index(17)
    assert rare.action_units[:, chin].mean() > 2 * usual.action_units[:, chin].mean()
    assert len(set(np.bincount(usual.expression))) <= 2
    assert np.bincount(rare.expression)[0] > 1.2 * np.bincount(rare.expression)[2]


def test_muscles_of_a_face_differ_only_if_asked_to(face: FaceMaps) -> None:
    same, other = (vary_form(face, amount, np.random.default_rng(0)) for amount in (0.0, 0.4))
    assert same is face
    one, two = unit(face, (12, "left")), unit(other, (12, "left"))
    assert 0.7 < np.corrcoef(one.ravel(), two.ravel())[0, 1] < 0.999


def test_a_nearer_mouth_moves_up_and_leaves_the_eyes(face: FaceMaps) -> None:
    near = face_maps(load_body().vertices, Pose(reach=0.8))
    y = np.arange(GRID)[:, None] + 0.5

    def row(maps: FaceMaps, key: tuple[int | str, str]) -> float:
        length = np.hypot(*unit(maps, key))
        return float((length * y).sum() / length.sum())

    assert row(face, (20, "left")) - row(near, (20, "left")) == pytest.approx(0.2 * (MOUTH[1] - 0.2607) * GRID, abs=0.6)
    assert row(near, (45, "left")) == pytest.approx(row(face, (45, "left")), abs=0.3)


@pytest.mark.parametrize("kind", [*COVERS, "block:0.3"])
def test_covers_hide_some_of_the_face_and_never_all(kind: str) -> None:
    shares = [draw_cover(kind, np.random.default_rng(seed)).mean() for seed in range(60)]
    assert min(shares) > 0.01
    assert max(shares) < 0.75


def test_a_block_covers_the_share_that_was_asked_for() -> None:
    for share in (0.1, 0.3, 0.5):
        drawn = [draw_cover(f"block:{share}", np.random.default_rng(seed)).mean() for seed in range(40)]
        assert np.mean(drawn) == pytest.approx(share, abs=0.03)


def test_masks_hide_the_mouth_and_glasses_the_eyes() -> None:
    rng = np.random.default_rng(0)
    mask, glasses = (visibility_under(draw_cover(kind, rng)) for kind in ("mask", "glasses"))
    mouth, eye = REGIONS.index("chin"), REGIONS.index("eye_left")
    assert mask[mouth] == 0
    assert mask[REGIONS.index("brow_outer_left")] == 1
    assert glasses[eye] < 0.7
    assert glasses[mouth] == 1


def test_under_a_cover_the_face_leaves_no_trace(face: FaceMaps) -> None:
    hidden = draw_cover("mask", np.random.default_rng(0))
    one, other = (np.stack([unit(face, key)]) for key in ((12, "left"), (15, "left")))
    scale = np.abs(one).max() / np.abs(other).max()
    covered = [cover_flow(flow, hidden, np.random.default_rng(1)) for flow in (one, other * scale)]
    np.testing.assert_allclose(covered[0][..., hidden], covered[1][..., hidden], rtol=1e-4)


@pytest.mark.parametrize("kind", ["beard", "block:2", "block:x", "block:0"])
def test_unknown_covers_are_refused(kind: str) -> None:
    with pytest.raises(UsageError, match="cover"):
        draw_cover(kind, np.random.default_rng(0))
