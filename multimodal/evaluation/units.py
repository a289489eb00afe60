"""``veilspeak evaluate units``: how well action units are told, by ready weights or detectors trained in every fold."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from pydantic import Field

from multimodal import weights
from multimodal.config import Config, validate
from multimodal.data.load import load_samples
from multimodal.data.open_index import open_index
from multimodal.data.samples import UNITS, FlowSamples
from multimodal.data.units import CODED, unit_name
from multimodal.errors import MissingError, UsageError
from multimodal.evaluation.clips import Problems, is_flow_folder
from multimodal.evaluation.cross_validation import Experiment, Outcome, cross_validate
from multimodal.evaluation.files import provenance
from multimodal.evaluation.guard import SealedLabels
from multimodal.evaluation.protocols import PROTOCOLS, Fold, folds_of
from multimodal.evaluation.ready import is_ready, units_by_ready_weights
from multimodal.evaluation.unit_files import write_unit_files
from multimodal.evaluation.unit_scores import LEAST, often
from multimodal.evaluation.unit_summary import CONDITION, figures, means
from multimodal.executors import Executor, require
from multimodal.results import ACTION_UNITS
from multimodal.training.classifiers.base import Classifier
from multimodal.training.unit_detectors import build_detector, is_detector

BASELINES = ("constant", "flow-logreg")
"""Detectors that stand beside every other one."""

READY = "none"
"""The protocol that trains nothing: weights as they are."""


class UnitEvaluation(Config):
    """What is measured, and how.

    Attributes:
        model: A detector: ``constant``, ``flow-logreg``, any system of the zoo; with the protocol ``none`` ready
            weights.
        protocol: ``none``, or one of ``protocols.PROTOCOLS``.
        seeds: How many; None takes three, or one where nothing hangs on chance.
        folds: Of ``kfold``.
        layout: What the data set is; ``auto`` finds out.
        least: How many clips must show a unit, and how many not, so that it is scored; see ``unit_scores.often``.
    """

    model: str = "regional-synthetic"
    protocol: str = READY
    seeds: int | None = Field(default=None, ge=1)
    folds: int = Field(default=10, ge=2)
    layout: str = "auto"
    least: int = Field(default=LEAST, ge=1)


def config_of(given: Mapping[str, Any], unused: Mapping[str, bool]) -> UnitEvaluation:
    """Make the config of the command line's words.

    Args:
        given: Keys of the config as they are; None takes the default.
        unused: Options that are about expressions alone, and whether they were given.

    Raises:
        UsageError: A value is wrong, or such an option was given.
    """
    wrong = [name for name, was in unused.items() if was]
    if wrong:
        raise UsageError(f"evaluate units takes no {', '.join(wrong)}: leave it out")
    return validate(UnitEvaluation, {key: value for key, value in given.items() if value is not None}, "evaluate units")


def evaluate_units(
    data: Path | Sequence[Path],
    config: UnitEvaluation | None = None,
    out: Path | None = None,
    *,
    executor: Executor = "local",
    workers: int | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Measure a detector; predictions of all folds are pooled, what coders saw is read once, at the end.

    Args:
        data: Data sets in official layouts whose sheets code units, what ``synth expressions`` made, or an index.
        config: What is measured.
        out: Folder for ``units.json``, ``unit_predictions.csv``, ``config.yaml`` and the finished folds, from which a
            run that was killed goes on; None writes nothing.
        executor, workers: Where folds are spread to.
        progress: Show a bar on standard error.

    Returns:
        ``model, protocol, clips, subjects, seeds, wall_s, folds, resumed``, what ``unit_summary.figures`` returns,
        ``baselines: {name: {macro_f1, binary_f1}}``, ``rare`` (clips of each unit that is not scored), ``rule``,
        ``problems`` and ``provenance``.

    Raises:
        UsageError: Model and protocol do not go together, or too few clips have coded units.
        MissingError: Data, weights or Ray are missing.
        DecodeError: A data set cannot be read.
    """
    began = time.perf_counter()
    config = config or UnitEvaluation()
    detector = _check(config, executor)
    samples, problems = open_units(data, () if detector is None else detector.needs, out, workers, config.layout)
    scored = _scored(samples, config.least)
    seeds = tuple(range(config.seeds or (3 if detector and detector.chance else 1)))
    folds = folds_of(config.protocol, samples, config.folds) if detector else _no_folds(samples)
    state = None if out is None else out / "folds"
    options = {"executor": executor, "workers": workers, "state": state, "progress": progress}
    outcomes = _trained(config, samples, folds, seeds, options) if detector else _ready(config, samples, seeds)
    own = outcomes[config.model]
    summary = {
        "model": config.model,
        "protocol": config.protocol,
        "clips": len(samples),
        "subjects": len(set(samples.subjects)),
        "seeds": len(seeds),
        "wall_s": 0.0,
        "folds": len(folds),
        "resumed": own.resumed,
        **figures(own.sealed, samples.subjects, seeds, scored),
        "baselines": {name: means(outcomes[name].sealed, 0, scored) for name in BASELINES if name in outcomes},
        "rare": _rare(samples, scored),
        "rule": _rule(config.least),
        "problems": dict(problems),
    }
    summary["wall_s"] = round(time.perf_counter() - began, 2)
    summary["provenance"] = provenance(config, samples)
    if out is not None:
        write_unit_files(out, summary, own.sealed, samples, folds, seeds, config)
    return summary


def open_units(
    data: Path | Sequence[Path], needs: Sequence[str], out: Path | None, workers: int | None, layout: str = "auto"
) -> tuple[FlowSamples, Problems]:
    """Open all micro-expressions whose units were coded, whatever their emotion.

    Args:
        data: See ``evaluate_units``.
        needs: Features beside the flow that the detector asks for.
        out: Folder in which measured flow is kept; None measures anew.
        workers: For measuring.
        layout: What the data set is; ``auto`` finds out.

    Returns:
        Samples with the feature ``units``; their labels say nothing. And how often each kind of problem was met.

    Raises:
        MissingError: There is nothing there.
        UsageError: No clip has coded units.
    """
    paths = [data] if isinstance(data, Path) else list(data)
    for path in paths:
        if not path.exists():
            raise MissingError(f"no data {path}: name a data set whose sheet codes action units")
        if is_flow_folder(path):
            raise UsageError(f"{path} holds flow maps, which carry no action units: name a data set with its sheet")
    cache = None if out is None else out / "cache"
    index = open_index(paths, layout, cache=cache)
    samples, problems = load_samples(index, CODED, (*needs, UNITS), cache=cache, workers=workers or 1)
    if not len(samples):
        raise UsageError(f"no clip of {paths[0]} has coded action units and can be measured: see veilspeak index")
    return samples, Counter(problem.kind for problem in problems)


def _check(config: UnitEvaluation, executor: Executor) -> Classifier | None:
    """Refuse what does not go together before anything is read; return the detector, None for ready weights."""
    require(executor)
    if config.protocol != READY:
        if config.protocol not in PROTOCOLS:
            raise UsageError(f"unknown protocol {config.protocol!r}: choose one of {', '.join([READY, *PROTOCOLS])}")
        if is_ready(config.model):
            raise UsageError(f"{config.model!r} are ready weights: take --protocol none, or name a detector to train")
        return build_detector(config.model)
    if is_detector(config.model):
        raise UsageError(f"{config.model!r} is to be trained: take --protocol loso, kfold or cross")
    weights.find(config.model)
    return None


def _no_folds(samples: FlowSamples) -> list[Fold]:
    """Return the one fold of a protocol that trains nothing."""
    return [Fold("all", np.arange(0), np.arange(len(samples)))]


def _trained(
    config: UnitEvaluation,
    samples: FlowSamples,
    folds: Sequence[Fold],
    seeds: tuple[int, ...],
    options: Mapping[str, Any],
) -> dict[str, Outcome]:
    """Train the detector and the baselines in every fold."""
    outcomes = {}
    for name in dict.fromkeys((*BASELINES, config.model)):
        repeats = seeds if name == config.model else (0,)
        experiment = Experiment(name, (CONDITION,), repeats, build=build_detector)
        outcomes[name] = cross_validate(experiment, samples, folds, truth=samples.features[UNITS], **options)
    return outcomes


def _ready(config: UnitEvaluation, samples: FlowSamples, seeds: tuple[int, ...]) -> dict[str, Outcome]:
    """Ask ready weights; of the baselines only the constant one needs no training."""
    said = units_by_ready_weights(config.model, samples.sealed())
    return {config.model: _filed(said, samples, seeds), "constant": _filed(np.ones(said.shape), samples, (0,))}


def _filed(scores: Float[np.ndarray, "n 12"], samples: FlowSamples, seeds: tuple[int, ...]) -> Outcome:
    runs = [(CONDITION, seed) for seed in seeds]
    sealed = SealedLabels(samples.features[UNITS], len(ACTION_UNITS), runs)
    for run in runs:
        sealed.file(run, np.arange(len(samples)), scores)
    return Outcome(sealed, {}, {})


def _scored(samples: FlowSamples, least: int) -> Bool[np.ndarray, "12"]:
    """Return which units are scored.

    Raises:
        UsageError: None is.
    """
    scored = often(samples.features[UNITS], samples.subjects, least)
    if not scored.any():
        raise UsageError(f"no action unit occurs often enough ({_rule(least)}): name a larger data set")
    return scored


def _rule(least: int) -> str:
    return f"a unit is scored where at least {least} clips of at least 2 subjects show it and at least {least} do not"


def _rare(samples: FlowSamples, scored: Bool[np.ndarray, "12"]) -> dict[str, int]:
    """Return how many clips show each unit that is not scored, units that nobody shows left out."""
    counts = (samples.features[UNITS] == 1).sum(axis=0)
    return {
        unit_name(unit): int(count)
        for unit, count, kept in zip(ACTION_UNITS, counts, scored, strict=True)
        if count and not kept
    }
