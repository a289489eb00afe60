"""DFME (Zhao et al. 2024): ``sub0003_01/00012.png``; reconstructed.

The sheets (``training_full_with_AU.xlsx`` and those of the two tests) have Subject, Filename, Onset, Apex, Offset,
Emotion, and action units in one column or in columns of zeros and ones. The parts were filmed at 500, 300 and 200
frames a second and the sheets do not say which clip is of which part, so that the frame rate is unknown unless a column
``fps`` tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from multimodal.data.layouts.base import Layout, marked_units, numbered, register_layout, wanted
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.codes import parse_emotion, parse_units
from multimodal.data.layouts.sheets import Row, Table, whole


@register_layout("dfme")
class Dfme(Layout):
    """DFME."""

    name = "dfme"
    title = "DFME"
    fps = 0.0
    emotions = frozenset(["anger", "contempt", "disgust", "fear", "happiness", "others", "sadness", "surprise"])
    columns = (
        *wanted(subject="Subject", clip="Filename", emotion="Emotion|Label"),
        *wanted(onset="Onset|OnsetFrame", apex="Apex|ApexFrame", offset="Offset|OffsetFrame"),
        *wanted(False, units="AU|AUs|Action Units", fps="fps|Frame rate"),
    )

    def claims(self, table: Table) -> bool:
        """Its clips are named by subject and number: ``sub0003_01``."""
        return any(re.fullmatch(r"(sub)?\d+_\d+", row.text("clip"), re.IGNORECASE) for row in table.rows)

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """Turn the sheet's rows into expressions."""
        if table.rows and "fps" not in {name.lower() for name in table.header}:
            notes.add(
                "unknown frame rate", table.path.name, "the sheet has no column fps: the frame rate stays unknown"
            )
        for row in table.rows:
            subject, clip = numbered("sub", row.text("subject"), 4), row.text("clip")
            times = row.cells["onset"], row.cells["apex"], row.cells["offset"]
            units = parse_units(row.cells["units"]) or marked_units(row)
            emotion, tails = parse_emotion(row.cells["emotion"]), ((clip,),)
            yield Coded(table.where(row), subject, clip, *times, emotion, None, units, self._fps(row), tails=tails)

    def _fps(self, row: Row) -> float:
        fps = whole(row.cells["fps"])
        return float(fps) if isinstance(fps, int) and fps > 0 else self.fps
