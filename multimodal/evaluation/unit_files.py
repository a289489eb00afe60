"""What an evaluation of action units leaves behind: the summary, every prediction, the resolved config."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from multimodal.config import Config
from multimodal.data.samples import FlowSamples
from multimodal.data.units import unit_name
from multimodal.evaluation.guard import SealedLabels
from multimodal.evaluation.protocols import Fold
from multimodal.evaluation.unit_summary import CONDITION
from multimodal.results import ACTION_UNITS


def write_unit_files(
    out: Path,
    summary: Mapping[str, Any],
    sealed: SealedLabels,
    samples: FlowSamples,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    config: Config,
) -> None:
    """Write ``units.json``, ``unit_predictions.csv`` (a row a clip and seed) and ``config.yaml``."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    names = [unit_name(unit) for unit in ACTION_UNITS]
    with (out / "unit_predictions.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        columns = (*(f"truth_{name}" for name in names), *(f"score_{name}" for name in names))
        rows.writerow(["seed", "fold", "dataset", "subject", "clip", *columns])
        rows.writerows(_rows(sealed, samples, folds, seeds))
    (out / "units.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _rows(
    sealed: SealedLabels, samples: FlowSamples, folds: Sequence[Fold], seeds: Sequence[int]
) -> Iterator[list[Any]]:
    truth = sealed.open()
    for seed in seeds:
        scores = sealed.scores((CONDITION, seed))
        for fold in folds:
            for row in fold.test.tolist():
                who = (samples.datasets[row], samples.subjects[row], samples.names[row])
                coded = ["" if np.isnan(unit) else int(unit) for unit in truth[row]]
                yield [seed, fold.name, *who, *coded, *scores[row].round(5).tolist()]
