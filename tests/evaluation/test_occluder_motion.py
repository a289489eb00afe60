from __future__ import annotations

import numpy as np
import pytest

from multimodal.evaluation.occluder_motion import measure
from multimodal.evaluation.studio import Studio


@pytest.mark.slow
def test_occluders_stand_still_on_a_still_face_and_move_with_a_moving_one() -> None:
    figures = measure(1, ["mask", "sunglasses", "block"], repeats=2)
    for kind, row in figures.items():
        assert row["still"] <= 0.1, kind
        assert row["flow"] <= 0.1, kind
        assert row["moving"] <= 0.3, kind
        # As the public generator places them they move by more than a micro-expression.
        assert row["still_jitter"] > 0.5, kind


def test_the_studio_knows_its_faces_motion() -> None:
    from multimodal.data.people.person import Pose

    studio = Studio.sample(5)
    still, turned = Pose(), Pose(turn=(4.0, 0.0, 0.0))
    face = studio.face(still)
    assert 500 < face.sum() < studio.front(still).sum()
    moved = (studio.places(turned) - studio.places(still))[face]
    assert np.median(moved[:, 0]) > 2
    assert abs(np.median(moved[:, 1])) < 1
