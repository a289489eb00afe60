"""CAS(ME)2 (Qu et al. 2018): macro- and micro-expressions in long videos, 30 frames a second; reconstructed in part.

Frames lie in ``rawpic/s15/15_0101disgustingteeth/img1.jpg`` (the whole film), or cut out in
``selectedpic/s15/disgust1_1/``. ``CAS(ME)^2code_final.xlsx`` has no header: subject's number, film and number of the
expression (``disgust1_1``), onset, apex, offset (0: not told), action units, emotion, ``macro-expression`` or
``micro-expression``, self-report. Its other two sheets say which folder a subject has and which code a film; in all of
them columns are told by what stands in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from multimodal.data.layouts.base import Layout, numbered, register_layout
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.codes import parse_emotion, parse_units
from multimodal.data.layouts.sheets import Cell, Column, Grid, Row, Table, read_grids, text
from multimodal.errors import UsageError

_KIND = re.compile(r"(macro|micro)[ -]?expression", re.IGNORECASE)
_FIELDS = ("subject", "clip", "onset", "apex", "offset", "units", "emotion", "kind")


@register_layout("casme_sq")
class CasmeSq(Layout):
    """CAS(ME)2."""

    name = "casme_sq"
    title = "CAS(ME)2"
    fps = 30.0
    emotions = frozenset(
        ["anger", "disgust", "fear", "happiness", "negative", "others", "positive", "sadness", "surprise"]
    )
    columns = tuple(Column(field, (field,)) for field in _FIELDS)
    whole_video = True

    def table(self, path: Path) -> Table:
        """Read the sheet, whose columns have no names but an order; a header above them is passed over.

        Raises:
            UsageError: No row names a macro- or micro-expression in its eighth column.
        """
        grid = next(iter(read_grids(path)), ())
        rows = (Row(n, dict(zip(_FIELDS, cells, strict=False)), {}) for n, cells in enumerate(grid, start=1))
        kept = tuple(row for row in rows if _KIND.match(row.text("kind")))
        if not kept:
            raise UsageError(f"{path.name}: no macro-expression or micro-expression in its eighth column: name another")
        return Table(path, kept, _FIELDS)

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """Turn the sheet's rows into expressions."""
        people, films = _names(table.path)
        for row in table.rows:
            subject, clip = people.get(row.text("subject"), numbered("s", row.text("subject"))), row.text("clip")
            onset, apex, offset = (_told(row.cells[name]) for name in ("onset", "apex", "offset"))
            emotion, units = parse_emotion(row.cells["emotion"]), parse_units(row.cells["units"])
            code = films.get(clip.rpartition("_")[0])
            long = ((subject, f"{subject.lstrip('s')}_{code}*"),) if code else ()
            macro = row.text("kind").lower().startswith("macro")
            yield Coded(
                table.where(row),
                subject,
                clip,
                onset,
                apex,
                offset,
                emotion,
                units=units,
                fps=self.fps,
                macro=macro,
                tails=(*long, (subject, clip)),
            )


def _told(cell: Cell) -> Cell:
    return None if text(cell) == "0" else cell


def _names(path: Path) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return subject's number -> folder, and film's name -> four-digit code, from the sheets after the first."""
    people: dict[str, str] = {}
    films: dict[str, str] = {}
    for grid in read_grids(path)[1:]:
        people |= _pairs(grid, r"\d{1,2}", r"s\d{2}")
        films |= _pairs(grid, r"[A-Za-z]+\d*", r"\d{3,4}")
    return people, {name: code.zfill(4) for name, code in films.items()}


def _pairs(grid: Grid, key: str, value: str) -> dict[str, str]:
    """Return the rows' last cells that look like ``key``, with the first ones that look like ``value``."""
    pairs = {}
    for row in grid:
        cells = [text(cell) for cell in row]
        values = [cell for cell in cells if re.fullmatch(value, cell)]
        keys = [cell for cell in cells if re.fullmatch(key, cell) and cell not in values]
        if keys and values:
            pairs[keys[-1]] = values[0]
    return pairs
