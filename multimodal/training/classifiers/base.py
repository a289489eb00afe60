"""What every classifier has in common: it learns from one side of a fold and names the clips of the other."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from multimodal.data.samples import FlowSamples, TestClips
from multimodal.registry import Registry

Scores = Float[np.ndarray, "n classes"]
"""A row a clip, a column a class; the largest names the class. Probabilities where the classifier has them."""


@dataclass(frozen=True)
class FoldTask:
    """One fold, as a classifier is given it.

    Attributes:
        name: Of the fold, such as the held-out subject's.
        train: The clips to learn from, with labels.
        tests: The clips to name, the same ones in every entry, each entry in another condition (clean, occluded ...).
        seed: Where all chance comes from, together with the fold's name.
    """

    name: str
    train: FlowSamples
    tests: tuple[TestClips, ...]
    seed: int = 0


class Classifier(ABC):
    """Learns and names; it keeps nothing from one fold to the next.

    Attributes:
        needs: Names of the features beside the flow that it asks for.
        iterative: Whether it learns in epochs, so that ``trace`` tells more than its end.
        chance: Whether its result depends on the seed; if not, one fit serves all seeds.
        together: Whether it does all folds at once, and quicker than one by one.
        probable: Whether its scores are probabilities.
        takes: What a clip is to it, for people, where that is not one flow map from onset to apex.
        source: Whose method it is.
        reconstructed: What of it is an engineering choice, as the source does not say.
    """

    needs: tuple[str, ...] = ()
    iterative: bool = False
    chance: bool = True
    together: bool = False
    probable: bool = True
    takes: ClassVar[str] = ""
    source: ClassVar[str] = "ours"
    reconstructed: ClassVar[str] = ""

    @property
    def transductive(self) -> bool:
        """Whether learning also looks at the clips to be named, without their labels.

        That is no leak of labels, but more than a classifier has that meets each clip for the first time: its figures
        compare with those of its like alone.
        """
        return False

    def describe(self) -> Mapping[str, Any]:
        """Return the numbers that decide what it learns, for the record of a run; plain JSON types."""
        return {}

    @abstractmethod
    def fit_predict(self, task: FoldTask) -> list[Scores]:
        """Learn from the fold's training side and score each of its ``tests``.

        Everything that is fitted - normalisation, calibration, selection - comes from the training side alone.
        """

    def fit_predict_all(self, tasks: Sequence[FoldTask]) -> list[list[Scores]]:
        """Do several folds; a classifier that can do them together overrides this, with the same result."""
        return [self.fit_predict(task) for task in tasks]

    def trace(self, task: FoldTask) -> list[Float[np.ndarray, "epochs n classes"]]:
        """Return, for each of the fold's tests, the scores after every epoch; the last are those of ``fit_predict``.

        For the audit alone, which shows what choosing the epoch on the test subject would have scored.
        """
        return [scores[None] for scores in self.fit_predict(task)]

    def trace_all(self, tasks: Sequence[FoldTask]) -> list[list[Float[np.ndarray, "epochs n classes"]]]:
        """Do several folds; see ``trace``."""
        return [self.trace(task) for task in tasks]


CLASSIFIERS: Registry[Callable[[], Classifier]] = Registry("classifier")
"""Name -> factory."""

register_classifier = CLASSIFIERS.register

FAMILIES: Registry[Callable[[str], Classifier]] = Registry("family of classifiers")
"""What precedes the colon of a name such as ``fuse:A+B`` or ``timm:BACKBONE`` -> factory that takes the whole name."""

register_family = FAMILIES.register


def build_classifier(name: str) -> Classifier:
    """Return a registered classifier, or one of a family.

    Raises:
        UsageError: There is none of that name; the message lists those that there are.
    """
    if _is_of_family(name):
        return FAMILIES.get(name.partition(":")[0])(name)
    return CLASSIFIERS.get(name)()


def is_classifier(name: str) -> bool:
    """Tell whether there is a classifier, or a family of them, of that name; of a family not every name need be one."""
    return _is_of_family(name) or name in CLASSIFIERS


def classifier_names() -> list[str]:
    """Return the names of all classifiers, sorted; those of families, which have no end, are not among them."""
    _discover()
    return CLASSIFIERS.names()


def _is_of_family(name: str) -> bool:
    _discover()
    family, colon, _ = name.partition(":")
    return bool(colon) and family in FAMILIES


def _discover() -> None:
    """Import every module of this folder: each enters its classifiers."""
    folder = importlib.import_module("multimodal.training.classifiers")
    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"{folder.__name__}.{module.name}")
