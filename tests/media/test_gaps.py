from __future__ import annotations

import numpy as np

from multimodal.media.gaps import GapWatch


def gaps(times: list[float]) -> list[float | None]:
    watch = GapWatch()
    return [watch.push(t_ms) for t_ms in times]


def test_an_even_stream_has_none() -> None:
    assert not any(gaps(list(np.arange(0, 9000, 33.3))))


def test_an_unplugged_camera_leaves_one() -> None:
    times = [33.0 * n for n in range(60)]
    found = gaps([*times, *(times[-1] + 1200 + t for t in times)])
    assert found[60] == 1200
    assert sum(gap is not None for gap in found) == 1


def test_a_slow_consumer_is_no_gap() -> None:
    assert not any(gaps([200.0 * n for n in range(50)]))


def test_a_stream_that_is_slow_throughout_has_none_after_its_first_frames() -> None:
    found = gaps([1000.0 * n for n in range(50)])
    assert not any(found[6:])


def test_a_step_back_is_one_and_a_reset_begins_another_stream() -> None:
    watch = GapWatch()
    assert [watch.push(t) for t in (500.0, 533.0, 0.0)] == [None, None, -533.0]
    watch.reset()
    assert watch.push(9000.0) is None
