"""The story of a run, as events: what a person would tell, out of all that is known of each frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import numpy as np

from multimodal.live import Step
from multimodal.results import REGIONS, Result

GROUPS: dict[str, tuple[str, ...]] = {
    "brows": ("brow_outer_left", "brow_inner_left", "brow_inner_right", "brow_outer_right"),
    "eyes": ("eye_left", "eye_right"),
    "nose": ("nose_left", "nose_right"),
    "mouth": ("mouth_corner_left", "mouth_corner_right", "upper_lip", "chin"),
}
"""Parts of the face whose hiding is told: masks and glasses hide whole groups."""

HIDDEN, VISIBLE = 0.35, 0.65
"""Mean visibility of a group under which it counts as hidden, and over which as visible."""

SETTLE_MS = 200.0
"""How long a new state must last before it is told; the event then carries the time at which it began."""

Row = dict[str, Any]
S = TypeVar("S")


class Settled(Generic[S]):
    """A state that changes only once the new one has lasted."""

    def __init__(self, state: S, settle_ms: float = SETTLE_MS) -> None:
        self.state, self.settle_ms = state, settle_ms
        self._next: tuple[S, float] | None = None

    def push(self, t_ms: float, state: S) -> float | None:
        """Take the state seen now; return when it began if the settled state changes with this call."""
        if state == self.state:
            self._next = None
            return None
        if self._next is None or self._next[0] != state:
            self._next = (state, t_ms)
        if t_ms - self._next[1] < self.settle_ms:
            return None
        self.state, begin = self._next
        self._next = None
        return begin

    def interrupt(self) -> None:
        """Begin the waiting anew: a state does not last through a gap in the signal."""
        self._next = None


class Story:
    """Turns steps into events.

    Args:
        independent: The frames are single pictures: every hand and face is told, nothing is compared with before.
    """

    def __init__(self, independent: bool = False) -> None:
        settle = 0.0 if independent else SETTLE_MS
        self.independent = independent
        self._face: Settled[bool | None] = Settled(None, settle)
        self._sign: Settled[str | None] = Settled(None, settle)
        self._person: int | None = None
        self._groups = {name: Settled("visible", settle) for name in GROUPS}

    def rows(self, step: Step) -> Iterator[Row]:
        """Yield the events of one step, as rows for ``events.jsonl``."""
        if step.gap_ms is not None:
            yield self._gap_row(step.frame.t_ms, step.gap_ms)
        yield from self._face_rows(step)
        yield from self._hidden_rows(step)
        yield from self._sign_rows(step)
        if step.expression is not None:
            yield {"event": "expression", "t_ms": step.frame.t_ms, **_of(step.expression)}
        if step.decision is not None:
            yield {"event": "decision", **_of(step.decision)}

    def _gap_row(self, t_ms: float, gap_ms: float) -> Row:
        self._face.interrupt()
        self._sign.interrupt()
        for group in self._groups.values():
            group.interrupt()
        return {"event": "gap", "t_ms": t_ms, "gap_ms": round(gap_ms, 3)}

    def _face_rows(self, step: Step) -> Iterator[Row]:
        begin = self._face.push(step.frame.t_ms, step.face.success)
        if begin is not None:
            yield {"event": "face_found" if step.face.success else "face_lost", "t_ms": begin}
        if step.face.success and not self.independent:
            if self._person not in (None, step.face.person):
                yield {"event": "another_person", "t_ms": step.frame.t_ms}
            self._person = step.face.person

    def _hidden_rows(self, step: Step) -> Iterator[Row]:
        if step.face.visibility is None:
            return
        for name, members in GROUPS.items():
            seen = float(np.mean([step.face.visibility[REGIONS.index(member)] for member in members]))
            settled = self._groups[name]
            state = "hidden" if seen < HIDDEN else "visible" if seen > VISIBLE else settled.state
            begin = settled.push(step.frame.t_ms, state)
            if begin is not None:
                yield {"event": state, "t_ms": begin, "part": name, "visibility": round(seen, 3)}

    def _sign_rows(self, step: Step) -> Iterator[Row]:
        hand = step.gesture.hands[0] if step.gesture.hands else None
        name = hand.gesture if hand else None
        begin = self._sign.push(step.frame.t_ms, name)
        if self.independent and hand is not None:
            origin = {"frame": step.frame.index, "source": step.frame.source}
            yield {"event": "gesture", "t_ms": step.frame.t_ms, **origin, **_of(hand)}
        elif begin is not None and hand is not None:
            yield {"event": "gesture", "t_ms": begin, "frame": step.frame.index, **_of(hand)}
        elif begin is not None:
            yield {"event": "gesture_end", "t_ms": begin}


def _of(result: Result) -> Row:
    row = result.to_dict()
    del row["schema"]
    return row
