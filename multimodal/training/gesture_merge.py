"""Fits the exponents of the merge (``gesture.merge``) on hands that neither part had seen, by likelihood on a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from multimodal.data.yolo_folder import Sample, boxes_of, read_rgb
from multimodal.gesture.boxes import iou
from multimodal.gesture.detector import Detection, HandDetector
from multimodal.gesture.merge import Merge
from multimodal.results import GESTURES

_GRID = np.round(np.arange(0.0, 2.01, 0.05), 2)
_OVERLAP = 0.3


@dataclass(frozen=True)
class Opinions:
    """What one part says of labelled boxes.

    Attributes:
        logs: ``[boxes, 19]`` log-probabilities.
        found: ``[boxes]``, whether it found the hand at all.
    """

    logs: Float[np.ndarray, "boxes 19"]
    found: Bool[np.ndarray, "boxes"]


def detector_opinions(samples: Sequence[Sample], detector: HandDetector) -> Opinions:
    """Return what the detector says of every labelled box, in the order of the samples and of their labels."""
    rows: list[Float[np.ndarray, "19"] | None] = []
    for sample in samples:
        image = read_rgb(sample.image)
        found = detector.find(image)
        boxes = np.array([detection.box for detection in found], dtype=np.float64).reshape(-1, 4)
        shared = iou(boxes_of(sample, image.shape[1], image.shape[0]), boxes)
        rows += [_opinion(row, found) for row in shared]
    even = np.full(len(GESTURES), -np.log(len(GESTURES)))
    logs = np.array([even if row is None else row for row in rows]).reshape(-1, len(GESTURES))
    return Opinions(logs, np.array([row is not None for row in rows], bool))


def fit_merge(skeleton: Opinions, detector: Opinions, labels: Int[np.ndarray, "boxes"], seen: Sequence[int]) -> Merge:
    """Return the exponents under which the true signs are most likely.

    The skeleton's is fitted on all its hands and holds beside the detector too, since few hands are held out from that.

    Args:
        skeleton: Out-of-fold opinions of all boxes.
        detector: Opinions of the boxes ``seen``, which the detector was not trained on.
        labels: True class numbers of all boxes.
        seen: Numbers of those boxes.

    Returns:
        The merge; an exponent for which there is no box stays 1.
    """
    truth = labels[list(seen)]
    first, both = skeleton.logs[list(seen)], skeleton.found[list(seen)] & detector.found
    trust = best_exponent(skeleton.logs[skeleton.found], labels[skeleton.found])
    alone = best_exponent(detector.logs[detector.found], truth[detector.found])
    beside = best_exponent(detector.logs[both], truth[both], trust * first[both])
    return Merge(skeleton=trust, detector=beside, skeleton_alone=trust, detector_alone=alone)


def _opinion(shared: Float[np.ndarray, "found"], found: Sequence[Detection]) -> Float[np.ndarray, "19"] | None:
    if not shared.size or shared.max() < _OVERLAP:
        return None
    return found[int(shared.argmax())].log_probabilities()


def best_exponent(
    logs: Float[np.ndarray, "boxes 19"],
    labels: Int[np.ndarray, "boxes"],
    fixed: Float[np.ndarray, "boxes 19"] | float = 0.0,
) -> float:
    """Return the exponent of ``logs``, beside ``fixed``, with the least mean negative log-likelihood of the labels."""
    if not len(labels):
        return 1.0
    losses = []
    for exponent in _GRID:
        mixed = exponent * logs + fixed
        loss = np.logaddexp.reduce(mixed, axis=1) - mixed[np.arange(len(labels)), labels]
        losses.append(loss.mean())
    return float(_GRID[int(np.argmin(losses))])
