"""What an evaluation leaves behind: the summary, every prediction, the MEGC log, the resolved config."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from multimodal.config import Config
from multimodal.data.samples import FlowSamples
from multimodal.evaluation.ledger import tidy
from multimodal.evaluation.megc_log import LogRow, write_log
from multimodal.evaluation.protocols import Fold
from multimodal.media.record import revision, versions
from multimodal.results import REGIONS

if TYPE_CHECKING:
    from multimodal.evaluation.cross_validation import Experiment, Outcome


def provenance(config: Config, samples: FlowSamples) -> dict[str, Any]:
    """Return what is needed to get the figures again."""
    data = hashlib.sha256("\n".join(f"{s}/{n}" for s, n in zip(samples.subjects, samples.names, strict=True)).encode())
    for array in (samples.flow, samples.labels, *(samples.features[name] for name in sorted(samples.features))):
        data.update(np.ascontiguousarray(array).tobytes())
    return provenance_of(config, data.hexdigest())


def provenance_of(config: Config, data_sha256: str) -> dict[str, Any]:
    """Return the same, given the hash of what was measured."""
    resolved = json.dumps(config.model_dump(mode="json"), sort_keys=True)
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(tidy(sys.argv)),
        "revision": revision(),
        "config": hashlib.sha256(resolved.encode()).hexdigest()[:16],
        "data_sha256": data_sha256,
        "seed": 0,
        "threads": os.environ.get("OMP_NUM_THREADS", "1"),
        "versions": {name: version for name, version in versions().items() if version},
    }


def write_files(
    out: Path,
    summary: Mapping[str, Any],
    outcome: Outcome,
    samples: FlowSamples,
    folds: Sequence[Fold],
    experiment: Experiment,
    config: Config,
) -> None:
    """Write ``expression.json``, ``predictions.csv``, ``megc.log`` (first condition and seed) and ``config.yaml``."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    with (out / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(_columns(samples, outcome))
        rows.writerows(_rows(outcome, samples, folds, experiment))
    write_log(out / "megc.log", _log(outcome, samples, folds, experiment))
    (out / "expression.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _columns(samples: FlowSamples, outcome: Outcome) -> list[str]:
    scores = [f"score_{name}" for name in samples.classes]
    attention = [f"attention_{region}" for region in REGIONS] if outcome.attention else []
    return ["condition", "seed", "fold", "dataset", "subject", "clip", "truth", "predicted", *scores, *attention]


def _rows(outcome: Outcome, samples: FlowSamples, folds: Sequence[Fold], experiment: Experiment) -> Iterator[list[Any]]:
    labels = outcome.sealed.open()
    for condition, seed in experiment.runs:
        scores = outcome.sealed.scores((condition, seed))
        attention = outcome.attention.get((condition, seed))
        for fold in folds:
            for row in fold.test.tolist():
                who = (samples.datasets[row], samples.subjects[row], samples.names[row])
                named = (samples.classes[labels[row]], samples.classes[int(scores[row].argmax())])
                seen = [] if attention is None else attention[row].round(4).tolist()
                yield [condition, seed, fold.name, *who, *named, *scores[row].round(5).tolist(), *seen]


def _log(outcome: Outcome, samples: FlowSamples, folds: Sequence[Fold], experiment: Experiment) -> Iterator[LogRow]:
    labels, guesses = outcome.sealed.open(), outcome.sealed.scores(experiment.runs[0]).argmax(axis=1)
    for fold in folds:
        for row in fold.test.tolist():
            subject = samples.subjects[row].rpartition("/")[2]
            names = (samples.datasets[row], subject, samples.names[row])
            yield LogRow(*names, int(labels[row]), int(guesses[row]))
