from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

from multimodal.data.people import cutouts
from multimodal.data.people.hand_picture import Tones
from multimodal.data.people.hand_poses import POSES
from multimodal.data.people.hand_skin import Places, nails, palmar, relief
from multimodal.data.people.hands import SIGNS, Hand
from multimodal.data.people.skin import sample_look
from occlusion.drawing import styles


@pytest.fixture(scope="module")
def hand() -> Hand:
    return Hand(sample_look(np.random.default_rng(0)))


@pytest.fixture(scope="module")
def vertices(hand: Hand) -> Places:
    """The mesh's own vertices, unposed."""
    return Places(
        hand.rest.astype(np.float64), hand.rest_normals.astype(np.float64), hand.bones.astype(np.float64),
        hand.joints.astype(np.float64),
    )  # fmt: skip


def test_the_poses_are_the_occluders_styles_and_no_signs() -> None:
    assert set(POSES) == set(styles("hand"))
    assert not {pose.sign for pose in POSES.values()} & set(SIGNS.values())


def test_writing_gives_the_files_that_are_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = ("stop", "chin-on-fist")
    monkeypatch.setattr(cutouts, "POSES", {name: POSES[name] for name in some})
    cutouts.main(["--out", str(tmp_path / "hands")])
    shipped = resources.files("occlusion") / "hands"
    index, there = (json.loads((folder / "index.json").read_text()) for folder in (tmp_path / "hands", shipped))
    assert index["albedo"] == there["albedo"]
    assert set(index["poses"]) == set(some)
    for name in some:
        rows = [folder["poses"][name] for folder in (index, there)]
        new_row, old_row = ({**row["arm"], "grip": row["grip"], "palm": row["palm"]} for row in rows)
        assert set(new_row) == set(old_row)
        assert all(new_row[key] == pytest.approx(old_row[key], abs=1) for key in old_row)
        for file in (f"{name}.png", f"{name}-palm.png"):
            new = cv2.imread(str(tmp_path / "hands" / file), cv2.IMREAD_UNCHANGED)
            old = cv2.imdecode(np.frombuffer((shipped / file).read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
            assert new.shape == old.shape
            assert np.abs(new.astype(int) - old).mean() < 0.5


def test_fingers_are_told_apart_by_the_dark_between_them(hand: Hand) -> None:
    picture, _ = cutouts.cut_out(hand, POSES["fingers-over-mouth"], Tones())
    light, solid = picture.light.mean(axis=-1), picture.alpha > 0.99
    assert np.percentile(light[solid], 2) < 0.6 * np.median(light[solid])
    assert light[solid].max() < 1.0


def test_the_forearm_is_cut_where_the_index_says(hand: Hand) -> None:
    picture, row = cutouts.cut_out(hand, POSES["stop"], Tones())
    y, x = np.nonzero(picture.alpha > 0.5)
    along = (np.stack([x, y], axis=1) - row["arm"]["end"]) @ np.array(row["arm"]["way"])
    assert abs(along.max()) < 4


def test_nails_are_on_the_backs_of_the_finger_tips_and_palms_on_the_other_side(vertices: Places) -> None:
    nail, palm = nails(vertices) > 0.5, palmar(vertices)
    for number in range(5):
        own = nail & (vertices.finger(number) > 0.5)
        assert own.any()
        assert vertices.along(number, 2)[own].min() > 0.05
        assert vertices.side(number)[own].min() > 0.4
    assert palm[nail].max() < 0.5
    inner = (vertices.normals[:, 2] > 0.8) & (vertices.points[:, 1] > 0.2) & (vertices.finger(0) < 0.1)
    outer = (vertices.normals[:, 2] < -0.8) & (vertices.points[:, 1] > 0.2) & (vertices.finger(0) < 0.1)
    assert palm[inner].min() > 0.9
    assert palm[outer].max() < 0.1
    assert palm[vertices.points[:, 1] < -0.6].max() < 0.05


def test_creases_lie_at_the_joints(vertices: Places) -> None:
    light = relief(vertices)
    assert 0.3 < light.min() < 0.9
    assert light.max() < 1.1
    for number in range(1, 5):
        own = (vertices.finger(number) > 0.9) & (vertices.side(number) < -0.6)
        near = own & (np.abs(vertices.along(number, 2)) < 0.02)
        assert not near.any() or light[near].min() < light[own].max() - 0.05
