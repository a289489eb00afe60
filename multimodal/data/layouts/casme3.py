"""CAS(ME)3, part A, micro-expressions (Li et al. 2022): 30 frames a second; ``frame/spNO.1_e_62/62.jpg``.

The sheet's file name is a film's letter, of which a subject may have several expressions, so that a clip is named by
film and onset, ``e_62``, as its folder is. Whole recordings, ``spNO.1/e/color/62.jpg``, are read as well
(reconstructed).
"""

from __future__ import annotations

from collections.abc import Iterator

from multimodal.data.layouts.base import Layout, register_layout, wanted
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.codes import parse_emotion, parse_units
from multimodal.data.layouts.sheets import Table


@register_layout("casme3")
class Casme3(Layout):
    """CAS(ME)3."""

    name = "casme3"
    title = "CAS(ME)3"
    fps = 30.0
    emotions = frozenset(["anger", "disgust", "fear", "happy", "others", "sad", "surprise"])
    columns = (
        *wanted(subject="Subject", clip="Filename", onset="Onset", apex="Apex", offset="Offset", emotion="emotion"),
        *wanted(units="AU", objective="Objective class"),
    )

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """Turn the sheet's rows into expressions."""
        for row in table.rows:
            subject, film, onset = row.text("subject"), row.text("clip"), row.text("onset")
            clip = f"{film}_{onset}"
            times = row.cells["onset"], row.cells["apex"], row.cells["offset"]
            emotion, units = parse_emotion(row.cells["emotion"]), parse_units(row.cells["units"])
            tails = ((f"{subject}_{clip}",), (subject, film, "color"), (subject, film))
            objective = row.cells["objective"]
            yield Coded(table.where(row), subject, clip, *times, emotion, objective, units, self.fps, tails=tails)
