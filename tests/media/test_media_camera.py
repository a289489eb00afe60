from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from multimodal.errors import MissingError
from multimodal.media.camera import CameraSource
from multimodal.media.slot import Slot

pytestmark = pytest.mark.timeout(20)


class FakeCamera:
    """A camera of 200 frames a second whose picture says which number it has; it can be unplugged."""

    def __init__(self) -> None:
        self.count = 0
        self.plugged = threading.Event()
        self.plugged.set()
        self.opened = 0
        self.released = 0

    def open(self, number: int) -> FakeCamera:
        self.opened += 1
        return self

    def isOpened(self) -> bool:
        return self.plugged.is_set()

    def read(self) -> tuple[bool, np.ndarray | None]:
        time.sleep(0.005)
        if not self.plugged.is_set():
            return False, None
        image = np.zeros((8, 12, 3), np.uint8)
        image[..., 0] = 255  # blue, as OpenCV orders it
        image[0, 0, 2] = min(self.count, 255)
        self.count += 1
        return True, image

    def release(self) -> None:
        self.released += 1


def test_the_newest_value_wins_and_the_others_are_counted() -> None:
    slot: Slot[int] = Slot()
    for value in (1, 2, 3):
        slot.put(value)
    assert slot.get(0.1) == 3
    assert slot.dropped == 2
    assert slot.get(0.01) is None
    slot.put(4)
    slot.close()
    slot.put(5)
    assert (slot.get(0.1), slot.get(0.1), slot.closed) == (4, None, True)


def test_a_waiting_consumer_is_woken_by_close() -> None:
    slot: Slot[int] = Slot()
    threading.Timer(0.05, slot.close).start()
    assert slot.get(10.0) is None


def test_a_slow_consumer_sees_new_frames_and_drops_are_counted() -> None:
    camera = FakeCamera()
    with CameraSource(0, camera.open) as source:
        frames = iter(source)
        next(frames)
        time.sleep(0.3)
        late = next(frames)
        behind = camera.count - 1 - late.index
        assert source.dropped > 10
    # Two frames may be under way: one in the slot, one being read.
    assert behind <= 30
    assert late.index > 10
    assert late.image[0, 0, 0] == min(late.index, 255)
    assert late.image[4, 4].tolist() == [0, 0, 255]
    assert (source.kind, source.width, source.height, source.frames_expected) == ("camera", 12, 8, None)
    assert camera.released >= 1


def test_an_unplugged_camera_ends_within_two_seconds() -> None:
    camera = FakeCamera()
    with CameraSource(0, camera.open) as source:
        frames = iter(source)
        next(frames)
        camera.plugged.clear()
        list(frames)
        assert source.truncated


def test_a_camera_that_comes_back_goes_on_after_a_gap() -> None:
    camera = FakeCamera()
    with CameraSource(0, camera.open) as source:
        frames = iter(source)
        before = next(frames)
        camera.plugged.clear()
        threading.Timer(0.5, camera.plugged.set).start()
        times = [before.t_ms, *(next(frames).t_ms for _ in range(20))]
        assert max(np.diff(times)) > 300
        assert not source.truncated
        assert camera.opened >= 2


def test_a_camera_without_a_picture_is_missing() -> None:
    camera = FakeCamera()
    camera.plugged.clear()
    with pytest.raises(MissingError, match="camera 3 gives no picture"):
        CameraSource(3, camera.open)


def test_a_driver_that_hangs_holds_nobody_up() -> None:
    class Hanging(FakeCamera):
        def read(self) -> tuple[bool, np.ndarray | None]:
            time.sleep(30)
            return False, None

    with pytest.raises(MissingError):
        CameraSource(0, Hanging().open)


def test_closing_from_another_thread_ends_the_iteration() -> None:
    source = CameraSource(0, FakeCamera().open)
    threading.Timer(0.1, source.close).start()
    assert len(list(source)) < 200
    assert not source.truncated
