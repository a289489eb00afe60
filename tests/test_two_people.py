"""Two people before the camera: the real trackers, on the packaged sample with the same person smaller beside it."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
import pytest

from multimodal.face.mesh import FaceTracker
from multimodal.gesture.reader import GestureReader
from multimodal.media.sources import open_source
from multimodal.results import FaceObservation, Frame, GestureResult

WIDTH = 640


@pytest.fixture(scope="module")
def sample() -> list[np.ndarray]:
    with open_source("sample") as source:
        return [frame.image for frame, _ in zip(source, range(128), strict=False)]


def beside(near: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Put a person at 0.6 of the size to the right of another."""
    small = cv2.resize(far, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    scene = np.full((near.shape[0], WIDTH + small.shape[1], 3), 110, np.uint8)
    scene[:, :WIDTH] = near
    scene[-small.shape[0] :, WIDTH:] = small
    return scene


def read(scenes: list[np.ndarray]) -> list[tuple[FaceObservation, GestureResult]]:
    """Read as the live path does: hands with the face of two frames before."""
    rows = []
    earlier: deque[FaceObservation | None] = deque([None, None], maxlen=2)
    with GestureReader() as hands, FaceTracker() as faces:
        for i, scene in enumerate(scenes):
            frame = Frame(scene, i, 33.3 * i, "scene")
            seen = faces.track(frame)
            rows.append((seen, hands.read(frame, earlier[0])))
            earlier.append(seen)
    return rows


def test_the_nearest_person_speaks_whatever_the_other_one_shows(sample: list[np.ndarray]) -> None:
    nothing, like, palm = sample[5:17], sample[38:68], sample[100:128]
    scenes = [beside(nothing[i], palm[i]) for i in range(12)]
    scenes += [beside(like[i], palm[i % len(palm)]) for i in range(30)]
    rows = read(scenes)
    assert all(face.landmarks is not None and face.landmarks[:, 0].max() < WIDTH for face, _ in rows)
    assert {face.person for face, _ in rows} == {0}
    # Before the first face is known, two frames pass.
    assert not any(result.hands for _, result in rows[2:12])
    signs = [result.hands[0].gesture if result.hands else None for _, result in rows[12:]]
    assert set(signs[10:]) == {"like"}
    assert "palm" not in signs
    for _, result in rows[22:]:
        assert result.hands[0].landmarks is not None  # the skeleton has let go of the other one's hand
        assert result.hands[0].box[2] < WIDTH
