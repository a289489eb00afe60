"""What an evaluation of spotting leaves behind: the summary, every apex, every interval, the resolved config."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from multimodal.config import Config
from multimodal.data.spotting.clips import ApexClip
from multimodal.evaluation.spotted import matched
from multimodal.evaluation.spotting_runs import Spotted
from multimodal.training.spotters.base import CodedFilm

_APEX_COLUMNS = ("method", "seed", "dataset", "subject", "clip", "fps", "apex", "spotted")
_INTERVAL_COLUMNS = ("method", "seed", "kind", "dataset", "subject", "video", "first", "last", "outcome")


def write_files(
    out: Path,
    summary: Mapping[str, Any],
    clips: Sequence[ApexClip],
    films: Sequence[CodedFilm],
    spotted: Spotted,
    config: Config,
) -> None:
    """Write ``spotting.json``, ``config.yaml``, and what there is of ``apex.csv`` and ``intervals.csv``.

    ``apex.csv`` counts frames from the onset. ``intervals.csv`` has a row for each spotted interval, ``hit`` or
    ``false``, and for each coded one that was not hit, ``missed``.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    if clips:
        _write(out / "apex.csv", _APEX_COLUMNS, _apexes(clips, spotted))
    if films:
        _write(out / "intervals.csv", _INTERVAL_COLUMNS, _intervals(films, spotted))
    (out / "spotting.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _write(path: Path, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _apexes(clips: Sequence[ApexClip], spotted: Spotted) -> Iterator[tuple[Any, ...]]:
    for method, seeds in spotted.apex.items():
        for seed, found in enumerate(seeds):
            for clip, frame in zip(clips, found.tolist(), strict=True):
                who = (clip.dataset, clip.subject, clip.name)
                yield (method, seed, *who, f"{clip.motion.fps:g}", clip.apex, frame)


def _intervals(films: Sequence[CodedFilm], spotted: Spotted) -> Iterator[tuple[Any, ...]]:
    for method, kinds in spotted.intervals.items():
        for kind, seeds in kinds.items():
            for seed, videos in enumerate(seeds):
                for one, found in zip(films, videos, strict=True):
                    who = (method, seed, kind, one.dataset, one.subject, one.name)
                    pairs = matched(found, one.truth[kind])
                    hits, met = {row for row, _ in pairs}, {column for _, column in pairs}
                    yield from ((*who, *ends, "hit" if n in hits else "false") for n, ends in enumerate(found))
                    yield from ((*who, *ends, "missed") for n, ends in enumerate(one.truth[kind]) if n not in met)
