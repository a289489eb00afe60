"""The regional branch as a classifier: trained anew in every fold; its ablations beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from multimodal.config import load_config, shipped
from multimodal.training.classifiers.base import Classifier, FoldTask, Scores, register_classifier
from multimodal.training.regional_config import RegionalFoldConfig
from multimodal.weights import find
from multimodal.weights.architectures import REGIONAL


@register_classifier("regional")
class RegionalClassifier(Classifier):
    """A few regional networks a fold (``training.regional_folds``); ``configs/expression/regional-folds.yaml``.

    Scores are probabilities.

    Args:
        config: Other settings.
    """

    iterative = True
    source, reconstructed = REGIONAL.source, REGIONAL.reconstructed
    settings = "expression/regional-folds.yaml"
    changes: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, config: RegionalFoldConfig | None = None) -> None:
        self._given = config

    @property
    def config(self) -> RegionalFoldConfig:
        """The settings with the ablation's changes; what other options were given stays."""
        config = self._given or load_config(RegionalFoldConfig, shipped(self.settings))
        options = {**config.options, **self.changes.get("options", {})}
        return config.model_copy(update={**self.changes, "options": options})

    def describe(self) -> Mapping[str, Any]:
        """See ``Classifier``; with the hash of the ready weights, so that other weights make finished folds stale."""
        config = self.config
        ready = {"ready_sha256": find(config.ready)[1].sha256} if config.tuned else {}
        return {**config.model_dump(mode="json"), **ready}

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        """See ``Classifier``."""
        from multimodal.training.fold_nets import threads
        from multimodal.training.regional_folds import fit

        with threads(1):
            return fit(self.config, task)

    def trace(self, task: FoldTask) -> list[Float[np.ndarray, "epochs n classes"]]:
        """See ``Classifier``."""
        from multimodal.training.fold_nets import threads
        from multimodal.training.regional_folds import trace

        with threads(1):
            return trace(self.config, task)


@register_classifier("regional-unrelated")
class WithoutRelations(RegionalClassifier):
    """Ablation: no relation reasoning. All networks from scratch, to be compared with ``regional-scratch``."""

    changes: ClassVar[Mapping[str, Any]] = {"scratch": 1, "tuned": 0, "linear": 0.0, "options": {"relations": 0}}


@register_classifier("regional-ungated")
class WithoutAttention(RegionalClassifier):
    """Ablation: regions are gated by their visibility alone. From scratch, as ``regional-scratch``."""

    changes: ClassVar[Mapping[str, Any]] = {"scratch": 1, "tuned": 0, "linear": 0.0, "options": {"attention": False}}


@register_classifier("regional-timeless")
class WithoutGRU(RegionalClassifier):
    """Ablation: no GRU over time. From scratch, as ``regional-scratch``."""

    changes: ClassVar[Mapping[str, Any]] = {"scratch": 1, "tuned": 0, "linear": 0.0, "options": {"over_time": False}}


@register_classifier("regional-scratch")
class FromScratch(RegionalClassifier):
    """Ablation: one network, no synthetic pre-training; what the other ablations are compared with."""

    changes: ClassVar[Mapping[str, Any]] = {"scratch": 1, "tuned": 0, "linear": 0.0}


@register_classifier("regional-tuned")
class Tuned(RegionalClassifier):
    """Ablation: one network that starts from synthetic faces."""

    changes: ClassVar[Mapping[str, Any]] = {"scratch": 0, "tuned": 1, "linear": 0.0}
