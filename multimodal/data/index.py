"""The clip index: what every data set comes down to, whatever its layout and its coding sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Units = tuple[str, ...]
"""Action units as coded: ``4``, with a side before it where one is given, ``L12``, ``R12``, ``A2`` (asymmetric)."""


@dataclass(frozen=True)
class Clip:
    """One micro-expression.

    Attributes:
        dataset: Name of its layout, such as ``casme2``.
        subject: Whose, as the data set names it; unique within the data set only.
        clip: Its name; unique within the subject.
        onset, apex, offset: Frame numbers as the data set's own files count; None where the sheet does not say.
        fps: Frames a second of the recording; 0 where nobody says.
        emotion: As the sheet says, in lower case.
        objective: Objective class 1 to 7 (Davison et al. 2018), or None where the sheet has none.
        action_units: As coded; empty where the sheet says nothing.
        path: Folder of frames, video, or flow map, relative to the data set's root, with ``/``.
        frames: File names of the frames in the order of time, relative to ``path``; empty for videos and flow maps.
        first: Number of the first frame among those files. Where frames are missing between them, only the number at
            the end of a file's name tells which frame it is; see ``frames.numbers``.
        macro: Whether it is a macro-expression; label rules leave those out.
    """

    dataset: str
    subject: str
    clip: str
    onset: int | None
    apex: int | None
    offset: int | None
    fps: float
    emotion: str
    objective: int | None = None
    action_units: Units = ()
    path: str = ""
    frames: tuple[str, ...] = ()
    first: int = 0
    macro: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What names a clip among all: data set, subject, clip."""
        return self.dataset, self.subject, self.clip


@dataclass(frozen=True)
class Problem:
    """Where a sheet and the files disagree, or a sheet with itself.

    Attributes:
        kind: A short name that problems are counted by, such as ``missing frame``, ``apex before onset``.
        where: The clip, row or file.
        what: One line that says what was found and what was expected.
        dropped: Whether the clip was left out for it.
    """

    kind: str
    where: str
    what: str
    dropped: bool = False


@dataclass(frozen=True)
class ClipIndex:
    """Checked clips, in a fixed order, and every problem that was met; nothing is guessed.

    Attributes:
        clips: Sorted by data set, subject, clip.
        problems: In the order in which they were met.
        roots: For each data set the folder that its clips' paths are relative to.
    """

    clips: tuple[Clip, ...]
    problems: tuple[Problem, ...] = ()
    roots: Mapping[str, Path] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.clips)

    def __iter__(self) -> Iterator[Clip]:
        return iter(self.clips)

    def counts(self) -> dict[str, int]:
        """Return how many problems there are of each kind, the most frequent first."""
        return dict(Counter(problem.kind for problem in self.problems).most_common())


def merged(indexes: Sequence[ClipIndex]) -> ClipIndex:
    """Put the indexes of several data sets together.

    A subject's name that occurs in two data sets stays two people: subjects are told apart by ``(dataset, subject)``.
    """
    clips = sorted((clip for index in indexes for clip in index), key=lambda clip: clip.key)
    problems = tuple(problem for index in indexes for problem in index.problems)
    return ClipIndex(tuple(clips), problems, {name: root for index in indexes for name, root in index.roots.items()})
