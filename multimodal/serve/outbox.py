"""What waits to be sent to one page: bounded, however slowly the page takes it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque

Packet = str | bytes

MOST = 64
"""Messages that wait at most; the oldest gives way."""


class Outbox:
    """Filled by any thread, emptied by the event loop. Of what is drawn, only the newest waits.

    Attributes:
        replaced: How many messages gave way to newer ones before they were sent.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.replaced = 0
        self._loop = loop
        self._lock = threading.Lock()
        self._told: deque[Packet] = deque(maxlen=MOST)
        self._drawn: Packet | None = None
        self._signalled = False
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        with self._lock:
            return len(self._told) + (self._drawn is not None)

    def put(self, packet: Packet) -> None:
        """Leave a message; after ``MOST`` that wait, the oldest is lost."""
        with self._lock:
            self.replaced += len(self._told) == MOST
            self._told.append(packet)
            self._signal()

    def put_drawn(self, packet: Packet) -> None:
        """Leave what is drawn over the newest frame; it replaces what still waits of an older one."""
        with self._lock:
            self.replaced += self._drawn is not None
            self._drawn = packet
            self._signal()

    async def get(self) -> Packet:
        """Wait for a message and take it: what is told comes before what is drawn."""
        while True:
            with self._lock:
                if self._told:
                    return self._told.popleft()
                if self._drawn is not None:
                    packet, self._drawn = self._drawn, None
                    return packet
                self._signalled = False
                self._wake.clear()
            await self._wake.wait()

    def _signal(self) -> None:
        """Wake the loop once, not once a message: a loop that is stuck must not gather wake-ups."""
        if not self._signalled:
            self._signalled = True
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                self._loop.call_soon_threadsafe(self._wake.set)
