"""SAMM (Davison et al. 2016): 200 frames a second, grey; ``006/006_1_2/006_05562.jpg``.

The sheet ``SAMM_Micro_FACS_Codes_v2.xlsx`` has a preamble above its header; variants without it are read as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from multimodal.data.layouts.base import Layout, numbered, register_layout, wanted
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.codes import parse_emotion, parse_units
from multimodal.data.layouts.sheets import Table


@register_layout("samm")
class Samm(Layout):
    """SAMM."""

    name = "samm"
    title = "SAMM"
    fps = 200.0
    emotions = frozenset(["anger", "contempt", "disgust", "fear", "happiness", "other", "sadness", "surprise"])
    columns = (
        *wanted(subject="Subject", clip="Filename", inducement="Inducement Code"),
        *wanted(onset="Onset Frame", apex="Apex Frame", offset="Offset Frame", emotion="Estimated Emotion"),
        *wanted(False, units="Action Units", objective="Objective Classes|Objective Class"),
    )

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """Turn the sheet's rows into expressions."""
        for row in table.rows:
            subject, clip = numbered("", row.text("subject"), 3), row.text("clip")
            times = row.cells["onset"], row.cells["apex"], row.cells["offset"]
            emotion, units = parse_emotion(row.cells["emotion"]), parse_units(row.cells["units"])
            objective, tails = row.cells["objective"], ((subject, clip),)
            yield Coded(table.where(row), subject, clip, *times, emotion, objective, units, self.fps, tails=tails)
