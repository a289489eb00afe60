"""Ready weights of the expression branch on samples: nothing is trained or chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from multimodal import weights as shipped
from multimodal.data.samples import FlowSamples, TestClips
from multimodal.errors import UsageError
from multimodal.evaluation.clips import Given
from multimodal.evaluation.conditions import Covers, draw_covers
from multimodal.evaluation.cross_validation import Experiment, Outcome
from multimodal.evaluation.guard import Run, SealedLabels
from multimodal.executors import Executor
from multimodal.expression.normalise import HIDDEN_BELOW
from multimodal.expression.reader import ExpressionReader
from multimodal.results import ACTION_UNITS, EXPRESSIONS, REGIONS, ExpressionResult

_BATCH = 64


def is_ready(model: str) -> bool:
    """Tell whether a name is one of shipped weights, or a weight file's."""
    return Path(model).suffix in (".safetensors", ".onnx") or model in shipped.names()


def name_with_ready_weights(
    experiment: Experiment,
    samples: FlowSamples,
    given: Mapping[str, Given],
    prior: Mapping[str, float] | None,
    executor: Executor = "local",
    workers: int | None = None,
) -> tuple[Outcome, dict[str, Any]]:
    """Name every clip in every condition.

    What is drawn before a face acts on its map: covered cells show no motion, and the reader is told what is covered.

    Returns:
        The outcome, and further keys of the summary: ``prior``, and ``hidden_auc``: for each condition that hides
        regions how well attention tells them from visible ones when the reader is told that all can be seen.

    Raises:
        MissingError: The weights are missing or damaged.
        UsageError: The clips' classes are not those of the weights.
    """
    reader = ExpressionReader(experiment.model, prior)
    if samples.classes != EXPRESSIONS:
        raise UsageError(f"{experiment.model} names {', '.join(EXPRESSIONS)}: leave --labels out")
    sealed = SealedLabels(samples.labels, len(EXPRESSIONS), experiment.runs)
    attention: dict[Run, np.ndarray] = {}
    hidden: dict[str, list[float]] = {}
    found: dict[str, list[float]] = {}
    for run in experiment.runs:
        condition, seed = run
        drawn = condition not in given
        covers = draw_covers(condition, samples, seed, executor, workers) if drawn else given[condition]
        shown = behind(samples, covers)
        scores, attention[run] = _read(reader, shown)
        found.setdefault(condition, []).extend(_found(reader, samples, shown))
        sealed.file(run, np.arange(len(samples)), scores)
        hidden.setdefault(condition, []).append(1 - float(covers.visibility.mean()))
    covered = {condition: float(np.mean(shares)) for condition, shares in hidden.items()}
    lost = {name: int((~version.found).sum()) for name, version in given.items()}
    outcome = Outcome(sealed, {}, covered, 0, lost, attention)
    aucs = {condition: round(float(np.mean(scores)), 4) for condition, scores in found.items() if scores}
    return outcome, {"prior": dict(zip(EXPRESSIONS, reader.prior.round(4).tolist(), strict=True)), "hidden_auc": aucs}


def units_by_ready_weights(model: str, samples: TestClips) -> Float[np.ndarray, "n 12"]:
    """Return the probability of each action unit; 0 for a clip of which nothing can be seen.

    Raises:
        MissingError: The weights are missing or damaged.
    """
    reader = ExpressionReader(model)
    scores = np.zeros((len(samples), len(ACTION_UNITS)))
    for row, result in read_clips(reader, samples):
        scores[row] = result.action_units
    return scores


def _found(reader: ExpressionReader, samples: FlowSamples, shown: FlowSamples) -> list[float]:
    """Return the AUC of attention, untold, for hidden regions against visible ones; empty where nothing is hidden."""
    from sklearn.metrics import roc_auc_score

    hidden = (shown.visibility < HIDDEN_BELOW) & (samples.visibility >= HIDDEN_BELOW)
    if not hidden.any() or hidden.all():
        return []
    _, attention = _read(reader, shown.with_flow(shown.flow, samples.visibility))
    return [float(roc_auc_score(hidden.flatten(), -attention.flatten()))]


def behind(samples: FlowSamples, covers: Covers | Given) -> FlowSamples:
    """Return the clips behind a cover; no training side lends its mean, so covered cells stand still."""
    if isinstance(covers, Given):
        return covers.over(samples, np.zeros(samples.flow.shape[1:], np.float32))
    still = np.median(samples.flow, axis=(2, 3), keepdims=True)
    flow = samples.flow + covers.hidden[:, None] * (still - samples.flow)
    return samples.with_flow(flow.astype(np.float32), samples.visibility * covers.visibility)


def _read(reader: ExpressionReader, samples: FlowSamples) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities and attention; a clip of which nothing can be seen gets the prior."""
    scores = np.tile(reader.prior, (len(samples), 1)).astype(np.float64)
    attention = np.zeros((len(samples), len(REGIONS)), np.float32)
    for row, result in read_clips(reader, samples):
        scores[row], attention[row] = result.probabilities, result.attention
    return scores, attention


def read_clips(reader: ExpressionReader, samples: FlowSamples | TestClips) -> Iterator[tuple[int, ExpressionResult]]:
    """Yield what is read of each clip of which something can be seen, by its number."""
    seen = np.flatnonzero((samples.visibility >= HIDDEN_BELOW).any(axis=1))
    for start in range(0, len(seen), _BATCH):
        rows = seen[start : start + _BATCH]
        flows, told = list(samples.flow[rows][:, None]), list(samples.visibility[rows])
        yield from zip(rows.tolist(), reader.read_batch(flows, told, [(0.0, 0.0, 0.0)] * len(rows)), strict=True)
