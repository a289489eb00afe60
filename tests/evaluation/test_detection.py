from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.evaluation.detection import (
    THRESHOLDS,
    Boxes,
    average_precision,
    confusion,
    image_hits,
    image_top1,
    mean_average_precision,
)

CLASSES = 3


@st.composite
def pictures(draw: st.DrawFn, scored: bool) -> list[Boxes]:
    """Draw three pictures with boxes on a coarse grid, so that overlaps are common, and distinct scores."""
    found = []
    for _ in range(3):
        count = draw(st.integers(0, 4))
        low = np.array([draw(st.tuples(st.integers(0, 3), st.integers(0, 3))) for _ in range(count)], float)
        size = np.array([draw(st.tuples(st.integers(3, 6), st.integers(3, 6))) for _ in range(count)], float)
        low, size = low.reshape(-1, 2), size.reshape(-1, 2)
        classes = np.array([draw(st.integers(0, CLASSES - 1)) for _ in range(count)], np.int64)
        found.append(Boxes(np.concatenate([low, low + size], axis=1), classes, np.ones(count)))
    if scored:
        total = sum(len(boxes.classes) for boxes in found)
        scores = np.array(draw(st.permutations(range(1, total + 1))), float) / (total + 1)
        parts = np.split(scores, np.cumsum([len(boxes.classes) for boxes in found])[:-1])
        found = [Boxes(boxes.boxes, boxes.classes, part) for boxes, part in zip(found, parts, strict=True)]
    return found


def slow_iou(a: np.ndarray, b: np.ndarray) -> float:
    cells = [{(x, y) for x in range(int(c[0]), int(c[2])) for y in range(int(c[1]), int(c[3]))} for c in (a, b)]
    return len(cells[0] & cells[1]) / len(cells[0] | cells[1])


def slow_ap(predictions: list[Boxes], truths: list[Boxes], name: int, threshold: float) -> float:
    """One class at one threshold, by loops over plain tuples."""
    ranked = sorted(
        (
            (p.scores[i], n, p.boxes[i])
            for n, p in enumerate(predictions)
            for i in range(len(p.scores))
            if p.classes[i] == name
        ),
        key=lambda row: -row[0],
    )
    total = sum(int((t.classes == name).sum()) for t in truths)
    used: set[tuple[int, int]] = set()
    curve = [(0.0, 1.0)]
    right = 0
    for rank, (_, n, box) in enumerate(ranked, start=1):
        free = [
            (slow_iou(box, truths[n].boxes[j]), -j)
            for j in range(len(truths[n].classes))
            if truths[n].classes[j] == name and (n, j) not in used
        ]
        if free and max(free)[0] >= threshold:
            used.add((n, -max(free)[1]))
            right += 1
        curve.append((right / total, right / rank))
    curve.append((1.0, 0.0))
    curve = [(r, max(p for _, p in curve[i:])) for i, (r, _) in enumerate(curve)]
    if not ranked:
        return 0.0
    recalls, precisions = zip(*curve, strict=True)
    heights = [np.interp(g / 100, recalls, precisions) for g in range(101)]
    return float(sum((heights[i] + heights[i + 1]) / 200 for i in range(100)))


@settings(max_examples=60)
@given(pictures(scored=True), pictures(scored=False))
def test_map_agrees_with_the_slow_version(predictions: list[Boxes], truths: list[Boxes]) -> None:
    map50, map50_95, table = mean_average_precision(predictions, truths, CLASSES)
    present = [c for c in range(CLASSES) if any((t.classes == c).any() for t in truths)]
    slow = np.array([[slow_ap(predictions, truths, c, t) for t in THRESHOLDS] for c in present])
    assert np.isnan(table[[c for c in range(CLASSES) if c not in present]]).all()
    if present:
        assert np.allclose(table[present], slow, atol=1e-9)
        assert map50 == pytest.approx(slow[:, 0].mean())
        assert map50_95 == pytest.approx(slow.mean())
    else:
        assert (map50, map50_95) == (0.0, 0.0)


@given(pictures(scored=False))
def test_the_truth_itself_is_perfect(truths: list[Boxes]) -> None:
    """Every hit perfect; two equal boxes of one class still have a partner each."""
    if any(len(t.classes) for t in truths):
        # Ultralytics' closing precision of 0 at recall 1 costs the last of the 101 steps half its height at most.
        assert mean_average_precision(truths, truths, CLASSES)[0] > 0.99


def test_doubles_count_as_wrong() -> None:
    assert average_precision(np.array([True, False]), 1) > average_precision(np.array([False, True]), 1)
    box = np.array([[0.0, 0, 4, 4]])
    truth = [Boxes(box, np.array([0]), np.ones(1))]
    twice = [Boxes(np.repeat(box, 2, axis=0), np.array([0, 0]), np.array([0.9, 0.8]))]
    once = [Boxes(box, np.array([0]), np.array([0.8]))]
    before = [Boxes(np.array([[9.0, 9, 12, 12], [0, 0, 4, 4]]), np.array([0, 0]), np.array([0.9, 0.8]))]
    assert mean_average_precision(once, truth, 1)[0] > mean_average_precision(before, truth, 1)[0]
    assert mean_average_precision(twice, truth, 1)[0] == mean_average_precision(once, truth, 1)[0]


def test_a_class_that_was_never_found_counts_as_nought() -> None:
    truth = [Boxes(np.array([[0.0, 0, 4, 4], [5, 5, 9, 9]]), np.array([0, 1]), np.ones(2))]
    found = [Boxes(np.array([[0.0, 0, 4, 4]]), np.array([0]), np.ones(1))]
    map50, _, table = mean_average_precision(found, truth, CLASSES)
    assert map50 == pytest.approx(table[0, 0] / 2)
    assert table[1].tolist() == [0.0] * len(THRESHOLDS)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="1 predictions for 0 pictures"):
        mean_average_precision([Boxes.empty()], [], CLASSES)


def test_top1_and_confusion() -> None:
    box = np.array([[0.0, 0, 4, 4], [0, 0, 2, 2]])
    truths = [
        Boxes(box, np.array([0, 1]), np.ones(2)),
        Boxes(box[:1], np.array([2]), np.ones(1)),
        Boxes(box[:1], np.array([1]), np.ones(1)),
        Boxes.empty(),
    ]
    found = [
        Boxes(box, np.array([1, 0]), np.array([0.2, 0.7])),
        Boxes(box, np.array([2, 1]), np.array([0.3, 0.4])),
        Boxes.empty(),
        Boxes(box[:1], np.array([1]), np.ones(1)),
    ]
    assert image_top1(found, truths) == pytest.approx(1 / 3)
    table = confusion(found, truths, CLASSES)
    assert table.tolist() == [[1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]]
    assert image_top1([], []) == 0.0
    assert image_hits(found, truths) == [True, False, False, None]


def test_a_hand_is_spread_over_its_classes() -> None:
    boxes = np.array([[0.0, 0, 4, 4], [1, 1, 2, 2]])
    spread = Boxes.spread(boxes, np.array([[0.5, 0.001, 0.01], [0.0, 0.0, 0.9]]))
    assert spread.boxes.tolist() == [[0, 0, 4, 4], [0, 0, 4, 4], [1, 1, 2, 2]]
    assert spread.classes.tolist() == [0, 2, 2]
    assert spread.scores.tolist() == [0.5, 0.01, 0.9]
    assert len(Boxes.spread(np.zeros((0, 4)), np.zeros((0, 3))).scores) == 0
