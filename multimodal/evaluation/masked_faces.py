"""In what share of a clip's frames the face is still found behind each kind of occluder.

python -m multimodal.evaluation.masked_faces VIDEO [--ledger results/occlusion.csv]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from multimodal.data.occlude.faces import mediapipe_finder
from multimodal.data.occlude.run import occlude
from multimodal.data.occlude.settings import CLEAN, settings
from multimodal.evaluation.ledger import record
from multimodal.media.file import FileSource
from occlusion.drawing import kinds, styles


def measure(video: Path, out: Path, seed: int = 0) -> dict[str, dict[str, float]]:
    """Cover a video with every style of every kind and look for the face again.

    Args:
        video: A video whose face is found while uncovered.
        out: Folder for the copies; each is removed once it was looked at.
        seed: Of the occluders.

    Returns:
        By kind: ``styles``; ``frames_in`` and ``frames_out``, of all styles together; ``found``: share of frames, the
        mean over the styles, in which MediaPipe's Face Mesh, followed and confirmed as in live use, finds the face;
        ``found_alone``: the same with every frame taken for a picture of its own; ``worst_style``: share for the style
        that hides the face most from the former.
    """
    return {kind: _measure_kind(kind, video, out, seed) for kind in (CLEAN, *kinds())}


def _measure_kind(kind: str, video: Path, out: Path, seed: int) -> dict[str, float]:
    rows = [_measure_style(kind, style, video, out, seed) for style in (styles(kind) if kind != CLEAN else (None,))]
    found = [row["found"] for row in rows]
    return {
        "styles": len(rows),
        "frames_in": sum(row["frames_in"] for row in rows),
        "frames_out": sum(row["frames_out"] for row in rows),
        "found": round(sum(found) / len(rows), 3),
        "found_alone": round(sum(row["found_alone"] for row in rows) / len(rows), 3),
        "worst_style": min(found),
    }


def _measure_style(kind: str, style: str | None, video: Path, out: Path, seed: int) -> dict[str, Any]:
    copy = out / f"{kind}-{style}"
    summary = occlude(video, copy, settings(kind, style, seed=seed), workers=1, progress=False)
    masked = copy / video.name
    row = {**summary, "found": _share(masked, static=False), "found_alone": _share(masked, static=True)}
    masked.unlink()
    return row


def _share(video: Path, static: bool) -> float:
    """Return in what share of a video's frames the face is found."""
    with FileSource(video) as source, mediapipe_finder(static) as find:
        found = [find(frame.image) is not None for frame in source]
    return sum(found) / len(found)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, and if wanted enter the figures into a ledger."""
    parser = argparse.ArgumentParser(description="Measure in how many frames occluded faces are still found.")
    parser.add_argument("video", type=Path)
    parser.add_argument("--ledger", type=Path)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(given.video, Path(folder))
    print("| kind | styles | frames in | frames out | found | each frame alone | worst style |")
    print("|---|---|---|---|---|---|---|")
    for kind, row in figures.items():
        print(f"| {kind} | " + " | ".join(str(value) for value in row.values()) + " |")
    if given.ledger:
        command = ["python", "-m", "multimodal.evaluation.masked_faces", given.video.name]
        record(given.ledger, {"masked_faces": figures}, data=given.video, seed=0, command=command)


if __name__ == "__main__":
    main()
