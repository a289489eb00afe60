"""Decoding ahead: a bounded queue that a thread of its own fills."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

_END = object()


def prefetch(items: Iterable[T], depth: int = 4) -> Iterator[T]:
    """Yield the items in their order while a thread makes the next ones.

    Args:
        items: What to iterate over; an error that it raises is raised here, at its place.
        depth: The most items that are ready and waiting.
    """
    ready: queue.Queue[object] = queue.Queue(depth)
    stopped = threading.Event()
    worker = threading.Thread(target=_fill, args=(items, ready, stopped), name="prefetch", daemon=True)
    worker.start()
    try:
        while (item := ready.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        stopped.set()
        _drain(ready)
        worker.join()


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def _fill(items: Iterable[T], ready: queue.Queue[object], stopped: threading.Event) -> None:
    try:
        for item in items:
            if not _put(ready, item, stopped):
                return
    except BaseException as error:  # whatever it is, it belongs to the consumer
        _put(ready, _Failure(error), stopped)
    _put(ready, _END, stopped)


def _put(ready: queue.Queue[object], item: object, stopped: threading.Event) -> bool:
    while not stopped.is_set():
        with suppress(queue.Full):
            ready.put(item, timeout=0.1)
            return True
    return False


def _drain(ready: queue.Queue[object]) -> None:
    with suppress(queue.Empty):
        while True:
            ready.get_nowait()
