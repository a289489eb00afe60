"""CASME II (Yan et al. 2014): 200 frames a second; ``sub01/EP02_01f/img46.jpg``, cropped ``reg_img46.jpg``.

Both coding sheets are read: of 2014, and of 2019 with its empty columns and the objective classes (Davison et al.
    2018). Beside the former lies, as it is handed out, ``CASME2-ObjectiveClasses.xlsx`` with the classes of MEGC 2018;
    where it is there, rows without a class of their own take theirs from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from multimodal.data.layouts.base import Layout, numbered, register_layout, wanted
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.codes import parse_emotion, parse_units
from multimodal.data.layouts.folders import simple
from multimodal.data.layouts.sheets import Cell, Table, read_table

CLASSES = "*ObjectiveClass*.xlsx"
"""The file of objective classes beside the coding sheet."""


@register_layout("casme2")
class Casme2(Layout):
    """CASME II."""

    name = "casme2"
    title = "CASME II"
    fps = 200.0
    emotions = frozenset(["disgust", "fear", "happiness", "others", "repression", "sadness", "surprise"])
    columns = (
        *wanted(subject="Subject", clip="Filename", onset="OnsetFrame", apex="ApexFrame", offset="OffsetFrame"),
        *wanted(emotion="Estimated Emotion"),
        *wanted(False, units="Action Units|AU", objective="Objective Classes|Objective Class"),
    )

    def claims(self, table: Table) -> bool:
        """Its clips are named after film episodes: ``EP02_01f``."""
        return any(re.match(r"EP\d", row.text("clip"), re.IGNORECASE) for row in table.rows)

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """Turn the sheet's rows into expressions."""
        classes = _classes(table.path)
        for row in table.rows:
            subject, clip = numbered("sub", row.text("subject")), row.text("clip")
            times = row.cells["onset"], row.cells["apex"], row.cells["offset"]
            emotion, units = parse_emotion(row.cells["emotion"]), parse_units(row.cells["units"])
            objective = row.cells["objective"] or classes.get((simple(subject), simple(clip)))
            tails = ((subject, clip),)
            yield Coded(table.where(row), subject, clip, *times, emotion, objective, units, self.fps, tails=tails)


def _classes(sheet: Path) -> Mapping[tuple[str, str], Cell]:
    """Return the classes of the file beside the coding sheet, by subject and clip; none where there is no such file."""
    path = next(iter(sorted(sheet.parent.glob(CLASSES))), None)
    if path is None:
        return {}
    columns = wanted(subject="Subject", clip="Filename", objective="Objective Class|Objective Classes|Class")
    keyed = ((numbered("sub", row.text("subject")), row.text("clip"), row) for row in read_table(path, columns).rows)
    return {(simple(subject), simple(clip)): row.cells["objective"] for subject, clip, row in keyed}
