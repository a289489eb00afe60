"""The systems of the zoo as classifiers: each trained anew in every fold for a fixed number of epochs."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from multimodal.expression.zoo.systems import FROM_FRAMES, SystemConfig, systems_for
from multimodal.training.classifiers.base import CLASSIFIERS, Classifier, FoldTask, Scores, register_classifier


class ZooClassifier(Classifier):
    """A system of ``configs/expression/zoo``, trained by ``training.zoo_folds``. Scores are probabilities.

    Args:
        system: Which, and how it is trained.
    """

    iterative = True

    def __init__(self, system: SystemConfig) -> None:
        self.system = system
        self.needs = tuple(kind for kind in system.inputs if kind in FROM_FRAMES)

    def describe(self) -> Mapping[str, Any]:
        """See ``Classifier``."""
        return self.system.model_dump(mode="json")

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        """See ``Classifier``."""
        from multimodal.training.fold_nets import threads
        from multimodal.training.zoo_folds import fit

        with threads(1):
            return fit(self.system, task)

    def trace(self, task: FoldTask) -> list[Float[np.ndarray, "epochs n classes"]]:
        """See ``Classifier``."""
        from multimodal.training.fold_nets import threads
        from multimodal.training.zoo_folds import trace

        with threads(1):
            return trace(self.system, task)


def _enter() -> None:
    from multimodal.training.classifiers import ststnet  # noqa: F401 - it has a quicker trainer of its own

    for name, system in systems_for("classify").items():
        if name not in CLASSIFIERS:
            register_classifier(name)(functools.partial(ZooClassifier, system))


_enter()
