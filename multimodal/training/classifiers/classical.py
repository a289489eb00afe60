"""Classical classifiers of scikit-learn on rows of numbers, standardised by the training side."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from multimodal.data.samples import FlowSamples
from multimodal.errors import UsageError
from multimodal.evaluation.classification import uf1
from multimodal.training import flow_features
from multimodal.training.classifiers.base import Classifier, FoldTask, Scores, register_classifier
from multimodal.training.inner import Split, inner_splits

Features = Callable[[Float[np.ndarray, "n 3 28 28"]], Float[np.ndarray, "n features"]]


class _Classical(Classifier):
    """Standardises features by the training side, fits an estimator, and scores the tests."""

    chance = False

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        """See ``Classifier``."""
        labels = task.train.labels
        present = np.unique(labels)
        if len(present) == 1:  # a fold whose training side has one class: there is nothing to tell apart
            return [_spread(np.ones((len(test), 1)), present, len(test.classes)) for test in task.tests]
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # so small a fit is slower with threads that wait for each other
            model = make_pipeline(StandardScaler(), self.estimator(task.seed)).fit(self.rows(task.train), labels)
            return [_spread(self.scores(model, self.rows(test)), present, len(test.classes)) for test in task.tests]

    @abstractmethod
    def rows(self, clips: Any) -> Float[np.ndarray, "n features"]:
        """Return a row of numbers a clip."""

    @abstractmethod
    def estimator(self, seed: int) -> Any:
        """Return the estimator of scikit-learn, yet to be fitted."""

    @staticmethod
    def scores(model: Any, rows: Float[np.ndarray, "n features"]) -> Float[np.ndarray, "n present"]:
        """Return the model's score for each class that it knows."""
        return np.asarray(model.predict_proba(rows), np.float64)


def _spread(scores: np.ndarray, present: np.ndarray, classes: int) -> Scores:
    """Give the classes that the training side lacks the lowest score of all."""
    full = np.full((len(scores), classes), scores.min() - 1 if scores.min() < 0 else 0.0)
    full[:, present] = scores
    return full


class _LogisticRegression(_Classical):
    """Class-balanced logistic regression, C = .001."""

    source = "ours: class-balanced logistic regression"
    features: Features

    def rows(self, clips: Any) -> Float[np.ndarray, "n features"]:
        """See ``_Classical``."""
        return type(self).features(clips.flow)

    def estimator(self, seed: int) -> Any:
        """See ``_Classical``."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=0.001, class_weight="balanced", max_iter=2000)


@register_classifier("flow-logreg")
class FlowLogisticRegression(_LogisticRegression):
    """Logistic regression on median-centred, spread-scaled maps: .79 UF1 on the published maps of CASME II and SMIC."""

    features = staticmethod(flow_features.centred)


@register_classifier("flow-logreg-raw")
class RawLogisticRegression(_LogisticRegression):
    """Logistic regression on the maps as they are: how much the centring gives."""

    features = staticmethod(flow_features.raw)


@register_classifier("flow-logreg-inner")
class InnerLogisticRegression(FlowLogisticRegression):
    """As ``flow-logreg``, with C chosen in every fold by the pooled UF1 of an inner split by subject."""

    strengths: ClassVar[tuple[float, ...]] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)

    def fit_predict(self, task: FoldTask) -> list[Scores]:
        """See ``Classifier``."""
        splits = inner_splits(task.train, k=5, seed=task.seed)
        found = [(self._inner_score(task.train, splits, strength), strength) for strength in self.strengths]
        self._strength = max(found)[1] if splits else 1e-3
        return super().fit_predict(task)

    def estimator(self, seed: int) -> Any:
        """See ``_Classical``."""
        return super().estimator(seed).set_params(C=self._strength)

    def _inner_score(self, train: FlowSamples, splits: Sequence[Split], strength: float) -> float:
        self._strength = strength
        truth: list[int] = []
        guessed: list[int] = []
        for learned, held_out in splits:
            inner = FoldTask("inner", train.pick(learned), (train.pick(held_out).sealed(),))
            guessed += super().fit_predict(inner)[0].argmax(axis=1).tolist()
            truth += train.labels[held_out].tolist()
        return uf1(truth, guessed, len(train.classes)) if truth else 0.0


class _SVM(_Classical):
    """A support vector machine with decision values as scores."""

    probable = False

    @staticmethod
    def scores(model: Any, rows: Float[np.ndarray, "n features"]) -> Float[np.ndarray, "n present"]:
        """Return decision values, one a class (one against the rest)."""
        values = np.asarray(model.decision_function(rows), np.float64)
        return np.column_stack([-values, values]) if values.ndim == 1 else values


@register_classifier("flow-svm")
class FlowSVM(_SVM):
    """Class-balanced SVM with a Gaussian kernel, C = 3, on centred, scaled maps of 14 x 14 cells."""

    source = "ours: class-balanced SVM with a Gaussian kernel"

    def rows(self, clips: Any) -> Float[np.ndarray, "n features"]:
        """See ``_Classical``."""
        return flow_features.pooled(clips.flow)

    def estimator(self, seed: int) -> Any:
        """See ``_Classical``."""
        from sklearn.svm import SVC

        return SVC(C=3.0, kernel="rbf", class_weight="balanced", decision_function_shape="ovr")


@register_classifier("lbp-top")
class LBPTopSVM(_SVM):
    """Linear SVM on LBP-TOP (Zhao and Pietikainen 2007), the classical baseline of the field."""

    needs = ("lbp_top",)
    takes = "grey frames of the face from onset to offset [10, 128, 128]"
    source = "Zhao, Pietikainen: Dynamic texture recognition using local binary patterns, IEEE TPAMI 29(6), 2007"

    def rows(self, clips: Any) -> Float[np.ndarray, "n features"]:
        """See ``_Classical``.

        Raises:
            UsageError: The clips came without frames, as flow maps do.
        """
        features: Mapping[str, np.ndarray] = clips.features
        if "lbp_top" not in features:
            raise UsageError(
                "lbp-top takes clips of frames, not flow maps: name a data set with frames, or flow-logreg"
            )
        return np.asarray(features["lbp_top"], np.float64)

    def estimator(self, seed: int) -> Any:
        """See ``_Classical``."""
        from sklearn.svm import LinearSVC

        return LinearSVC(C=0.01, class_weight="balanced", random_state=seed)
