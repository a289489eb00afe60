"""The systems of the zoo as classifiers: each trained anew in every fold for a fixed number of epochs."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from multimodal.data.samples import UNITS
from multimodal.expression.zoo.systems import FROM_FRAMES, TIMM, SystemConfig, system, systems_for
from multimodal.training.classifiers.base import (
    CLASSIFIERS,
    Classifier,
    FoldTask,
    Scores,
    register_classifier,
    register_family,
)


class ZooClassifier(Classifier):
    """A system of ``configs/expression/zoo``, trained by ``training.zoo_folds``. Scores are probabilities.

    Args:
        system: Which, and how it is trained.
    """

    iterative = True

    def __init__(self, system: SystemConfig) -> None:
        self.system = system
        self.needs = (*(kind for kind in system.inputs if kind in FROM_FRAMES), *((UNITS,) if system.units else ()))

    @property
    def transductive(self) -> bool:
        """See ``Classifier``: as the network's ``aligns`` says."""
        return _aligns(self.system.network)

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


@register_family(TIMM)
def over_backbone(name: str) -> ZooClassifier:
    """Return the classifier ``timm:BACKBONE`` or ``timm:BACKBONE@apex``.

    Raises:
        UsageError: timm has no such network.
    """
    from multimodal.expression.zoo.timm_backbone import check_backbone

    chosen = system(name)
    check_backbone(chosen.options["backbone"])
    return ZooClassifier(chosen)


@functools.cache
def _aligns(name: str) -> bool:
    """Tell whether a system's network aligns domains; it is built without numbers, for that alone."""
    import torch

    from multimodal.expression.registry import build_model

    with torch.device("meta"):
        return bool(build_model(name).aligns)


def _enter() -> None:
    from multimodal.training.classifiers import ststnet  # noqa: F401 - it has a quicker trainer of its own

    for name, described in systems_for("classify").items():
        if name not in CLASSIFIERS:
            register_classifier(name)(functools.partial(ZooClassifier, described))


_enter()
