"""Cameras: OpenCV reads in a thread, and only the newest frame waits."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from multimodal.errors import MissingError
from multimodal.media.base import Source
from multimodal.media.slot import Slot
from multimodal.results import Frame

_PATIENCE_S = 1.5
_RETRY_S = 0.1


@runtime_checkable
class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that is used."""

    def isOpened(self) -> bool: ...  # noqa: D102
    def read(self) -> tuple[bool, Any]: ...  # noqa: D102
    def release(self) -> None: ...  # noqa: D102


class CameraSource(Source):
    """A camera. A slow consumer gets the newest frame; the others are dropped and counted.

    A camera that is unplugged and comes back within 1.5 seconds leaves a gap in the times; otherwise the iteration
    ends, with ``truncated`` true.

    Args:
        number: The camera's number, from 0.
        opener: Makes the capture; by default OpenCV's. Its frames are BGR.

    Raises:
        MissingError: There is no such camera, or it gives no picture within 1.5 seconds.
    """

    def __init__(self, number: int, opener: Callable[[int], Capture] | None = None) -> None:
        if opener is None:
            _check_device(number)
        self._number = number
        self._opener = opener or _open_capture
        self._slot: Slot[Frame] = Slot()
        self._stop = threading.Event()
        self._fps = 0.0
        self._thread = threading.Thread(target=self._run, name=f"camera-{number}", daemon=True)
        self._thread.start()
        self._first = self._slot.get(_PATIENCE_S)
        if self._first is None:
            self.close()
            raise _missing(number, "gives no picture")
        height, width = self._first.image.shape[:2]
        super().__init__(
            name=f"camera:{number}", kind="camera", fps=self._fps or 30.0, width=int(width), height=int(height)
        )

    @property
    def dropped(self) -> int:
        """Frames passed over because the consumer was slower than the camera."""
        return self._slot.dropped

    def __iter__(self) -> Iterator[Frame]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        while not self._stop.is_set():
            frame = self._slot.get(_PATIENCE_S)
            if frame is None:
                self.truncated = not self._stop.is_set()
                return
            yield frame

    def close(self) -> None:
        """Stop the thread and free the camera; a driver that hangs is left behind after half a second."""
        self._stop.set()
        self._slot.close()
        self._thread.join(0.5)

    def _run(self) -> None:
        index, start, alive = 0, time.monotonic(), time.monotonic()
        capture: Capture | None = None
        while not self._stop.is_set() and time.monotonic() - alive < _PATIENCE_S:
            capture = capture or self._opened()
            ok, image = capture.read() if capture else (False, None)
            now = time.monotonic()
            if not ok or image is None:
                # Whatever is left of the capture is stale after an unplug: open it anew.
                capture = _release(capture)
                self._stop.wait(_RETRY_S)
                continue
            start = now if index == 0 else start
            self._slot.put(Frame(_rgb(image), index, (now - start) * 1000.0, f"camera:{self._number}"))
            index, alive = index + 1, now
        _release(capture)
        self._slot.close()

    def _opened(self) -> Capture | None:
        capture = self._opener(self._number)
        if capture.isOpened():
            self._fps = _declared_fps(capture)
            return capture
        return _release(capture)


def _release(capture: Capture | None) -> Capture | None:
    if capture is not None:
        capture.release()
    return None


def _rgb(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image[..., ::-1])


def _declared_fps(capture: Capture) -> float:
    get = getattr(capture, "get", None)
    fps = float(get(5)) if get else 0.0  # 5 is cv2.CAP_PROP_FPS
    return fps if np.isfinite(fps) and 0.0 < fps <= 240.0 else 0.0


def _check_device(number: int) -> None:
    """Linux tells at once whether there is such a camera, without OpenCV's warnings."""
    if sys.platform.startswith("linux") and not Path(f"/dev/video{number}").exists():
        raise _missing(number, "is not there")


def _missing(number: int, what: str) -> MissingError:
    return MissingError(f"camera {number} {what}: plug it in and close other programs that use it, or give a file")


def _open_capture(number: int) -> Capture:
    import cv2

    # A camera that fails to open is told in one line of ours, not in OpenCV's.
    cv2.setLogLevel(0)
    backend = cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY
    return cv2.VideoCapture(number, backend)
