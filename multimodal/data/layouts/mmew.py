"""MMEW (Ben et al. 2021), micro-expressions: 90 frames a second; ``Micro_Expression/anger/S01-07-001/1.jpg``.

The sheet ``MMEW_Micro_Exp.xlsx`` has the columns of CASME II's (reconstructed); clips begin with the subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from multimodal.data.layouts.base import Layout, numbered, register_layout, wanted
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.codes import parse_emotion, parse_units
from multimodal.data.layouts.sheets import Table


@register_layout("mmew")
class Mmew(Layout):
    """MMEW."""

    name = "mmew"
    title = "MMEW"
    fps = 90.0
    emotions = frozenset(["anger", "disgust", "fear", "happiness", "others", "sadness", "surprise"])
    columns = (
        *wanted(subject="Subject", clip="Filename", onset="OnsetFrame", apex="ApexFrame", offset="OffsetFrame"),
        *wanted(emotion="Estimated Emotion"),
        *wanted(False, units="Action Units|AU"),
    )

    def claims(self, table: Table) -> bool:
        """Its clips are named after people: ``S01-07-001``."""
        return any(re.match(r"S\d+-", row.text("clip"), re.IGNORECASE) for row in table.rows)

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """Turn the sheet's rows into expressions."""
        for row in table.rows:
            subject, clip = numbered("S", row.text("subject")), row.text("clip")
            times = row.cells["onset"], row.cells["apex"], row.cells["offset"]
            emotion, units = parse_emotion(row.cells["emotion"]), parse_units(row.cells["units"])
            yield Coded(table.where(row), subject, clip, *times, emotion, None, units, self.fps, tails=((clip,),))
