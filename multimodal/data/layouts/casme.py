"""CASME (Yan et al. 2013): 60 frames a second; ``sub01/EP01_5/EP01_5-42.jpg``, cropped ``reg_EP01_5-42.jpg``.

The sheet has the columns Subject, Filename, OnsetF, ApexF1, ApexF2, OffsetF, AUs, Emotion (reconstructed); the first
apex is taken. Sections A and B are opened side by side, or from the folder above them with one sheet for both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from multimodal.data.layouts.base import Layout, numbered, register_layout, wanted
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.codes import parse_emotion, parse_units
from multimodal.data.layouts.sheets import Table


@register_layout("casme")
class Casme(Layout):
    """CASME."""

    name = "casme"
    title = "CASME"
    fps = 60.0
    emotions = frozenset(["contempt", "disgust", "fear", "happiness", "repression", "sadness", "surprise", "tense"])
    columns = (
        *wanted(subject="Subject", clip="Filename", onset="OnsetF", apex="ApexF1|ApexF", offset="OffsetF"),
        *wanted(emotion="Emotion|Estimated Emotion"),
        *wanted(False, units="AUs|Action Units|AU"),
    )

    def claims(self, table: Table) -> bool:
        """Its clips are named after film episodes: ``EP01_5``."""
        return any(re.match(r"EP\d", row.text("clip"), re.IGNORECASE) for row in table.rows)

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """Turn the sheet's rows into expressions."""
        for row in table.rows:
            subject, clip = numbered("sub", row.text("subject")), row.text("clip")
            times = row.cells["onset"], row.cells["apex"], row.cells["offset"]
            emotion, units = parse_emotion(row.cells["emotion"]), parse_units(row.cells["units"])
            tails = ((subject, clip),)
            yield Coded(table.where(row), subject, clip, *times, emotion, None, units, self.fps, tails=tails)
