"""Item 10: 200 ms a frame at 30 frames a second: what is read is new, and what is passed over is counted and told.

The clock is simulated: the camera's frames come, and the rooms' time passes, when the test says so.
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from light_rooms import LightHands, LightLive, light_config, picture, readable

from multimodal.demo import Demo, report
from multimodal.media import camera as module
from multimodal.media.camera import CameraSource
from multimodal.results import FaceObservation, Frame, GestureResult

FRAME_S = 1 / 30
SLOW_S = 0.2
FRAMES = 40

pytestmark = pytest.mark.timeout(60)


class SimulatedCamera:
    """Gives a frame whenever the clock is moved on by one."""

    def __init__(self) -> None:
        self.now, self.frames = 0.0, 0
        self._wanted, self._ready = threading.Semaphore(0), threading.Semaphore(0)
        self._unplugged = False

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, np.ndarray | None]:
        self._wanted.release()
        self._ready.acquire()
        self.frames += not self._unplugged
        return not self._unplugged, picture(number=self.frames)[..., ::-1]

    def release(self) -> None:
        """Nothing is held."""

    def begin(self) -> None:
        """Give the first frame as soon as it is asked for."""
        self._wanted.acquire()
        self.pass_time(FRAME_S)

    def pass_time(self, seconds: float) -> None:
        """Let time pass; returns when the last frame in it lies in the slot."""
        for _ in range(round(seconds / FRAME_S)):
            self.now += FRAME_S
            self._ready.release()
            self._wanted.acquire()

    def unplug(self) -> None:
        """Give no more frames, and let the clock jump, so that nobody waits for them."""
        self._unplugged = True
        self.now += 60.0
        self._ready.release()


class SlowHands(LightHands):
    """Takes 200 ms of the simulated clock, and notes how old each frame is when it is done."""

    def __init__(self, camera: SimulatedCamera, frames: int) -> None:
        super().__init__()
        self.camera, self.frames = camera, frames
        self.latencies: list[float] = []

    def read(self, frame: Frame, speaker: FaceObservation | None) -> GestureResult:
        result = super().read(frame, speaker)
        if len(self.latencies) == self.frames:
            return result
        self.camera.pass_time(SLOW_S)
        self.latencies.append(self.camera.now - frame.t_ms / 1e3 - FRAME_S)
        if len(self.latencies) == self.frames:
            self.camera.unplug()
        return result


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> SimulatedCamera:
    made = SimulatedCamera()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: made.now))
    threading.Thread(target=made.begin, daemon=True).start()
    return made


def test_item_10_latency_drops_and_that_they_are_told(camera: SimulatedCamera, tmp_path: Path) -> None:
    config = light_config()
    with CameraSource(0, lambda number: camera) as source, LightLive(config) as live:
        live._gestures = hands = SlowHands(camera, FRAMES)  # type: ignore[assignment]
        summary = Demo(live, source, tmp_path, config, speak=False, show=False).run()
    assert np.percentile(hands.latencies, 95) <= SLOW_S + 2 * FRAME_S + 1e-6
    assert summary["frames"] == FRAMES + 1  # the one that lay in the slot when the camera was unplugged
    assert summary["dropped"] == camera.frames - summary["frames"] == 5 * FRAMES
    assert f"{5 * FRAMES} passed over" in report(summary)
    left = readable(tmp_path)
    assert left["rows"][-1]["dropped"] == left["source"]["dropped"] == 5 * FRAMES
    assert left["lines"] == left["pictures"] == FRAMES + 1


def test_item_10_being_slow_throughout_is_no_gap(camera: SimulatedCamera) -> None:
    with CameraSource(0, lambda number: camera) as source, LightLive(light_config()) as live:
        live._gestures = SlowHands(camera, 10)  # type: ignore[assignment]
        steps = list(live.steps(source))
    assert not [step for step in steps if step.gap_ms is not None]
    assert np.diff([step.frame.index for step in steps]).tolist() == [6] * 10
