from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from multimodal.evaluation.occluder_motion import _film, _flow_inside, _follow, _off_the_face, measure
from multimodal.evaluation.studio import Studio
from occlusion.drawing import kinds
from occlusion.registry import entry_of

COVERING = [kind for kind in kinds() if not entry_of(kind).degrades]


@pytest.mark.slow
def test_occluders_stand_still_on_a_still_face_and_move_with_a_moving_one() -> None:
    figures = measure(1, ["mask", "sunglasses", "block"], repeats=2)
    for kind, row in figures.items():
        assert row["still"] <= 0.1, kind
        assert row["flow"] <= 0.1, kind
        assert row["moving"] <= 0.3, kind
        # As the public generator places them they move by more than a micro-expression.
        assert row["still_jitter"] > 0.5, kind


@pytest.fixture(scope="module")
def person() -> tuple[Studio, Any, Any]:
    """A rendered person, sitting still and swaying."""
    studio = Studio.sample(2000)
    return studio, _film(studio, sway=False), _film(studio, sway=True)


@pytest.mark.parametrize("kind", COVERING)
def test_every_kind_that_covers_stands_still_and_follows(kind: str, person: tuple[Studio, Any, Any]) -> None:
    """Degradations change the whole picture: they have no place that could move."""
    studio, still, moving = person
    rigid, jitter = (list(_follow(kind, 0, still, way)) for way in (False, True))
    assert worst_step(rigid) <= 0.1 < worst_step(jitter)
    assert max(_flow_inside(rigid[0], later) for later in rigid[5::5]) <= 0.1
    off = [
        np.median(_off_the_face(studio, moving, [polygon for _, polygon, _ in _follow(kind, 0, moving, way)]))
        for way in (False, True)
    ]
    assert off[0] < 0.5 * off[1]


def worst_step(frames: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> float:
    """Return how far a corner of the outline gets from where it was at first, pixels."""
    first = frames[0][1]
    assert len(first) > 3
    return max(float(np.abs(polygon - first).max()) for _, polygon, _ in frames)


def test_the_studio_knows_its_faces_motion() -> None:
    from multimodal.data.people.person import Pose

    studio = Studio.sample(5)
    still, turned = Pose(), Pose(turn=(4.0, 0.0, 0.0))
    face = studio.face(still)
    assert 500 < face.sum() < studio.front(still).sum()
    moved = (studio.places(turned) - studio.places(still))[face]
    assert np.median(moved[:, 0]) > 2
    assert abs(np.median(moved[:, 1])) < 1
