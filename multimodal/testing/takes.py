"""What a fabricated data set shows: takes, each an expression, before a layout gives them names and files."""

from __future__ import annotations

from dataclasses import dataclass, field

from multimodal.data.layouts.sheets import Cell

LENGTH = 8
"""Frames from onset to offset, both counted."""

EXPRESSIONS = {"negative": ("4", 3), "positive": ("12", 1), "surprise": ("1+2", 2)}
"""Action units and objective class of each."""


@dataclass
class Take:
    """One expression; faults change it.

    Attributes:
        person: From 1.
        number: Of the take among the person's, from 1.
        expression: A key of ``EXPRESSIONS``.
        begin: Number of the frame at onset.
        onset, apex, offset: What the sheet says.
        emotion: What the sheet says instead of the layout's own name for the expression.
        rows: How often it stands in the sheet.
        frames: Numbers of the frames on the disk; none: there is no folder.
    """

    person: int
    number: int
    expression: str
    begin: int
    onset: Cell = None
    apex: Cell = None
    offset: Cell = None
    emotion: str | None = None
    rows: int = 1
    frames: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        last = self.begin + LENGTH - 1
        self.onset, self.apex, self.offset = self.begin, self.peak, last
        self.frames = list(range(self.begin, last + 1))

    @property
    def peak(self) -> int:
        """Number of the frame in which it is really strongest."""
        return self.begin + LENGTH // 2

    @property
    def units(self) -> str:
        """Its action units."""
        return EXPRESSIONS[self.expression][0]

    @property
    def objective(self) -> int:
        """Its objective class."""
        return EXPRESSIONS[self.expression][1]

    def strength(self, frame: int) -> float:
        """Return how strong the expression is in a frame, 0 to 1."""
        return max(0.0, 1 - abs(frame - self.peak) / (LENGTH // 2))


def sample_takes(people: int, takes: int, begin: int = 46) -> list[Take]:
    """Return takes of several people; each person shows the expressions in turn."""
    names = list(EXPRESSIONS)
    return [
        Take(person, number, names[(person + number) % len(names)], begin + 20 * number)
        for person in range(1, people + 1)
        for number in range(1, takes + 1)
    ]
