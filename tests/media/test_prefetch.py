from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from multimodal.media.prefetch import prefetch


def test_same_items_in_the_same_order() -> None:
    assert list(prefetch(range(100), depth=3)) == list(range(100))


def test_error_is_raised_at_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    ahead = prefetch(items())
    assert next(ahead) == 1
    with pytest.raises(OSError, match="gone"):
        next(ahead)


def test_never_more_than_depth_ahead_and_no_thread_left_behind() -> None:
    made = []

    def items() -> Iterator[int]:
        for i in range(1000):
            made.append(i)
            yield i

    ahead = prefetch(items(), depth=2)
    assert next(ahead) == 0
    ahead.close()  # type: ignore[attr-defined]
    assert len(made) <= 6
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]
