"""Dwell: a sign counts once it has been held, and frames vote on which sign it is."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from multimodal.results import GESTURES, Hand

REST = "no_gesture"


@dataclass(frozen=True)
class Held:
    """A sign that has been held long enough.

    Attributes:
        hand: The newest hand of that sign, its probabilities replaced by their mean over the votes.
        since_ms: When it had been held for the dwell. It names the hold: the same sign shown anew has another.
        begun_ms: When the first frame showed it.
    """

    hand: Hand
    since_ms: float
    begun_ms: float


class Vote:
    """Vote over the last ``dwell_ms``.

    Args:
        dwell_ms: How long a sign must be held.
        share: Share of the frames in that time that must show it, above 0.5.
        release_ms: How long it must be gone before the hold is over.
    """

    def __init__(self, dwell_ms: float, share: float, release_ms: float) -> None:
        self.dwell_ms, self.share, self.release_ms = dwell_ms, share, release_ms
        self._frames: deque[tuple[float, Hand | None]] = deque()
        self._held: tuple[str, float, float] | None = None
        self._seen_ms = -np.inf

    def push(self, t_ms: float, hand: Hand | None) -> Held | None:
        """Take one frame's best hand (None: no hand) and return the sign that is held now, if any."""
        self._frames.append((t_ms, hand))
        while len(self._frames) > 1 and self._frames[1][0] <= t_ms - self.dwell_ms:
            self._frames.popleft()
        votes = self._winner()
        if votes:
            return self._hold(t_ms, votes)
        if t_ms - self._seen_ms > self.release_ms:
            self._held = None
        return None

    def reset(self) -> None:
        """Forget everything: after a gap in the signal."""
        self._frames.clear()
        self._held = None
        self._seen_ms = -np.inf

    def _winner(self) -> list[Hand]:
        oldest, newest = self._frames[0][0], self._frames[-1][0]
        hands = [hand for _, hand in self._frames if hand is not None and hand.gesture != REST]
        if newest - oldest < self.dwell_ms or not hands:
            return []
        names = [hand.gesture for hand in hands]
        winner = max(set(names), key=lambda name: (names.count(name), name))
        if names.count(winner) < self.share * len(self._frames):
            return []
        return [hand for hand in hands if hand.gesture == winner]

    def _hold(self, t_ms: float, votes: list[Hand]) -> Held:
        name = votes[-1].gesture
        if self._held is None or self._held[0] != name:
            begun = next(t for t, hand in self._frames if hand is not None and hand.gesture == name)
            self._held = (name, t_ms, begun)
        self._seen_ms = t_ms
        mean = np.mean([hand.probabilities for hand in votes], axis=0).astype(np.float32)
        hand = replace(votes[-1], probabilities=mean, confidence=float(mean[GESTURES.index(name)]))
        return Held(hand, *self._held[1:])
