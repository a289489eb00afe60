"""``veilspeak predict``: many files to tables, with the rows that ``demo`` gives; no window, no voice."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from multimodal import __version__, weights
from multimodal.demo import Overlay, tell, warning_of
from multimodal.errors import DecodeError, UsageError
from multimodal.live import Live, LiveConfig, Step, load_live_config
from multimodal.media.base import Source
from multimodal.media.batch import Item, find_items
from multimodal.media.record import RunRecord
from multimodal.media.sinks import READ_COLUMNS, frame_cells
from multimodal.media.tables import Columns, Table, table_format
from multimodal.media.video import VideoSink
from multimodal.results import Decision

DECISION_COLUMNS: Columns = {
    **{"t_ms": float, "frame": int, "gesture": str, "affect": str, "confidence": float},
    **{"sure": int, "asks": int, "sentence": str, "gesture_weight": float, "expression_weight": float, "source": str},
}
"""A row a decision: its fields, the frame in which it was made, and that frame's file."""


def run_predict(
    sources: Sequence[str],
    out: Path,
    config: Path | None = None,
    overrides: Sequence[str] = (),
    *,
    form: str = "csv",
    video: bool = False,
    force: bool = False,
) -> dict[str, Any]:
    """Read many sources one after the other, each to tables of its own.

    Of each source NAME (see ``media.batch.find_items``) these files are left: ``NAME.frames.csv`` with a row a frame
    (``READ_COLUMNS``), ``NAME.decisions.csv`` with a row a decision (``DECISION_COLUMNS``), if wanted
    ``NAME.annotated.mp4``, and ``NAME.run.json``. They get their names once they are whole, so that a run that was
    killed goes on where it was.

    Args:
        sources: Files, folders, patterns, or ``sample``.
        out: Folder for the results.
        config: A live config, or None for the shipped one.
        overrides: ``key=value`` strings that win over the config.
        form: ``csv``, ``jsonl`` or ``parquet``.
        video: Also write the annotated video.
        force: Read again what was read before with the same files, config, weights and lexicon.

    Returns:
        ``sources`` and ``frames``, how many there are in the results; ``skipped``, how many of the sources were whole
        already; ``failed: [{source, why}]``, files that could not be decoded, or not to their end; ``outputs``, the
        files.

    Raises:
        UsageError, MissingError: What the user gave does not work; nothing was read.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file: name a folder")
    settings = load_live_config(config, list(overrides))
    batch = Batch(settings, out, table_format(form), form, video)
    items = find_items(sources, out)
    total: dict[str, Any] = {"sources": len(items), "frames": 0, "skipped": 0, "failed": [], "outputs": []}
    for number, item in enumerate(items, 1):
        done = None if force else batch.done(item)
        result = done or batch.read(item)
        tell(f"[{number}/{len(items)}] {item.name}: {result['frames']} frames{', read before' if done else ''}")
        total["skipped"] += done is not None
        for key in ("frames", "failed", "outputs"):
            total[key] += result[key]
    return total


def refuse_failed(summary: Mapping[str, Any]) -> None:
    """Raise if a file could not be decoded.

    Raises:
        DecodeError: It names the first in one line.
    """
    failed = summary["failed"]
    if failed:
        rest = f" (and {len(failed) - 1} more, see 'failed')" if len(failed) > 1 else ""
        raise DecodeError(f"{failed[0]['why']}{rest}")


def report(summary: Mapping[str, Any]) -> str:
    """Return a summary as lines for a person."""
    before = f", {summary['skipped']} of them read before" if summary["skipped"] else ""
    failed = [f"failed: {row['source']}: {row['why']}" for row in summary["failed"]]
    return "\n".join(
        [f"{summary['sources']} sources{before}, {summary['frames']} frames", *failed, *summary["outputs"]]
    )


class Batch:
    """What all sources of a run have in common.

    Args:
        config: Of the live path.
        out: Folder for the results.
        table: The tables' class.
        form: The tables' format, which is their suffix.
        video: Also write annotated videos.
    """

    def __init__(self, config: LiveConfig, out: Path, table: type[Table], form: str, video: bool) -> None:
        self._config, self._out, self._table, self._form, self._video = config, out, table, form, video
        self._basis = _basis(config)

    def done(self, item: Item) -> dict[str, Any] | None:
        """Return the result of an earlier run, if it is whole and was made from the same; else None."""
        try:
            run = json.loads(self._paths(item)["run"].read_text(encoding="utf-8"))
            same = run["made_from"] == self._made_from(item)
            result = run["result"]
            return result if same and all(Path(path).is_file() for path in result["outputs"]) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def read(self, item: Item) -> dict[str, Any]:
        """Read a source; return ``frames``, ``failed`` and ``outputs`` as ``run_predict`` does."""
        failed: list[dict[str, str]] = []

        def broken(path: Path, error: DecodeError) -> None:
            failed.append({"source": str(path), "why": str(error)})

        paths = self._paths(item)
        try:
            with item.open(broken) as source, _unfinished(paths) as unfinished:
                return self._read(item, source, unfinished, paths, failed)
        except DecodeError as error:
            return {"frames": 0, "failed": failed or [{"source": item.name, "why": str(error)}], "outputs": []}

    def _read(
        self,
        item: Item,
        source: Source,
        unfinished: Mapping[str, Path],
        paths: Mapping[str, Path],
        failed: list[dict[str, str]],
    ) -> dict[str, Any]:
        made_from = self._made_from(item)
        with RunRecord(unfinished["run"], self._config, source.to_dict()) as record:
            warning = warning_of(source)
            if warning is not None:
                tell(f"{item.name}: {warning}")
            frames = self._write(source, unfinished)
            if source.truncated and not item.pictures:
                failed.append({"source": item.name, "why": _cut(item.name, frames, source.frames_expected)})
            result = {"frames": frames, "failed": failed, "outputs": [str(path) for path in paths.values()]}
            record.update(source=source.to_dict(), warning=warning, made_from=made_from, result=result)
        return result

    def _write(self, source: Source, paths: Mapping[str, Path]) -> int:
        with ExitStack() as stack:
            enter = stack.enter_context
            frames = enter(self._table(paths["frames"], READ_COLUMNS))
            decisions = enter(self._table(paths["decisions"], DECISION_COLUMNS))
            film = enter(VideoSink(paths["video"], source.fps)) if self._video else None
            live, overlay = enter(Live(self._config, independent=source.independent)), Overlay()
            for step in live.steps(source):
                frames.write(frame_cells(step.frame, step.face, step.gesture, step.expression, step.decision))
                if step.decision is not None:
                    decisions.write(decision_cells(step, step.decision))
                if film is not None:
                    film.write(overlay.draw(step), step.frame.t_ms)
            return frames.rows

    def _paths(self, item: Item) -> dict[str, Path]:
        """Return the files that a source leaves, the one that says that all are whole at the end."""
        endings = {"frames": f"frames.{self._form}", "decisions": f"decisions.{self._form}"}
        if self._video:
            endings["video"] = "annotated.mp4"
        place = self._out / item.place
        return {part: place.with_name(f"{place.name}.{end}") for part, end in {**endings, "run": "run.json"}.items()}

    def _made_from(self, item: Item) -> dict[str, Any]:
        return {**self._basis, "format": self._form, "video": self._video, "source": item.name, "files": _stamp(item)}


def decision_cells(step: Step, decision: Decision) -> list[object]:
    """Return a decision's row: the cells of ``DECISION_COLUMNS``."""
    weight = {name: round(float(decision.weights[name]), 4) for name in ("gesture", "expression")}
    return [
        *(round(decision.t_ms, 3), step.frame.index, decision.gesture, decision.affect, round(decision.confidence, 4)),
        *(int(decision.sure), int(decision.asks), decision.sentence),
        *(weight["gesture"], weight["expression"], step.frame.source),
    ]


@contextlib.contextmanager
def _unfinished(paths: Mapping[str, Path]) -> Iterator[dict[str, Path]]:
    """Give a hidden folder for the files; at the end they get their names, the record last; an error leaves none.

    What stands under these names is no longer whole from the first to the last renaming, so its record goes first.
    """
    run = paths["run"]
    folder = run.with_name(f".{run.name}.part")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield {part: folder / path.name for part, path in paths.items()}
        run.unlink(missing_ok=True)
        for path in paths.values():
            (folder / path.name).replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _basis(config: LiveConfig) -> dict[str, Any]:
    """Return what decides on the rows beside the files: version, config, and the contents of weights and lexicon."""
    used = {
        config.expression.weights,
        config.gesture.detector,
        config.gesture.skeleton,
        config.fusion.weights,
        *weights.names(),
    }
    lexicon = config.fusion.lexicon
    return {
        "version": __version__,
        "config": config.model_dump(mode="json"),
        "weights": {name: weights.find(name)[1].sha256 for name in sorted(used)},
        "lexicon": weights.sha256(lexicon) if lexicon is not None and lexicon.is_file() else None,
    }


def _stamp(item: Item) -> str:
    """Return a hash of the files' names, sizes and times."""
    about = [(str(path), found.st_size, found.st_mtime_ns) for path in item.paths for found in [path.stat()]]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def _cut(name: str, frames: int, expected: int | None) -> str:
    how_many = f"{frames} frames" if expected is None else f"{frames} of {expected} frames"
    return f"{name}: only {how_many} can be decoded; the file is damaged or cut off: export or copy it again"
