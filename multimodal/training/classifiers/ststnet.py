"""STSTNet as a classifier: trained anew in every fold for a fixed number of epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from multimodal.expression.zoo.systems import system
from multimodal.training.classifiers.base import Classifier, FoldTask, Scores, register_classifier

if TYPE_CHECKING:
    from multimodal.training.fold_nets import NetConfig


@register_classifier("ststnet")
class STSTNetClassifier(Classifier):
    """Liong et al. 2019 (``expression.zoo.ststnet``), with the settings of ``configs/expression/zoo/ststnet.yaml``.

    Scores are probabilities; those of several folds together and of one alone agree to 1e-3.

    Args:
        config: Other settings.
    """

    iterative = True
    together = True

    def __init__(self, config: NetConfig | None = None) -> None:
        self._given = config

    @property
    def config(self) -> NetConfig:
        """The settings; made when first needed, since that imports torch."""
        from multimodal.training.fold_nets import NetConfig

        return self._given or NetConfig.of(system("ststnet"))

    def describe(self) -> Mapping[str, Any]:
        """See ``Classifier``."""
        return self.config.model_dump(mode="json")

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        """See ``Classifier``."""
        from multimodal.training.fold_nets import fit_alone, threads

        with threads(1):
            return fit_alone(self.config, task)

    def trace(self, task: FoldTask) -> list[Float[np.ndarray, "epochs n classes"]]:
        """See ``Classifier``."""
        from multimodal.training.fold_nets import threads, trace_alone

        with threads(1):
            return trace_alone(self.config, task)

    def fit_predict_all(self, tasks: Sequence[FoldTask]) -> list[list[Scores]]:
        """See ``Classifier``."""
        from multimodal.training.fold_nets_together import fit_together

        return fit_together(self.config, tasks)

    def trace_all(self, tasks: Sequence[FoldTask]) -> list[list[Float[np.ndarray, "epochs n classes"]]]:
        """See ``Classifier``."""
        from multimodal.training.fold_nets_together import trace_together

        return trace_together(self.config, tasks)
