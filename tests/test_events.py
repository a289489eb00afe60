from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from multimodal.events import GROUPS, Row, Story
from multimodal.live import Step
from multimodal.results import GESTURES, REGIONS, FaceObservation, Frame, GestureResult, Hand

IMAGE = np.zeros((4, 4, 3), np.uint8)


def step(i: int, face: bool = True, hidden: tuple[str, ...] = (), sign: str | None = None) -> Step:
    t_ms = 100.0 * i
    visibility = np.array([0.0 if name in hidden else 1.0 for name in REGIONS], np.float32)
    seen = FaceObservation(i, t_ms, success=face, visibility=visibility if face else None)
    hands = (Hand((0.0, 0.0, 2.0, 2.0), sign, 0.9, np.full(len(GESTURES), 1 / 19, np.float32)),) if sign else ()
    return Step(Frame(IMAGE, i, t_ms, "test"), seen, None, None, GestureResult(i, t_ms, hands), None, 1.0)


def story_of(steps: list[Step], independent: bool = False) -> Iterator[Row]:
    story = Story(independent)
    return (row for each in steps for row in story.rows(each))


def tell(steps: list[Step], independent: bool = False) -> list[tuple[str, float]]:
    return [(row["event"], row["t_ms"]) for row in story_of(steps, independent)]


def test_losing_the_face_is_told_with_its_time() -> None:
    assert tell([step(i, face=i < 5) for i in range(12)]) == [("face_found", 0.0), ("face_lost", 500.0)]


def test_a_flicker_is_not_told() -> None:
    assert tell([step(i, face=i != 5) for i in range(12)]) == [("face_found", 0.0)]


def test_no_face_at_all_is_told() -> None:
    assert tell([step(i, face=False) for i in range(6)]) == [("face_lost", 0.0)]


@pytest.mark.parametrize("part", list(GROUPS))
def test_hiding_and_showing_a_part(part: str) -> None:
    steps = [step(i, hidden=GROUPS[part] if 5 <= i < 15 else ()) for i in range(25)]
    rows = [row for each, story in zip(steps, [Story()] * 25, strict=True) for row in story.rows(each)]
    told = [(row["event"], row["part"], row["t_ms"]) for row in rows if "part" in row]
    assert told == [("hidden", part, 500.0), ("visible", part, 1500.0)]


def test_signs_begin_and_end() -> None:
    steps = [step(i, sign="like" if 3 <= i < 9 else None) for i in range(15)]
    assert tell(steps) == [("face_found", 0.0), ("gesture", 300.0), ("gesture_end", 900.0)]


def test_pictures_are_told_one_by_one() -> None:
    told = tell([step(i, sign="like") for i in range(3)], independent=True)
    assert [event for event, _ in told].count("gesture") == 3


def test_a_gap_is_told_and_nothing_lasts_through_it() -> None:
    after = replace(step(40), gap_ms=3900.0)
    rows = list(story_of([step(0), after, step(41), step(42)]))
    assert [(row["event"], row["t_ms"]) for row in rows] == [("gap", 4000.0), ("face_found", 4000.0)]
    assert rows[0]["gap_ms"] == 3900


def test_another_person_is_told_even_after_a_loss() -> None:
    def seen(i: int, person: int) -> Step:
        return replace(step(i), face=replace(step(i).face, person=person))

    lost = step(4, face=False)
    told = tell([seen(0, 3), seen(1, 3), lost, seen(5, 3), seen(6, 4), seen(7, 4)])
    assert told.count(("another_person", 600.0)) == 1
    assert [event for event, _ in told].count("another_person") == 1
