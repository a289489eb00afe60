"""``veilspeak evaluate expression``: ready weights, or classifiers trained anew in every fold of a protocol."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from multimodal.config import Config, validate
from multimodal.data.samples import FlowSamples
from multimodal.errors import UsageError
from multimodal.evaluation.audit import audit
from multimodal.evaluation.clips import Problems, open_masked, open_samples
from multimodal.evaluation.conditions import parse, refuse_covers
from multimodal.evaluation.cross_validation import Experiment, Outcome, cross_validate
from multimodal.evaluation.files import provenance, write_files
from multimodal.evaluation.null_test import null_test
from multimodal.evaluation.protocols import PROTOCOLS, Fold, folds_of
from multimodal.evaluation.ready import is_ready, name_with_ready_weights
from multimodal.evaluation.summary import condition_rows
from multimodal.executors import Executor, require
from multimodal.training.classifiers.base import build_classifier, classifier_names, is_classifier

READY = "none"
"""The protocol that trains nothing: weights as they are."""

TRANSDUCTIVE = (
    "transductive: it saw the clips of the test side, without their labels, while it learned; compare it with such "
    "systems alone"
)
"""What is said of a classifier that aligns what it learns from with what it is to name."""


class ExpressionEvaluation(Config):
    """What is measured, and how.

    Attributes:
        model: A classifier (``flow-logreg``, ``ststnet``, ...), or with the protocol ``none`` ready weights: their name
            or path.
        protocol: ``none``, or one of ``protocols.PROTOCOLS``.
        occlude: Conditions of the test side, such as ``none``, ``mask``, ``block:0.3``.
        masked: Masked copies of the data (``veilspeak occlude``) by the name that their condition is to have.
        seeds: How many; None takes three where something is trained and one where nothing is.
        augment: Conditions that the training side is shown beside the clean clips.
        folds: Of ``kfold``.
        layout: What the data set is; ``auto`` finds out.
        labels: The classes: ``megc2019`` (three) or ``megc2018`` (five objective ones).
        audit: Also score the common wrong rules.
        null: How often the whole pipeline is run on shuffled labels.
        prior: Class prior of ready weights; None takes the card's.
    """

    model: str = "regional-synthetic"
    protocol: str = READY
    occlude: tuple[str, ...] = ("none",)
    masked: dict[str, Path] = Field(default_factory=dict)
    seeds: int | None = Field(default=None, ge=1)
    augment: tuple[str, ...] = ()
    folds: int = Field(default=10, ge=2)
    layout: str = "auto"
    labels: Literal["megc2019", "megc2018"] = "megc2019"
    audit: bool = False
    null: int = Field(default=0, ge=0)
    prior: dict[str, float] | None = None


def config_of(given: Mapping[str, Any], occlude: str, augment: str, masked: Sequence[str]) -> ExpressionEvaluation:
    """Make the config of the command line's words.

    Args:
        given: Keys of the config as they are.
        occlude, augment: Conditions with commas between them.
        masked: ``NAME=DIR``, each a masked copy.

    Raises:
        UsageError: A value is wrong, or a copy has no name.
    """
    copies = dict(pair.split("=", 1) for pair in masked if "=" in pair)
    if len(copies) < len(masked):
        raise UsageError("--masked takes NAME=DIR, each name once: write for example --masked hand=out/hand")
    lists = {"occlude": _listed(occlude), "augment": _listed(augment)}
    return validate(ExpressionEvaluation, {**given, **lists, "masked": copies}, "evaluate")


def _listed(conditions: str) -> list[str]:
    return [name.strip() for name in conditions.split(",") if name.strip()]


def evaluate_expression(
    data: Path | Sequence[Path],
    config: ExpressionEvaluation | None = None,
    out: Path | None = None,
    *,
    executor: Executor = "local",
    workers: int | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Measure a model; all predictions are pooled, the test labels are read once, at the end.

    Args:
        data: A flow-map folder, data sets in official layouts, or the CSV of an index.
        config: What is measured.
        out: Folder for ``expression.json``, ``predictions.csv``, ``megc.log`` and the finished folds, from which a
            run that was killed goes on; None writes nothing.
        executor, workers: Where folds are spread to.
        progress: Show a bar on standard error.

    Returns:
        ``model, protocol, clips, subjects, seeds, transductive, note, wall_s, classes, folds, resumed, conditions,
        audit, problems, provenance``; see ``summary.condition_rows`` for the conditions, ``audit.audit`` for the audit.
        ``transductive``: the classifier also looked at the test clips, without their labels, while it learned; ``note``
        says so in words.

    Raises:
        UsageError: Model, protocol and conditions do not go together, or one of them is unknown.
        MissingError: Data, weights or Ray are missing.
        DecodeError: A map cannot be read.
    """
    began = time.perf_counter()
    config = config or ExpressionEvaluation()
    _check(config, executor)
    paths = [data] if isinstance(data, Path) else list(data)
    classifier = None if config.protocol == READY else build_classifier(config.model)
    needs = () if classifier is None else classifier.needs
    transductive = classifier is not None and classifier.transductive
    samples, problems = open_samples(paths, config.labels, needs, out, workers, config.layout)
    masked = open_masked(config.masked, samples, config.labels, needs, out, workers, config.layout)
    experiment = _experiment(config, tuple(masked))
    options: dict[str, Any] = {"executor": executor, "workers": workers}
    if config.protocol == READY:
        folds = [Fold("all", np.arange(0), np.arange(len(samples)))]
        outcome, extra = name_with_ready_weights(experiment, samples, masked, config.prior, **options)
    else:
        folds, extra = folds_of(config.protocol, samples, config.folds), {}
        state = None if out is None else out / "folds"
        outcome = cross_validate(experiment, samples, folds, given=masked, state=state, progress=progress, **options)
    summary = {
        "model": config.model,
        "protocol": config.protocol,
        "clips": len(samples),
        "subjects": len(set(samples.subjects)),
        "seeds": len(experiment.seeds),
        "transductive": transductive,
        "note": TRANSDUCTIVE if transductive else None,
        "wall_s": 0.0,
        "classes": list(samples.classes),
        "folds": len(folds),
        "resumed": outcome.resumed,
        "conditions": condition_rows(
            outcome.sealed, samples, experiment.conditions, experiment.seeds, outcome.covered, outcome.lost
        ),
        "audit": _audited(config, outcome, samples, folds, options),
        "problems": _counted(problems, samples, folds),
        **extra,
    }
    summary["wall_s"] = round(time.perf_counter() - began, 2)
    summary["provenance"] = provenance(config, samples)
    if out is not None:
        write_files(out, summary, outcome, samples, folds, experiment, config)
    return summary


def _check(config: ExpressionEvaluation, executor: Executor) -> None:
    """Refuse what does not go together before anything is read."""
    require(executor)
    if config.protocol != READY and config.protocol not in PROTOCOLS:
        known = ", ".join([READY, *PROTOCOLS])
        raise UsageError(f"unknown protocol {config.protocol!r}: choose one of {known}")
    for condition in (*config.occlude, *config.augment):
        parse(condition)
    if len(set(config.occlude)) < len(config.occlude) or set(config.occlude) & set(config.masked):
        raise UsageError("a condition is named twice: leave one of them out")
    if config.protocol == READY and (config.audit or config.null or config.augment):
        raise UsageError("audit, null test and augmentation are about training: take a protocol that trains")
    if config.protocol != READY and not is_classifier(config.model):
        hint = "these are ready weights: take --protocol none, or " if is_ready(config.model) else ""
        raise UsageError(f"{config.model!r} is no classifier; {hint}choose one of {', '.join(classifier_names())}")
    if config.protocol != READY:
        refuse_covers(config.model, build_classifier(config.model).needs, (*config.occlude, *config.augment))


def _experiment(config: ExpressionEvaluation, masked: tuple[str, ...]) -> Experiment:
    seeds = config.seeds or (1 if config.protocol == READY else 3)
    return Experiment(config.model, (*config.occlude, *masked), tuple(range(seeds)), config.augment, config.audit)


def _audited(
    config: ExpressionEvaluation,
    outcome: Outcome,
    samples: FlowSamples,
    folds: Sequence[Fold],
    options: Mapping[str, Any],
) -> dict[str, Any] | None:
    if not config.audit and not config.null:
        return None
    figures = audit(outcome.traces, outcome.sealed.open(), folds) if config.audit else {}
    null = null_test(config.model, samples, config.protocol, config.folds, config.null, **options)
    return {**figures, "null_test": null}


def _counted(problems: Problems, samples: FlowSamples, folds: Sequence[Fold]) -> dict[str, int]:
    """Return how often each problem was met, training sides of one class among them."""
    poor = sum(len(fold.train) > 0 and len(set(samples.labels[fold.train].tolist())) == 1 for fold in folds)
    return {**problems, **({"training side of one class": poor} if poor else {})}
