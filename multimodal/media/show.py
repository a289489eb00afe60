"""A window, where there is a screen."""

from __future__ import annotations

import os
import subprocess
import sys
from types import TracebackType

import numpy as np
from jaxtyping import UInt8

_PROBE = "import cv2; cv2.namedWindow('veilspeak'); cv2.waitKey(1); cv2.destroyAllWindows()"
_PROBE_S = 10.0
_KEYS = {27, ord("q")}


def no_display() -> str | None:
    """Return why no window can be opened, in one line, or None where one can.

    A window toolkit that finds no screen ends its process, so a process of its own tries first.
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "no window: there is no screen here; the annotated video is written all the same"
    try:
        subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=_PROBE_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return "no window: the screen cannot be reached; the annotated video is written all the same"
    return None


class Window:
    """Shows pictures, or does nothing where there is no screen; never raises.

    Args:
        title: The window's title.

    Attributes:
        note: Why nothing is shown, in one line for the user, or None.
    """

    def __init__(self, title: str = "veilspeak") -> None:
        self._title = title
        self.note = no_display()

    def show(self, image: UInt8[np.ndarray, "height width 3"]) -> bool:
        """Show an RGB picture.

        Returns:
            False where the user wants to end: q, Escape, or the window was closed.
        """
        if self.note:
            return True
        import cv2

        try:
            cv2.imshow(self._title, image[..., ::-1])
            pressed = cv2.waitKey(1) & 0xFF
            return pressed not in _KEYS and cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:
            self.note = "no window: the screen was lost; the annotated video is written all the same"
            return True

    def close(self) -> None:
        """Close the window; may be called twice."""
        if self.note:
            return
        import cv2

        cv2.destroyAllWindows()
        self.note = "the window is closed"

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
