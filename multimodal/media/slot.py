"""A place for the newest value only: what is not taken in time is replaced and counted."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Slot(Generic[T]):
    """A queue of length one between two threads, in which the newest value wins.

    Attributes:
        dropped: How many values were replaced before anybody took them.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._value: T | None = None
        self._closed = False
        self._changed = threading.Condition()

    def put(self, value: T) -> None:
        """Leave a value; never blocks. After ``close`` it is thrown away."""
        with self._changed:
            if self._closed:
                return
            self.dropped += self._value is not None
            self._value = value
            self._changed.notify()

    def get(self, timeout: float) -> T | None:
        """Take the newest value, waiting for one up to ``timeout`` seconds.

        Returns:
            The value, or None where none came in time, or the slot is closed and empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._value is not None or self._closed, timeout)
            value, self._value = self._value, None
            return value

    def close(self) -> None:
        """Wake whoever waits; a value that is still there can be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether no more values will come."""
        return self._closed
