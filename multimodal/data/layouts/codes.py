"""What coders write into cells: action units, objective classes, emotions."""

from __future__ import annotations

import re

from multimodal.data.index import Units
from multimodal.data.layouts.sheets import Cell, text

_UNIT = re.compile(r"(?<![A-Z])(?:AU\s*)?([LRATB]?)(\d+)(\s*\(k\))?", re.IGNORECASE)
_LEVEL = re.compile(r"(\d+)([LR]?):(\d*\.?\d+)[\d.]*")

ACTIVE = 0.06
"""Peak from which a synthetic unit counts as shown; what lies below is a tremor that no coder sees."""

_ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII")


def parse_units(cell: Cell) -> Units:
    """Read action units: ``4+L10``, ``A1B+A2C``, ``(R6 or R12)+R15``, ``AU4``, ``12A``.

    What stands before a number is kept (L left, R right, A asymmetric, T top, B bottom); grades of strength after it
    (A to E) are not. Of alternatives (``or``) all are kept, as coded. Units marked ``(k)``, which in 4DME are there
    before the expression begins, are left out, and ``?`` says nothing.

    Returns:
        Each unit once, in the order of the sheet.
    """
    found = (side.upper() + str(int(number)) for side, number, still in _UNIT.findall(text(cell)) if not still)
    return tuple(dict.fromkeys(found))


def parse_levels(cell: Cell) -> Units:
    """Read action units with their peaks, as synthetic clips have them: ``12L:0.210 4R:0.031``; the weak are left out.

    Text without peaks is read by ``parse_units``.
    """
    strong = _LEVEL.sub(lambda m: f"+{m[2]}{m[1]}" if float(m[3]) >= ACTIVE else " ", text(cell))
    return parse_units(strong)


def unit_numbers(units: Units) -> frozenset[int]:
    """Return the bare numbers of action units."""
    return frozenset(int(unit.lstrip("LRATB")) for unit in units)


def parse_objective(cell: Cell) -> int | str | None:
    """Read an objective class, ``3`` or ``III``; None where there is none, the text where it is something else."""
    shown = text(cell).upper()
    if not shown:
        return None
    if shown in _ROMAN[1:]:
        return _ROMAN.index(shown)
    return int(shown) if shown.isdecimal() and 1 <= int(shown) < len(_ROMAN) else text(cell)


def parse_emotion(cell: Cell) -> str:
    """Read an emotion: lower case, one blank at most in a row; several are joined by ``+`` in alphabetical order."""
    parts = (" ".join(part.split()) for part in re.split(r"[+/,;&]", text(cell).lower()))
    return "+".join(sorted({part for part in parts if part}))
