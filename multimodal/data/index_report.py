"""What an index holds, in numbers: clips by data set, emotion and class, and every kind of problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from multimodal.data.index import Clip, ClipIndex, Problem
from multimodal.data.labels import LABEL_RULES, LabelRule
from multimodal.data.open_index import open_index
from multimodal.data.table import write_index

_EXAMPLES = 3
"""Problems of each kind that are told one by one; the others are counted."""


def run(
    paths: Sequence[Path],
    layout: str = "auto",
    sheet: Path | None = None,
    out: Path | None = None,
    cache: Path | None = None,
) -> dict[str, Any]:
    """Open data sets, write their index if wanted, and sum it up.

    Args:
        paths, layout, sheet, cache: See ``open_index``.
        out: CSV file for the index.
    """
    index = open_index(paths, layout, sheet, cache)
    files = [str(write_index(index, out))] if out is not None else []
    return {**summary(index), "outputs": files}


def summary(index: ClipIndex) -> dict[str, Any]:
    """Return counts as plain JSON types."""
    names = sorted({clip.dataset for clip in index})
    return {
        "clips": len(index),
        "subjects": len({(clip.dataset, clip.subject) for clip in index}),
        "datasets": {name: _of_dataset([clip for clip in index if clip.dataset == name]) for name in names},
        "problems": {kind: _of_kind(kind, index.problems) for kind in index.counts()},
    }


def text(content: dict[str, Any]) -> str:
    """Return a summary for people."""
    lines = [f"{content['clips']} clips, {content['subjects']} subjects"]
    for name, counts in content["datasets"].items():
        lines.append(f"\n{name}: {counts['clips']} clips, {counts['subjects']} subjects")
        lines.append(f"  emotions: {_listed(counts['emotions'])}")
        lines += [
            f"  {rule}: {sum(found.values())} clips: {_listed(found)}" for rule, found in counts["classes"].items()
        ]
    lines.append("\nproblems:" if content["problems"] else "\nno problems")
    for kind, told in content["problems"].items():
        lines.append(f"  {kind}: {told['count']} ({told['dropped']} left out)")
        lines += [f"    {example}" for example in told["examples"]]
        lines += ["    ..."] if told["count"] > len(told["examples"]) else []
    return "\n".join((*lines, *(f"\nwritten: {name}" for name in content["outputs"])))


def _of_dataset(clips: Sequence[Clip]) -> dict[str, Any]:
    return {
        "clips": len(clips),
        "subjects": len({clip.subject for clip in clips}),
        "macro": sum(clip.macro for clip in clips),
        "emotions": dict(Counter(clip.emotion for clip in clips).most_common()),
        "classes": {name: _of_rule(LABEL_RULES.get(name), clips) for name in LABEL_RULES},
    }


def _of_rule(rule: LabelRule, clips: Iterable[Clip]) -> dict[str, int]:
    found = Counter(rule.label(clip) for clip in clips)
    return {name: found[number] for number, name in enumerate(rule.classes)}


def _of_kind(kind: str, problems: Sequence[Problem]) -> dict[str, Any]:
    own = [problem for problem in problems if problem.kind == kind]
    examples = [f"{problem.where}: {problem.what}" for problem in own[:_EXAMPLES]]
    return {"count": len(own), "dropped": sum(problem.dropped for problem in own), "examples": examples}


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
