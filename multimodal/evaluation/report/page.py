"""The page: one HTML file with everything in it, that asks for nothing from outside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from jinja2 import Environment, PackageLoader, StrictUndefined

from multimodal import __version__
from multimodal.evaluation.report import curve, face, matrices, numbers, tables, words
from multimodal.evaluation.report.paired import PairedIntervals
from multimodal.evaluation.report.runs import Run
from multimodal.evaluation.report.summary import Summary, shown
from multimodal.evaluation.report.tables import Table
from multimodal.evaluation.report.worst import worst_table


@dataclass(frozen=True)
class Chapter:
    """All that the page shows of one run."""

    run: Run
    by_condition: Table
    by_dataset: list[Table]
    by_class: list[Table]
    matrices: list[matrices.Matrix]
    faces: list[face.Face]
    attention: list[Table]
    worst: list[tuple[str, Table]]
    audit: Table
    problems: Table
    origin: list[tuple[str, object]] = field(default_factory=list)


def render(runs: Sequence[Run], title: str) -> str:
    """Return the page.

    Args:
        runs: At least one.
        title: What the page is called, such as the folder's name.
    """
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        title=title,
        runs=runs,
        headline=words.headline(runs),
        differences=words.comparability(runs),
        side_by_side=tables.side_by_side(runs).split(7) if len(runs) > 1 else None,
        curve=curve.curve(runs),
        chapters=[_chapter(run) for run in runs],
        face=face,
        plot=curve,
        text=numbers.text,
        shown=shown,
        version=__version__,
    )


def _chapter(run: Run) -> Chapter:
    summary, base = run.summary, run.summary.base.occlusion
    means: dict[str, Float[np.ndarray, "12"]] = face.mean_attention(run.predictions)
    return Chapter(
        run,
        tables.by_condition(summary),
        tables.by_dataset(summary, PairedIntervals(run.predictions, base)).split(4),
        tables.by_class(summary).split(7),
        matrices.matrices(summary),
        face.faces(means, base),
        face.attention_table(means, base).split(7),
        _worst(run, base),
        tables.audit(summary),
        tables.problems(summary),
        _origin(summary),
    )


def _worst(run: Run, base: str) -> list[tuple[str, Table]]:
    if run.predictions is None:
        return []
    answers = run.predictions
    return [(shown(name), worst_table(answers, name, base)) for name in dict.fromkeys(answers.conditions)]


def _origin(summary: Summary) -> list[tuple[str, object]]:
    known = summary.provenance
    config = known.config if isinstance(known.config, str) or known.config is None else json.dumps(known.config)
    versions = known.versions and ", ".join(f"{name} {version}" for name, version in known.versions.items() if version)
    return [
        ("Model", summary.model),
        ("Protocol", summary.protocol),
        ("Saw unlabelled test clips", {True: "yes (transductive)", False: "no", None: None}[summary.transductive]),
        ("Clips", summary.clips),
        ("People", summary.subjects),
        ("Folds", summary.folds),
        ("Seeds", summary.seeds),
        ("Wall time, s", summary.wall_s),
        ("Command", known.command),
        ("Date", known.date),
        ("Revision", known.revision),
        ("Config", config),
        ("Data, SHA-256", known.data_sha256),
        ("First seed", known.seed),
        ("Threads", known.threads),
        ("Versions", versions),
    ]
