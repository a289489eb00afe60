from __future__ import annotations

import json

import numpy as np

from multimodal.face.canonical import MIRROR
from multimodal.results import GESTURES, REGIONS, FaceObservation, GestureResult, Hand


def test_to_dict_is_json_with_its_schema_and_without_pixels() -> None:
    hand = Hand((1.0, 2.0, 3.0, np.nan), "like", 0.5, np.full(19, 1 / 19), landmarks=np.zeros((21, 2)))
    row = GestureResult(3, 100.0, (hand,)).to_dict()
    assert json.loads(json.dumps(row)) == row
    assert row["schema"] == 1
    assert row["hands"][0]["box"] == [1.0, 2.0, 3.0, None]
    assert "landmarks" not in row["hands"][0]


def test_a_lost_face_has_no_numbers() -> None:
    row = FaceObservation(0, 0.0, success=False).to_dict()
    assert row["pose"] is row["visibility"] is row["eye_distance"] is None


def test_names_are_unique_and_mirrors_are_pairs() -> None:
    assert len(set(REGIONS)) == 12
    assert len(set(GESTURES)) == 19
    assert [MIRROR[MIRROR[i]] for i in range(12)] == list(range(12))
    assert all(REGIONS[MIRROR[i]] != name for i, name in enumerate(REGIONS) if "left" in name)
