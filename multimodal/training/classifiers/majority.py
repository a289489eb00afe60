"""The majority class of the training side: what every classifier must beat."""

from __future__ import annotations

import numpy as np

from multimodal.training.classifiers.base import Classifier, FoldTask, Scores, register_classifier


@register_classifier("majority")
class Majority(Classifier):
    """Scores every clip with the class shares of the training side."""

    chance = False
    source = "ours: what every classifier must beat"

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        """See ``Classifier``."""
        counts = np.bincount(task.train.labels, minlength=len(task.train.classes)).astype(np.float64)
        shares = counts / max(counts.sum(), 1)
        return [np.tile(shares, (len(test), 1)) for test in task.tests]
