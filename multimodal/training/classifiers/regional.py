"""The regional branch as a classifier: trained anew in every fold; its ablations beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jaxtyping import Float

from multimodal.config import load_config, shipped
from multimodal.training.classifiers.base import Classifier, FoldTask, Scores, register_classifier

if TYPE_CHECKING:
    from multimodal.training.regional_folds import RegionalFoldConfig


@register_classifier("regional")
class RegionalClassifier(Classifier):
    """A few regional networks a fold (``training.regional_folds``); ``configs/expression/regional-folds.yaml``.

    Scores are probabilities.

    Args:
        config: Other settings.
    """

    iterative = True
    settings = "expression/regional-folds.yaml"
    changes: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, config: RegionalFoldConfig | None = None) -> None:
        self._given = config

    @property
    def config(self) -> RegionalFoldConfig:
        """The settings; read when first needed, since that imports torch."""
        from multimodal.training.regional_folds import RegionalFoldConfig

        config = self._given or load_config(RegionalFoldConfig, shipped(self.settings))
        return config.model_copy(update=dict(self.changes))

    def describe(self) -> Mapping[str, Any]:
        """See ``Classifier``."""
        return self.config.model_dump(mode="json")

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

    changes: ClassVar[Mapping[str, Any]] = {"scratch": 1, "tuned": 0, "options": {"relations": 0}}


@register_classifier("regional-ungated")
class WithoutAttention(RegionalClassifier):
    """Ablation: regions are gated by their visibility alone. From scratch, as ``regional-scratch``."""

    changes: ClassVar[Mapping[str, Any]] = {"scratch": 1, "tuned": 0, "options": {"attention": False}}


@register_classifier("regional-timeless")
class WithoutGRU(RegionalClassifier):
    """Ablation: no GRU over time. From scratch, as ``regional-scratch``."""

    changes: ClassVar[Mapping[str, Any]] = {"scratch": 1, "tuned": 0, "options": {"over_time": False}}


@register_classifier("regional-scratch")
class FromScratch(RegionalClassifier):
    """Ablation: one network, no synthetic pre-training; what the other ablations are compared with."""

    changes: ClassVar[Mapping[str, Any]] = {"scratch": 1, "tuned": 0}


@register_classifier("regional-tuned")
class Tuned(RegionalClassifier):
    """Ablation: one network that starts from synthetic faces."""

    changes: ClassVar[Mapping[str, Any]] = {"scratch": 0, "tuned": 1}
