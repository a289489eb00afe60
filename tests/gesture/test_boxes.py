from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from multimodal.gesture.boxes import iou, suppress


def boxes(count: st.SearchStrategy[int]) -> st.SearchStrategy[np.ndarray]:
    corner = hnp.arrays(np.float64, st.tuples(count, st.just(4)), elements=st.integers(0, 20).map(float))
    return corner.map(lambda a: np.concatenate([a[:, :2], a[:, :2] + a[:, 2:]], axis=1))


def slow_iou(a: np.ndarray, b: np.ndarray) -> float:
    """Count the unit squares that both, or either, cover: boxes here have whole corners."""
    cover = [{(x, y) for x in range(int(c[0]), int(c[2])) for y in range(int(c[1]), int(c[3]))} for c in (a, b)]
    union = len(cover[0] | cover[1])
    return len(cover[0] & cover[1]) / union if union else 0.0


@given(boxes(st.integers(0, 4)), boxes(st.integers(0, 4)))
def test_iou_counts_squares(a: np.ndarray, b: np.ndarray) -> None:
    assert iou(a, b).shape == (len(a), len(b))
    for i, j in np.ndindex(len(a), len(b)):
        assert np.isclose(iou(a, b)[i, j], slow_iou(a[i], b[j]))


@given(boxes(st.integers(0, 8)), st.randoms(use_true_random=False), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_suppress_is_greedy(a: np.ndarray, random: object, overlap: float) -> None:
    scores = np.array([random.random() for _ in a])  # type: ignore[attr-defined]
    kept: list[int] = []
    for i in sorted(range(len(a)), key=lambda i: -scores[i]):
        if all(slow_iou(a[i], a[j]) <= overlap for j in kept):
            kept.append(i)
    assert suppress(a, scores, overlap).tolist() == kept


def test_suppress_keeps_the_better_of_two() -> None:
    a = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [40, 40, 50, 50]], dtype=np.float64)
    assert suppress(a, np.array([0.2, 0.9, 0.5])).tolist() == [1, 2]
