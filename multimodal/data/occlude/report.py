"""What ``veilspeak occlude`` prints for people."""

from __future__ import annotations

from typing import Any

from occlusion.presence import COMES_AND_GOES
from occlusion.registry import entry_of, kinds


def listing() -> dict[str, Any]:
    """Return every kind with its styles."""
    return {"kinds": [_kind(kind) for kind in kinds()]}


def listing_text(content: dict[str, Any]) -> str:
    """Return ``listing()`` for people: a paragraph a kind."""
    paragraphs = []
    for kind in content["kinds"]:
        what = "worsens the whole picture" if kind["degrades"] else "covers"
        may = ", may come and go" if kind["passing"] else ""
        paragraphs.append(f"{kind['kind']} ({what}{may}; {len(kind['styles'])} styles)\n  {', '.join(kind['styles'])}")
    return "\n".join(paragraphs)


def summary_text(summary: dict[str, Any]) -> str:
    """Return a run's summary for people."""
    lines = [
        f"{summary['kind']}: {summary['clips']} clips, {summary['frames_out']} frames of {summary['frames_in']}, "
        f"{summary['frames_per_s']:.1f} frames a second",
        f"no face found in {summary['faces_missed']} frames; {len(summary['unmasked'])} clips copied uncovered",
    ]
    if summary["resumed"]:
        lines.append(f"{summary['resumed']} clips were there already")
    return "\n".join([*lines, f"manifest: {summary['manifest']}"])


def _kind(kind: str) -> dict[str, Any]:
    entry = entry_of(kind)
    return {
        "kind": kind,
        "styles": list(entry.styles),
        "degrades": entry.degrades,
        "passing": kind in COMES_AND_GOES,
    }
