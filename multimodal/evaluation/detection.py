"""How well boxes are found and named: mean average precision and image top-1.

Average precision as COCO and Ultralytics compute it: predictions of a class over all pictures by falling score, each
matched to the free true box of its picture that it overlaps most; precision made monotone and averaged at 101 recalls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from multimodal.gesture.boxes import iou

THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""The ten IoU thresholds of mAP50-95."""

FLOOR = 0.01
"""Least score of a prediction, as detectors are measured."""


@dataclass(frozen=True)
class Boxes:
    """The boxes of one picture, predicted or true.

    Attributes:
        boxes: ``[n, 4]``: x0, y0, x1, y1 in pixels.
        classes: ``[n]``, class numbers.
        scores: ``[n]``; of true boxes all 1.
    """

    boxes: Float[np.ndarray, "n 4"]
    classes: Int[np.ndarray, "n"]
    scores: Float[np.ndarray, "n"]

    @classmethod
    def empty(cls) -> Boxes:
        """Return no boxes."""
        return cls(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0))

    @classmethod
    def spread(
        cls, boxes: Float[np.ndarray, "hands 4"], scores: Float[np.ndarray, "hands classes"], floor: float = FLOOR
    ) -> Boxes:
        """Return each hand as one prediction for every class to which it gives at least ``floor``."""
        hands, classes = np.nonzero(scores >= floor)
        return cls(boxes[hands].astype(np.float64), classes, scores[hands, classes].astype(np.float64))


def mean_average_precision(
    predictions: Sequence[Boxes], truths: Sequence[Boxes], classes: int
) -> tuple[float, float, Float[np.ndarray, "classes thresholds"]]:
    """Return mAP50, mAP50-95, and the average precision of every class at every threshold.

    Args:
        predictions: One entry a picture.
        truths: The same pictures, in the same order.
        classes: Number of classes. Those without a true box are left out of the means; their rows are NaN.

    Raises:
        ValueError: The two differ in length.
    """
    if len(predictions) != len(truths):
        raise ValueError(f"{len(predictions)} predictions for {len(truths)} pictures")
    table = np.full((classes, len(THRESHOLDS)), np.nan)
    for name in range(classes):
        total = sum(int((truth.classes == name).sum()) for truth in truths)
        if total:
            hits = _hits(predictions, truths, name)
            table[name] = [average_precision(hits[:, column], total) for column in range(len(THRESHOLDS))]
    present = table[~np.isnan(table[:, 0])]
    if not len(present):
        return 0.0, 0.0, table
    return float(present[:, 0].mean()), float(present.mean()), table


def average_precision(hits: Bool[np.ndarray, "predictions"], total: int) -> float:
    """Return the average precision of predictions sorted by falling score.

    Args:
        hits: Whether each is right.
        total: Number of true boxes.
    """
    if not len(hits):
        return 0.0
    right = np.cumsum(hits)
    recall, precision = right / total, right / np.arange(1, len(hits) + 1)
    recall = np.concatenate([[0.0], recall, [1.0]])
    precision = np.concatenate([[1.0], precision, [0.0]])
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    grid = np.linspace(0, 1, 101)
    return _area(np.interp(grid, recall, precision), grid)


def image_top1(predictions: Sequence[Boxes], truths: Sequence[Boxes]) -> float:
    """Return the share of pictures whose highest-scoring box has the picture's label.

    A picture's label is the class of its largest true box. A picture without a prediction is wrong; pictures without a
    true box are left out.
    """
    right = [hit for hit in image_hits(predictions, truths) if hit is not None]
    return float(np.mean(right)) if right else 0.0


def image_hits(predictions: Sequence[Boxes], truths: Sequence[Boxes]) -> list[bool | None]:
    """Return for each picture whether its highest-scoring box has its label; None for one without a true box."""
    return [
        bool(len(found.scores)) and int(found.classes[found.scores.argmax()]) == _label(truth)
        if len(truth.classes)
        else None
        for found, truth in zip(predictions, truths, strict=True)
    ]


def confusion(predictions: Sequence[Boxes], truths: Sequence[Boxes], classes: int) -> Int[np.ndarray, "classes found"]:
    """Return counts of pictures by label (rows) and by class of the highest-scoring box; the last column: none."""
    table = np.zeros((classes, classes + 1), np.int64)
    for found, truth in zip(predictions, truths, strict=True):
        if len(truth.classes):
            best = int(found.classes[found.scores.argmax()]) if len(found.scores) else classes
            table[_label(truth), best] += 1
    return table


def largest(truth: Boxes) -> int:
    """Return the number of a picture's largest box, whose class is the picture's label; there must be one."""
    return int(np.prod(truth.boxes[:, 2:] - truth.boxes[:, :2], axis=1).argmax())


def _label(truth: Boxes) -> int:
    return int(truth.classes[largest(truth)])


def _hits(
    predictions: Sequence[Boxes], truths: Sequence[Boxes], name: int
) -> Bool[np.ndarray, "predictions thresholds"]:
    """Return whether each prediction of a class is right at each threshold, by falling score over all pictures."""
    rows = [np.zeros((0, len(THRESHOLDS)), bool)]
    scores = [np.zeros(0)]
    for found, truth in zip(predictions, truths, strict=True):
        mine = found.classes == name
        order = np.argsort(-found.scores[mine], kind="stable")
        shared = iou(found.boxes[mine][order], truth.boxes[truth.classes == name])
        rows.append(np.stack([_match(shared, threshold) for threshold in THRESHOLDS], axis=1))
        scores.append(found.scores[mine][order])
    return np.concatenate(rows)[np.argsort(-np.concatenate(scores), kind="stable")]


def _match(shared: Float[np.ndarray, "predictions truths"], threshold: float) -> Bool[np.ndarray, "predictions"]:
    """Give each prediction, the best first, the free true box that it overlaps most; right if by the threshold."""
    free = np.ones(shared.shape[1], bool)
    hits = np.zeros(shared.shape[0], bool)
    for number, row in enumerate(shared):
        row = np.where(free, row, -1.0)
        if row.size and row.max() >= threshold:
            hits[number] = True
            free[row.argmax()] = False
    return hits


def _area(values: Float[np.ndarray, "points"], grid: Float[np.ndarray, "points"]) -> float:
    """Return the area under a curve by the trapezoid rule."""
    return float(((values[1:] + values[:-1]) / 2 * np.diff(grid)).sum())
