from __future__ import annotations

import numpy as np
import pytest
from synthetic_faces import landmarks, textured

from multimodal.errors import MissingError
from multimodal.face.align import face_transform
from multimodal.face.appearance import (
    FEATURES,
    SIDE,
    Look,
    Memory,
    look_at,
    measure,
    mirrored,
    remember,
)
from multimodal.face.canonical import MIRROR
from multimodal.face.pose import fit_pose
from multimodal.face.visibility import VisibilityEstimator, VisibilityNet, free_of, load_net, turned_away
from multimodal.results import REGIONS

POINTS = landmarks(scale=80, shift=(160, 110))
TYPICAL = np.zeros((SIDE, SIDE), np.float32)


def look(seed: int = 0, tint: tuple[int, int, int] = (200, 150, 130)) -> Look:
    grain = textured((SIDE, SIDE), seed)[..., None] / 255.0
    return look_at((grain * np.array(tint)).astype(np.uint8))


def at(*names: str) -> list[int]:
    return [REGIONS.index(name) for name in names]


def test_a_cover_hides_what_it_covers() -> None:
    transform = face_transform(POINTS)
    left_half = np.array([(-50.0, -50), (160, -50), (160, 400), (-50, 400)])
    free = free_of(transform, (300, 320, 3), [left_half])
    assert free[at("eye_left", "brow_outer_left", "mouth_corner_left")].max() < 0.05
    assert free[at("eye_right", "brow_outer_right", "mouth_corner_right")].min() > 0.95
    assert 0.3 < free[REGIONS.index("chin")] < 0.7


def test_two_covers_add_up_and_lines_cover_nothing() -> None:
    transform = face_transform(POINTS)
    halves = [np.array([(a, -50.0), (b, -50), (b, 400), (a, 400)]) for a, b in ((-50, 160), (160, 400))]
    assert free_of(transform, (300, 320, 3), halves).max() < 0.05
    assert free_of(transform, (300, 320, 3), [np.array([(0.0, 0), (300, 300)])]).min() > 0.99


def test_what_lies_outside_the_picture_is_not_seen() -> None:
    transform = face_transform(landmarks(scale=80, shift=(160, -10)))
    free = free_of(transform, (300, 320))
    assert free[at("brow_inner_left", "brow_inner_right")].max() < 0.3
    assert free[REGIONS.index("chin")] == pytest.approx(1)


def test_the_far_side_of_a_turned_head_vanishes() -> None:
    right = turned_away(fit_pose(landmarks(turn=(55, 0, 0))))
    # Turned to the picture's right, the right side of the face is the far one.
    assert right[REGIONS.index("eye_right")] < 0.4
    assert right[REGIONS.index("eye_left")] == 1
    assert right[REGIONS.index("chin")] == 1
    assert turned_away(fit_pose(landmarks(turn=(30, 0, 0)))).min() == 1


def test_measures_of_the_mirrored_face_are_mirrored() -> None:
    one = look(3)
    other = Look(np.ascontiguousarray(one.lab[:, ::-1]), one.skin)
    np.testing.assert_allclose(measure(other, TYPICAL), mirrored(measure(one, TYPICAL)), atol=1e-4)
    memory = remember(None, look(4), np.linspace(0.5, 1, 12).astype(np.float32))
    flipped = Memory(np.ascontiguousarray(memory.lab[:, ::-1]), memory.skin, memory.known[list(MIRROR)])
    a, b = measure(other, TYPICAL, flipped), mirrored(measure(one, TYPICAL, memory))
    np.testing.assert_allclose(a, b, atol=1e-4)


def test_skin_is_judged_against_the_persons_own() -> None:
    grain = textured((SIDE, SIDE), 5)[..., None] / 255.0
    light, dark = (look_at((grain * np.array(c)).astype(np.uint8)) for c in ((230, 180, 150), (115, 90, 75)))
    own = slice(0, FEATURES - 7)
    difference = np.abs(measure(light, TYPICAL)[own] - measure(dark, TYPICAL)[own])
    assert difference.mean() < 0.06


def test_memory_learns_only_what_can_be_seen() -> None:
    first, later = look(1), look(2)
    visibility = np.ones(12, np.float32)
    visibility[at("chin")] = 0
    memory = remember(None, first, visibility)
    for _ in range(60):
        memory = remember(memory, later, visibility)
    assert np.abs(memory.lab[2:8, 2:8] - later.lab[2:8, 2:8]).max() < 0.02
    np.testing.assert_allclose(memory.lab[50:56, 22:34], first.lab[50:56, 22:34])
    assert memory.known[REGIONS.index("chin")] == 0
    assert memory.known[0] > 0.9


def test_numpy_net_equals_torch() -> None:
    import torch

    net = load_net()
    t = {name: torch.from_numpy(value) for name, value in net.tensors.items()}
    x = torch.randn(5, FEATURES)
    hidden = torch.nn.functional.linear((x - t["mean"]) / t["scale"], t["hidden"], t["hidden_bias"]).relu()
    wanted = torch.nn.functional.linear(hidden, t["out"], t["out_bias"]).sigmoid()
    np.testing.assert_allclose(net(x.numpy()), wanted.numpy(), atol=1e-5)


def test_one_face_at_a_time_or_all_together() -> None:
    net = load_net()
    faces = np.random.default_rng(0).normal(0, 2, (9, FEATURES)).astype(np.float32)
    alone = np.stack([net(face) for face in faces])
    assert np.ptp(alone) > 0.5
    np.testing.assert_allclose(net(faces), alone, atol=1e-5)
    np.testing.assert_allclose(net(faces.reshape(3, 3, -1)).reshape(9, 12), alone, atol=1e-5)


def test_missing_and_foreign_weights_are_told(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILSPEAK_WEIGHTS", str(tmp_path))
    load_net.cache_clear()
    with pytest.raises(MissingError, match="reinstall"):
        VisibilityEstimator()
    monkeypatch.delenv("VEILSPEAK_WEIGHTS")
    load_net.cache_clear()


def test_one_frame_does_not_decide_alone() -> None:
    class Flips(VisibilityNet):
        def __init__(self) -> None:
            self.typical, self.calls = TYPICAL, 0

        def __call__(self, features):
            self.calls += 1
            return np.full(12, 1.0 if self.calls < 3 else 0.0, np.float32)

    image = np.repeat(textured((300, 320))[..., None], 3, axis=2)
    estimator = VisibilityEstimator(net=Flips())
    seen = [estimator.observe(image, POINTS).mean() for _ in range(8)]
    assert seen[:4] == [pytest.approx(1)] * 4
    assert 0.3 < seen[4] == seen[5] < 0.7
    assert seen[6] < seen[5]
    covered = [np.array([(-50.0, -50), (400, -50), (400, 400), (-50, 400)])]
    assert estimator.observe(image, POINTS, covered).max() == 0
    single = VisibilityEstimator(memory=False, net=Flips())
    assert [round(float(single.observe(image, POINTS).mean())) for _ in range(3)] == [1, 1, 0]
