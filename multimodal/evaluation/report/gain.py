"""What a score fusion gains over the best of its parts, where both were measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from multimodal.evaluation.classification import relative_rate_increase
from multimodal.evaluation.report.summary import Summary
from multimodal.training.classifiers.fuse import parts_of


@dataclass(frozen=True)
class Gain:
    """Accuracies of a fusion and of its best part, 0 to 1, and the relative rate increase."""

    fused: float
    best: float
    increase: float


def gain_of(summary: Summary, others: Sequence[Summary]) -> Gain | None:
    """Return a fusion's gain with nothing before the face (``relative_rate_increase``).

    Args:
        summary: Of any run.
        others: Of the runs that were measured on equal terms.

    Returns:
        None where the run is no fusion, a part was not measured, or the best part makes no mistake.
    """
    parts = {other.model: _accuracy(other, summary.base.occlusion) for other in others}
    scores = [parts.get(name) for name in parts_of(summary.model or "")]
    known = [score for score in scores if score is not None]
    fused = summary.base.accuracy
    if fused is None or not known or len(known) < len(scores):
        return None
    increase = relative_rate_increase(fused, max(known))
    return None if increase is None else Gain(fused, max(known), increase)


def _accuracy(summary: Summary, occlusion: str) -> float | None:
    row = summary.named(occlusion)
    return None if row is None else row.accuracy
