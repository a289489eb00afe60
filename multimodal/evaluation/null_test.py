"""The null test: the whole pipeline on shuffled labels must score like chance; more means that labels leak."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from multimodal.data.samples import FlowSamples
from multimodal.evaluation.classification import uar, uf1
from multimodal.evaluation.cross_validation import Experiment, cross_validate
from multimodal.evaluation.protocols import folds_of
from multimodal.executors import Executor


def null_test(
    model: str,
    samples: FlowSamples,
    protocol: str,
    k: int,
    repeats: int,
    executor: Executor = "local",
    workers: int | None = None,
) -> dict[str, Any] | None:
    """Run a protocol on labels that were shuffled over all clips.

    Args:
        model: Name of a classifier.
        samples: The clips.
        protocol, k: As for the true labels.
        repeats: How many shuffles; 0 does nothing.
        executor, workers: Where folds are spread to.

    Returns:
        ``uf1, uar`` (means), ``uf1_max``, ``repeats``; None for no repeats.
    """
    scores = [_once(model, samples, protocol, k, number, executor, workers) for number in range(repeats)]
    if not scores:
        return None
    found = np.array(scores)
    means = {name: round(float(found[:, i].mean()), 4) for i, name in enumerate(("uf1", "uar"))}
    return {**means, "uf1_max": round(float(found[:, 0].max()), 4), "repeats": repeats}


def _once(
    model: str, samples: FlowSamples, protocol: str, k: int, number: int, executor: Executor, workers: int | None
) -> tuple[float, float]:
    shuffled = replace(samples, labels=np.random.default_rng((number, 7)).permutation(samples.labels))
    experiment = Experiment(model, seeds=(number,))
    outcome = cross_validate(experiment, shuffled, folds_of(protocol, shuffled, k), executor=executor, workers=workers)
    truth = outcome.sealed.open().tolist()
    guesses = outcome.sealed.scores(("none", number)).argmax(axis=1).tolist()
    return uf1(truth, guesses, len(samples.classes)), uar(truth, guesses, len(samples.classes))
