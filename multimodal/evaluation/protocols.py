"""How clips are parted into folds; whatever the protocol, nobody is on both sides.

* ``loso``: leave one subject out.
* ``cde``: composite database evaluation (MEGC 2018, MEGC 2019): leave one subject out over several data sets at once.
* ``hde``: holdout database evaluation (MEGC 2018): learn from one data set, test on the other, and the reverse.
* ``cross``: leave one data set out.
* ``kfold``: k folds of whole subjects, classes spread over them as evenly as that allows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from multimodal.data.samples import FlowSamples
from multimodal.errors import UsageError


@dataclass(frozen=True)
class Fold:
    """One parting of the clips.

    Attributes:
        name: The subject or data set that is held out, or the fold's number.
        train: Numbers of the clips to learn from.
        test: Numbers of the clips to be named.
    """

    name: str
    train: Int[np.ndarray, "learned"]
    test: Int[np.ndarray, "held_out"]


def folds_of(protocol: str, samples: FlowSamples, k: int = 10, seed: int = 0) -> list[Fold]:
    """Part clips by a protocol; every clip is tested once.

    Args:
        protocol: One of ``PROTOCOLS``.
        samples: All clips.
        k: Of ``kfold``.
        seed: Of ``kfold``.

    Raises:
        UsageError: There is no such protocol, or the clips do not allow it.
    """
    if protocol not in PROTOCOLS:
        raise UsageError(f"unknown protocol {protocol!r}: choose one of {', '.join(['none', *PROTOCOLS])}")
    return PROTOCOLS[protocol](samples, k, seed)


def subject_folds(protocol: str, subjects: Sequence[str], datasets: Sequence[str], k: int = 10) -> list[Fold]:
    """Part what has no classes, such as long videos, so that nobody is on both sides; everything is tested once.

    Args:
        protocol: ``loso`` or ``cde``, ``kfold``, ``cross``, or ``none``: one fold without a training side.
        subjects: Whose each is; unique over all data sets.
        datasets: Which data set each is from.
        k: Of ``kfold``.

    Raises:
        UsageError: There is no such protocol here, or the subjects do not allow it.
    """
    if protocol == "none":
        return [Fold("all", np.arange(0), np.arange(len(subjects)))]
    if protocol in ("loso", "cde"):
        return _leave_out(tuple(subjects), "subject")
    if protocol == "cross":
        return _leave_out(tuple(datasets), "data set")
    if protocol != "kfold":
        raise UsageError(f"protocol {protocol!r} is not one of none, loso, cde, kfold, cross: choose one of them")
    return _whole_subjects(subjects, k)


def _whole_subjects(subjects: Sequence[str], k: int) -> list[Fold]:
    from sklearn.model_selection import GroupKFold

    people = len(set(subjects))
    if not 2 <= k <= people:
        raise UsageError(f"{people} subjects cannot be parted into {k} folds: choose --folds between 2 and {people}")
    parts = GroupKFold(k).split(np.zeros(len(subjects)), groups=list(subjects))
    return [Fold(f"{number + 1}", train, test) for number, (train, test) in enumerate(parts)]


def _leave_out(names: tuple[str, ...], what: str) -> list[Fold]:
    if len(set(names)) < 2:
        raise UsageError(f"one {what} alone cannot be left out: the protocol needs at least two; take another one")
    column = np.array(names)
    return [Fold(name, np.flatnonzero(column != name), np.flatnonzero(column == name)) for name in sorted(set(names))]


def _loso(samples: FlowSamples, k: int, seed: int) -> list[Fold]:
    return _leave_out(samples.subjects, "subject")


def _cde(samples: FlowSamples, k: int, seed: int) -> list[Fold]:
    if len(set(samples.datasets)) < 2:
        raise UsageError("cde is for several data sets at once, and there is one: take --protocol loso")
    return _loso(samples, k, seed)


def _cross(samples: FlowSamples, k: int, seed: int) -> list[Fold]:
    return _leave_out(samples.datasets, "data set")


def _hde(samples: FlowSamples, k: int, seed: int) -> list[Fold]:
    found = sorted(set(samples.datasets))
    if len(found) != 2:
        raise UsageError(
            f"hde takes two data sets, and there are {len(found)}: take --protocol cross, or leave some out"
        )
    return _cross(samples, k, seed)


def _kfold(samples: FlowSamples, k: int, seed: int) -> list[Fold]:
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    people = len(set(samples.subjects))
    if not 2 <= k <= people:
        raise UsageError(f"{people} subjects cannot be parted into {k} folds: choose --folds between 2 and {people}")
    # Where every class has fewer clips than there are folds there is nothing to spread evenly.
    even = np.bincount(samples.labels).max() >= k
    splitter = StratifiedGroupKFold(k, shuffle=True, random_state=seed) if even else GroupKFold(k)
    parts = splitter.split(np.zeros(len(samples)), samples.labels, samples.subjects)
    return [Fold(f"{number + 1}", train, test) for number, (train, test) in enumerate(parts) if len(test)]


PROTOCOLS: dict[str, Callable[[FlowSamples, int, int], list[Fold]]] = {
    "loso": _loso,
    "cde": _cde,
    "hde": _hde,
    "cross": _cross,
    "kfold": _kfold,
}
"""The protocols that train, by name."""
