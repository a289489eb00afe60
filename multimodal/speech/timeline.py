"""``speech.wav``: sentences at their places in time, a valid file at any moment."""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType

from multimodal.speech.sound import Sound, resample, silence, to_pcm

SAMPLE_RATE = 24_000
_HEADER = 44
_LIMIT = 2**32 - 1 - _HEADER
_GAP_S = 0.15
_LEAST_S = 0.1


class WavTimeline:
    """A 16-bit mono WAV on the source's time line. It exists from the start, with a tenth of a second of silence.

    The silence between sentences is a hole in the file, so it takes no room on file systems that know holes.

    Args:
        path: The file; its folder is made if need be.
        sample_rate: Samples a second; sounds of another rate are converted.
    """

    def __init__(self, path: Path, sample_rate: int = SAMPLE_RATE) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.sample_rate = sample_rate
        self._file = path.open("w+b")
        self._end_s = 0.0
        self._bytes = 0
        self._write(0, to_pcm(silence(_LEAST_S, sample_rate)))

    def place(self, sound: Sound, t_ms: float) -> float:
        """Write a sound at its time, or right after the one before where they would overlap.

        Args:
            sound: What was said.
            t_ms: When it was decided, in the source's time.

        Returns:
            Where it begins, in seconds. A WAV ends at 4 GB (a day); what lies beyond is left out.
        """
        begin = max(t_ms / 1000.0, self._end_s + _GAP_S if self._end_s else 0.0)
        pcm = to_pcm(resample(sound, self.sample_rate))
        offset = 2 * round(begin * self.sample_rate)
        if offset + len(pcm) <= _LIMIT:
            self._write(offset, pcm)
            self._end_s = begin + len(pcm) / (2 * self.sample_rate)
        return begin

    def _write(self, offset: int, pcm: bytes) -> None:
        self._file.seek(_HEADER + offset)
        self._file.write(pcm)
        # The samples must be there before the header counts them.
        self._file.flush()
        self._bytes = max(self._bytes, offset + len(pcm))
        self._file.seek(0)
        self._file.write(_header(self._bytes, self.sample_rate))
        self._file.flush()

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()

    def __enter__(self) -> WavTimeline:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _header(size: int, sample_rate: int) -> bytes:
    layout = struct.pack("<HHIIHH", 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + size)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + layout
        + b"data"
        + struct.pack("<I", size)
    )
