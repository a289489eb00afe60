"""The page's camera as a source of frames: the newest wins, and what is none is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from multimodal.errors import DecodeError
from multimodal.media.base import Source
from multimodal.media.slot import Slot
from multimodal.results import Frame
from multimodal.serve.protocol import ProtocolError, frame_image, frame_time

_POLL_S = 0.2


class PageSource(Source):
    """The page's camera: a frame that nobody took in time gives way to the next one.

    Frames that cannot be decoded, have another size than the first, or do not come later than the last are left out;
    ``refuse`` is told why, once.
    """

    def __init__(self, refuse: Callable[[str], None]) -> None:
        super().__init__(name="page", kind="camera", fps=30.0, width=0, height=0)
        self.refused = 0
        self._refuse = refuse
        self._slot: Slot[bytes] = Slot()
        self._origin = self._last = 0.0
        self._index = -1

    @property
    def dropped(self) -> int:
        """Frames that gave way to newer ones."""
        return self._slot.dropped

    def push(self, content: bytes) -> None:
        """Leave a frame's message; never blocks."""
        self._slot.put(content)

    def __iter__(self) -> Iterator[Frame]:
        while not self._slot.closed:
            content = self._slot.get(_POLL_S)
            if content is None:
                continue
            try:
                yield self._frame(content)
            except (ProtocolError, DecodeError) as error:
                self.refused += 1
                if self.refused == 1:
                    self._refuse(str(error))

    def close(self) -> None:
        """End the iteration, wherever it waits."""
        self._slot.close()

    def _frame(self, content: bytes) -> Frame:
        t_ms, image = frame_time(content), frame_image(content)
        height, width = image.shape[:2]
        if self._index < 0:
            self._origin, self.width, self.height = t_ms, width, height
        elif (width, height) != (self.width, self.height):
            raise ProtocolError("the camera's picture has changed its size: start the camera again")
        elif t_ms <= self._last:
            raise ProtocolError("a frame must come later than the one before it")
        self._index, self._last = self._index + 1, t_ms
        return Frame(image, self._index, t_ms - self._origin, "page")
