"""Detectors of action units that are trained anew in every fold: a row of twelve probabilities a clip.

They are classifiers whose scores are probabilities over ``ACTION_UNITS``, each unit on its own, and which learn from
the feature ``units`` of the training side; labels of emotions have no say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from multimodal.data.samples import UNITS
from multimodal.errors import UsageError
from multimodal.expression.zoo.systems import FROM_FRAMES, TIMM, SystemConfig, system, systems
from multimodal.registry import Registry
from multimodal.results import ACTION_UNITS
from multimodal.training import flow_features
from multimodal.training.classifiers.base import Classifier, FoldTask, Scores

if TYPE_CHECKING:
    from torch import Tensor

    from multimodal.expression.zoo.network import ZooNetwork
    from multimodal.training.zoo_folds import Inputs, Lesson

DETECTORS: Registry[Callable[[], Classifier]] = Registry("unit detector")
"""Name -> factory of detectors that are no networks; every system of the zoo is one besides."""

register_detector = DETECTORS.register


def is_detector(name: str) -> bool:
    """Tell whether there is a detector of that name; of the family ``timm:`` not every name need be one."""
    return name in DETECTORS or name in systems() or name.startswith(f"{TIMM}:")


def build_detector(name: str) -> Classifier:
    """Return a registered detector, or a system of the zoo as one.

    Raises:
        UsageError: There is none of that name; the message lists those that there are.
    """
    if name in DETECTORS:
        return DETECTORS.get(name)()
    if not is_detector(name):
        known = ", ".join([*DETECTORS, *systems(), f"{TIMM}:BACKBONE"])
        raise UsageError(f"{name!r} detects no action units: choose one of {known}")
    chosen = system(name)
    if chosen.network == TIMM:
        from multimodal.expression.zoo.timm_backbone import check_backbone

        check_backbone(chosen.options["backbone"])
    return NetworkDetector(chosen)


@register_detector("constant")
class Constant(Classifier):
    """Calls every unit shown in every clip: what any detector must beat."""

    chance = False

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        """See ``Classifier``."""
        return [np.ones((len(test), len(ACTION_UNITS))) for test in task.tests]


@register_detector("flow-logreg")
class FlowLogisticDetector(Classifier):
    """A class-balanced logistic regression a unit, C = .001, on standardised, centred maps."""

    chance = False

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        """See ``Classifier``."""
        from threadpoolctl import threadpool_limits

        rows, tests = flow_features.centred(task.train.flow), [flow_features.centred(test.flow) for test in task.tests]
        with threadpool_limits(1):
            columns = [_detect(rows, truth, tests) for truth in task.train.features[UNITS].T]
        return [np.stack([column[number] for column in columns], axis=1) for number in range(len(tests))]


def _detect(
    rows: Float[np.ndarray, "n features"],
    truth: Float[np.ndarray, "n"],
    tests: list[Float[np.ndarray, "_ features"]],
) -> list[Float[np.ndarray, "_"]]:
    """Return one unit's probabilities; where the training side shows it always or never there is nothing to learn."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known = np.isfinite(truth)
    found = np.unique(truth[known])
    if len(found) < 2:
        return [np.full(len(test), found.sum(), np.float64) for test in tests]
    fitted = make_pipeline(StandardScaler(), LogisticRegression(C=0.001, class_weight="balanced", max_iter=2000))
    fitted.fit(rows[known], truth[known])
    return [fitted.predict_proba(test)[:, 1] for test in tests]


class NetworkDetector(Classifier):
    """A system of the zoo with an output a unit, trained by binary cross entropy over what is known.

    Shown units weigh more, see ``unit_labels``. A network that has heads for units uses those; any other is built with
    twelve classes, and its loss is not that of its source.

    Args:
        chosen: Which system, and how it is trained.
    """

    def __init__(self, chosen: SystemConfig) -> None:
        self.system = chosen
        self.needs = tuple(kind for kind in chosen.inputs if kind in FROM_FRAMES)

    def describe(self) -> Mapping[str, Any]:
        """See ``Classifier``."""
        return self.system.model_dump(mode="json")

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        """See ``Classifier``.

        Raises:
            UsageError: The system takes frames and was given flow maps.
        """
        from multimodal.training.fold_nets import threads
        from multimodal.training.zoo_folds import learn, lesson_of, name_tests

        with threads(1):
            lesson = lesson_of(self.system, task)
            *_, network = learn(self.system, task, lesson, _unit_loss)
            return name_tests(network, lesson, _unit_probabilities)


def _unit_loss(chosen: SystemConfig, network: ZooNetwork, lesson: Lesson, rows: Tensor) -> Tensor:
    from multimodal.expression.zoo.network import masked_unit_loss
    from multimodal.training.zoo_folds import shown

    assert lesson.units is not None
    logits = _unit_logits(network, shown(chosen, lesson, rows))
    return masked_unit_loss(logits, lesson.units.rows[rows], lesson.units.positive)


def _unit_probabilities(network: ZooNetwork, inputs: Inputs) -> Scores:
    return np.asarray(_unit_logits(network, inputs).double().sigmoid().numpy())


def _unit_logits(network: ZooNetwork, inputs: Inputs) -> Tensor:
    from multimodal.expression.zoo.network import UnitNetwork

    return network.unit_logits(*inputs) if isinstance(network, UnitNetwork) else network(*inputs)
