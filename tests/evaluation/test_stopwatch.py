from __future__ import annotations

import os
import threading

import pytest

from multimodal.evaluation.stopwatch import median_ms, one_core, timed

binds = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system binds nothing to a core")


@binds
def test_one_core_for_this_thread_and_for_new_ones_and_all_again_after() -> None:
    before, seen = os.sched_getaffinity(0), []
    with one_core():
        thread = threading.Thread(target=lambda: seen.append(os.sched_getaffinity(0)))
        thread.start()
        thread.join()
        seen.append(os.sched_getaffinity(0))
    assert seen == [{min(before)}] * 2
    assert os.sched_getaffinity(0) == before


@binds
def test_all_cores_again_after_an_error() -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(KeyError), one_core():
        raise KeyError
    assert os.sched_getaffinity(0) == before


def test_a_system_without_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    with one_core():
        pass


def test_times() -> None:
    ms, result = timed(lambda: sum(range(200_000)))
    assert result == 19_999_900_000
    assert 0.1 < ms < 1000
    assert median_ms([3.0, 1.006, 9.0, 1.0]) == 2.0
    assert median_ms([]) == 0.0
