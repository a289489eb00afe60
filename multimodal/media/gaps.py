"""Gaps in a stream: a camera that was unplugged, a laptop that slept, a file that jumps."""

from __future__ import annotations

LEAST_MS = 500.0
"""A shorter step is never a gap: fifteen frames at 30 a second."""

_FACTOR = 4.0
_SHARE = 0.1


class GapWatch:
    """Tells gaps from slowness: a gap is a step back in time, or one much longer than the stream's steps usually are.

    A stream that is slow throughout has no gaps after its first few frames.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin another stream: its first frame follows no gap."""
        self._last_ms: float | None = None
        self._usual_ms = 0.0

    def push(self, t_ms: float) -> float | None:
        """Take the next frame's time, ms; return how long the gap before it was (negative: back in time), or None."""
        last, self._last_ms = self._last_ms, t_ms
        if last is None:
            return None
        step = t_ms - last
        if step < 0:
            return step
        gap = step > max(LEAST_MS, _FACTOR * self._usual_ms)
        self._usual_ms += _SHARE * (step - self._usual_ms)
        return step if gap else None
