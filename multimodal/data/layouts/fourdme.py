"""4DME (Li et al. 2022), the grey videos of micro-expressions: 60 frames a second; reconstructed.

Folders ``gray_micro/S13_1st_001_01_1/*.jpg`` are named by subject, session, video and number of the expression. The
sheet has sub_ID, video_number, ME_number, subME_number, Onset, Apex, Offset, AUs and Emotion, which may be several
(``Negative+Repression``); instead of the last two, columns of zeros and ones are read (``AU4``, ``Surprise`` ...). An
apostrophe after a value is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator

from multimodal.data.layouts.base import Layout, marked_units, register_layout, wanted
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.codes import parse_emotion, parse_units
from multimodal.data.layouts.sheets import Row, Table, text


@register_layout("fourdme")
class FourDme(Layout):
    """4DME."""

    name = "fourdme"
    title = "4DME"
    fps = 60.0
    emotions = frozenset(["negative", "others", "positive", "repression", "surprise"])
    columns = (
        *wanted(subject="sub_ID", video="video_number", number="ME_number"),
        *wanted(onset="Onset", apex="Apex", offset="Offset"),
        *wanted(False, part="subME_number", units="AUs|Action Units|AU", emotion="Emotion|Emotion_type"),
    )

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """Turn the sheet's rows into expressions."""
        for row in table.rows:
            subject, video, number, part = (
                row.text(field).strip("' ") for field in ("subject", "video", "number", "part")
            )
            clip = "_".join(filter(None, (video, number, part)))
            times = row.cells["onset"], row.cells["apex"], row.cells["offset"]
            emotion = parse_emotion(row.cells["emotion"]) or self._marked(row)
            units = parse_units(row.cells["units"]) or marked_units(row)
            tails = ((f"{subject}_{clip}",), (f"{subject}_1st_{clip}",), (f"{subject}_2nd_{clip}",))
            yield Coded(table.where(row), subject, clip, *times, emotion, None, units, self.fps, tails=tails)

    def _marked(self, row: Row) -> str:
        """Return the emotions whose columns are marked."""
        marks = {name.strip().lower() for name, cell in row.named.items() if text(cell) == "1"}
        return "+".join(sorted(marks & self.emotions))
