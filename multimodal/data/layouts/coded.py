"""Rows of a sheet as they stand there, and their frame numbers, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from multimodal.data.index import Problem, Units
from multimodal.data.layouts.folders import Tail
from multimodal.data.layouts.sheets import Cell, whole


@dataclass(frozen=True)
class Coded:
    """One expression, as a sheet has it; frame numbers and classes are still cells.

    Attributes:
        where: File and row, for messages.
        subject, clip, emotion, units, fps, macro: As in ``Clip``.
        onset, apex, offset, objective: Cells.
        tails: How its folder may be called, the likeliest first.
    """

    where: str
    subject: str
    clip: str
    onset: Cell
    apex: Cell
    offset: Cell
    emotion: str
    objective: Cell = None
    units: Units = ()
    fps: float = 0.0
    macro: bool = False
    tails: tuple[Tail, ...] = ()


@dataclass
class Notes:
    """Collects problems, in the order in which they are met."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, kind: str, where: str, what: str, dropped: bool = False) -> None:
        """Note one problem; see ``Problem``."""
        self.problems.append(Problem(kind, where, what, dropped))


class Times(NamedTuple):
    """Onset, apex and offset, frame numbers."""

    onset: int
    apex: int | None
    offset: int | None

    @property
    def last(self) -> int:
        """The last frame that is told."""
        return next(number for number in (self.offset, self.apex, self.onset) if number is not None)


def timed(row: Coded, notes: Notes) -> Times | None:
    """Check onset, apex and offset against each other; what contradicts the rest becomes None.

    Returns:
        The times, or None where there is no onset.
    """
    where = f"{row.subject}/{row.clip}"
    onset, apex, offset = (
        _frame(cell, name, row, notes)
        for name, cell in (("onset", row.onset), ("apex", row.apex), ("offset", row.offset))
    )
    if onset is None:
        notes.add("missing onset", where, f"{row.where}: the sheet has no onset", dropped=True)
        return None
    if offset is not None and offset < onset:
        notes.add("offset before onset", where, f"{row.where}: offset {offset}, onset {onset}: offset taken as unknown")
        offset = None
    if apex is not None and apex < onset:
        notes.add("apex before onset", where, f"{row.where}: apex {apex}, onset {onset}: apex taken as unknown")
        apex = None
    elif apex is not None and offset is not None and apex > offset:
        notes.add("apex after offset", where, f"{row.where}: apex {apex}, offset {offset}: apex taken as unknown")
        apex = None
    elif apex == onset:
        notes.add("apex at onset", where, f"{row.where}: apex and onset are frame {onset}: there is no motion between")
    return Times(onset, apex, offset)


def _frame(cell: Cell, name: str, row: Coded, notes: Notes) -> int | None:
    number = whole(cell)
    where = f"{row.subject}/{row.clip}"
    if isinstance(number, str):
        notes.add("non-numeric frame", where, f"{row.where}: {name} is {number!r}: taken as unknown")
        return None
    if number is None and name != "onset":
        notes.add(f"unknown {name}", where, f"{row.where}: the sheet has no {name}")
    return number
