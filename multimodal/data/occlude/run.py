"""``veilspeak occlude``: from a source to its masked copy."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from multimodal.data.occlude.clip import Outcome, Row, Task, run_task
from multimodal.data.occlude.faces import OpenFinder, mediapipe_finder
from multimodal.data.occlude.flow import fills
from multimodal.data.occlude.layouts import Layout, Plan, read_plan
from multimodal.data.occlude.manifest import Manifest
from multimodal.data.occlude.notes import copy_notes
from multimodal.data.occlude.settings import CLEAN, OccludeConfig
from multimodal.data.occlude.target import open_target
from multimodal.data.occlude.writer import PARTS
from multimodal.errors import DecodeError, UsageError, VeilspeakError
from multimodal.executors import Executor, require, run_all
from multimodal.media.record import RunRecord
from multimodal.results import REGIONS
from occlusion.registry import entry_of


def occlude(
    source: Path,
    out: Path,
    config: OccludeConfig,
    *,
    layout: Layout = "auto",
    executor: Executor = "local",
    workers: int | None = None,
    strict: bool = False,
    overwrite: bool = False,
    finder: OpenFinder = mediapipe_finder,
    progress: bool = True,
) -> dict[str, Any]:
    """Make a copy of a source in its own layout, with something before each face.

    Clips that an earlier run with the same settings has finished stay; anything half done is made anew.

    Args:
        source: A picture, a video, or a folder; see ``read_plan``.
        out: The copy's folder, with ``manifest.jsonl`` and ``occlude.json``.
        config: What is put before the faces.
        layout: What the folder is; ``auto`` finds out.
        executor: ``local`` or ``ray``.
        workers: How many clips at a time; None takes one a core.
        strict: Refuse clips in which no face is found, instead of copying them as they are.
        overwrite: Throw the copy away that is already in ``out``.
        finder: Opens what finds the landmarks.
        progress: Show a bar on standard error.

    Returns:
        ``clips, frames_in, frames_out, frames_per_s, kind, faces_missed, manifest`` and, beside that contract, what was
        ``resumed``, ``unmasked``, ``refused`` and ``failed``.

    Raises:
        UsageError: The call makes no sense: nothing to do, the target exists, it lies within the source.
        MissingError: Ray was asked for and is not installed.
        DecodeError: Not one clip can be read.
        VeilspeakError: ``strict`` refused clips, or the disk is full; what is there is valid.
    """
    require(executor)
    workers = workers or os.cpu_count() or 1
    plan = read_plan(source, layout)
    _check(plan, source, out, config)
    open_target(out, config.mark(), overwrite)
    record = {**config.model_dump(mode="json"), "mark": config.mark(), "layout": plan.layout, "strict": strict}
    with RunRecord(out / "occlude.json", record, {"name": str(source), "clips": len(plan.jobs)}) as run:
        run.update(regions=REGIONS, executor=executor, workers=workers)
        summary = Run(plan, out, config, strict, finder, progress).go(executor, workers)
        run.update(summary=summary)
        _complain(summary, plan)
        return summary


class Run:
    """One run over a plan; the arguments are those of ``occlude``."""

    def __init__(
        self, plan: Plan, out: Path, config: OccludeConfig, strict: bool, finder: OpenFinder, progress: bool
    ) -> None:
        self._plan, self._out, self._config = plan, out, config
        self._strict, self._finder, self._progress = strict, finder, progress
        self._rows = self._fresh = self._resumed = 0
        self._in = self._out_frames = self._missed = 0
        self._unmasked: list[str] = []
        self._refused: list[str] = []
        self._failed: dict[str, str] = {}
        self._partly: list[str] = []

    def go(self, executor: Executor, workers: int) -> dict[str, Any]:
        """Do it and return the summary."""
        begin = time.perf_counter()
        try:
            copy_notes(self._plan, self._out)
            with Manifest(self._out / "manifest.jsonl") as manifest:
                for outcome in self._watched(run_all(run_task, self._tasks(manifest), executor, workers)):
                    self._take(outcome, manifest)
                manifest.put_in_order([job.path for job in self._plan.jobs if job.path not in self._gone])
        except OSError as error:
            raise _disk(error, self._rows, len(self._plan.jobs), self._out) from error
        finally:
            shutil.rmtree(self._out / PARTS, ignore_errors=True)
        return self._summary(time.perf_counter() - begin)

    @property
    def _gone(self) -> set[str]:
        return {*self._refused, *self._failed}

    def _tasks(self, manifest: Manifest) -> Iterator[Task]:
        jobs = self._plan.jobs
        fill = fills(jobs, self._config.fill) if self._plan.layout == "flow" else {}
        for job in jobs:
            before = manifest.row(job.path)
            yield Task(job, self._out, self._config, self._strict, self._finder, before, fill.get(job.path))

    def _take(self, outcome: Outcome, manifest: Manifest) -> None:
        if outcome.error is not None:
            self._failed[outcome.path] = outcome.error
        elif outcome.refused:
            self._refused.append(outcome.path)
        elif outcome.row is not None:
            if not outcome.resumed:
                manifest.append(outcome.row)
                self._fresh += outcome.row["frames_out"]
            self._resumed += outcome.resumed
            self._count(outcome.row)

    def _count(self, row: Row) -> None:
        self._rows += 1
        self._in += row["frames_in"]
        self._out_frames += row["frames_out"]
        self._missed += row["faces_missed"]
        if row["onset"] is None:
            self._unmasked.append(row["path"])
        if row["truncated"]:
            self._partly.append(row["path"])

    def _summary(self, seconds: float) -> dict[str, Any]:
        return {
            "clips": self._rows,
            "frames_in": self._in,
            "frames_out": self._out_frames,
            "frames_per_s": round(self._fresh / max(seconds, 1e-9), 2),
            "kind": self._config.kind,
            "faces_missed": self._missed,
            "manifest": str(self._out / "manifest.jsonl"),
            "layout": self._plan.layout,
            "resumed": self._resumed,
            "unmasked": sorted(self._unmasked),
            "truncated": sorted(self._partly),
            "refused": sorted(self._refused),
            "failed": dict(sorted(self._failed.items())),
        }

    def _watched(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Show how far it is."""
        if not self._progress:
            yield from outcomes
            return
        from rich.console import Console
        from rich.progress import track

        what = "copying" if self._config.kind == CLEAN else f"covering with {self._config.kind}"
        yield from track(outcomes, what, total=len(self._plan.jobs), console=Console(stderr=True))


def _check(plan: Plan, source: Path, out: Path, config: OccludeConfig) -> None:
    """Refuse what would eat its own input, and what a flow map cannot show."""
    here, there = source.resolve(), out.resolve()
    if here == there or there in here.parents or (here in there.parents and source.is_dir()):
        raise UsageError(f"--out {out} and the source {source} lie within each other: choose a folder of its own")
    if plan.layout == "flow" and config.kind != CLEAN and entry_of(config.kind).degrades:
        raise UsageError(f"{config.kind} hides no area, so flow maps cannot show it: choose a kind that covers")
    if plan.layout == "flow" and config.mode == "jitter":
        raise UsageError("a flow map is one frame, in which nothing can jitter: leave --mode out")


def _complain(summary: dict[str, Any], plan: Plan) -> None:
    """Name what went wrong on standard error; raise where that is the result.

    Raises:
        DecodeError: Nothing could be read.
        VeilspeakError: ``strict`` refused clips.
    """
    for problem in summary["failed"].values():
        _tell(f"left out: {problem}")
    for path in summary["truncated"]:
        _tell(f"{path}: some of its frames cannot be decoded; the manifest says how many are there")
    if summary["failed"] and not summary["clips"] and not summary["refused"]:
        raise DecodeError(f"none of the {len(plan.jobs)} clips can be decoded; first: {next(iter(summary['failed']))}")
    for path in summary["refused"]:
        _tell(f"refused, no face in it: {path}")
    if summary["refused"]:
        first = summary["refused"][0]
        refused = f"{len(summary['refused'])} of {len(plan.jobs)} clips show no face (first: {first})"
        raise VeilspeakError(f"{refused} and are left out: remove them, or leave --strict out to copy them unmasked")
    if summary["unmasked"]:
        count = len(summary["unmasked"])
        _tell(f"no face in {count} of {summary['clips']} clips, copied unmasked (first: {summary['unmasked'][0]})")


def _disk(error: OSError, done: int, clips: int, out: Path) -> VeilspeakError:
    rest = f"{done} of {clips} clips are done and valid; run the same command again to go on"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return VeilspeakError(f"the disk is full at {out}: make room; {rest}")
    return VeilspeakError(f"cannot write to {out} ({error.strerror or error}): check its permissions; {rest}")


def _tell(line: str) -> None:
    print(f"veilspeak: {line}", file=sys.stderr)
