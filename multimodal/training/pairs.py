"""Pairs for the fusion head: a sign and an expression that go together as far as a stated coupling says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from multimodal.results import EXPRESSIONS


@dataclass(frozen=True)
class Channel:
    """Samples of one channel.

    Attributes:
        rows: ``[n, features]`` as ``multimodal.fusion.reader`` lays them out; of what was not found, zeros.
        labels: ``[n]``, true class of each.
        groups: ``[n]``, the photo or the person; a split never parts a group.
        found: ``[n]``, whether there was anything to read: a hand, a face that can be seen.
    """

    rows: Float[np.ndarray, "n features"]
    labels: Int[np.ndarray, "n"]
    groups: Int[np.ndarray, "n"]
    found: Bool[np.ndarray, "n"]

    def __len__(self) -> int:
        return len(self.labels)

    def split(self, share: float, rng: np.random.Generator) -> tuple[Channel, Channel]:
        """Split by groups into two channels, the second with about ``share`` of the groups."""
        groups = rng.permutation(np.unique(self.groups))
        held = np.isin(self.groups, groups[: max(1, round(share * len(groups)))])
        return self.pick(~held), self.pick(held)

    def pick(self, keep: Bool[np.ndarray, "n"] | Int[np.ndarray, "some"]) -> Channel:
        """Return the chosen samples, by a mask or by numbers."""
        return Channel(self.rows[keep], self.labels[keep], self.groups[keep], self.found[keep])


def joined(channels: Sequence[Channel]) -> Channel:
    """Return several channels as one; their groups must mean the same."""
    columns = zip(*((part.rows, part.labels, part.groups, part.found) for part in channels), strict=True)
    return Channel(*(np.concatenate(column) for column in columns))


@dataclass(frozen=True)
class Pairs:
    """A set of pairs, as indexes into two channels.

    Attributes:
        gesture, expression: ``[n]``, row of each channel.
        present: ``[n, 2]``, which channel is there.
    """

    gesture: Int[np.ndarray, "n"]
    expression: Int[np.ndarray, "n"]
    present: Bool[np.ndarray, "n 2"]

    def __len__(self) -> int:
        return len(self.gesture)

    def pick(self, rows: slice) -> Pairs:
        """Return some of the pairs."""
        return Pairs(self.gesture[rows], self.expression[rows], self.present[rows])


def draw_pairs(
    gestures: Channel,
    expressions: Channel,
    table: Float[np.ndarray, "19 3"],
    count: int,
    missing: float,
    rng: np.random.Generator,
) -> Pairs:
    """Draw pairs: the sign evenly over its classes, the affect by ``table``, samples of each class evenly.

    Args:
        gestures, expressions: The channels.
        table: P(affect | gesture), see ``fusion.prior.affect_given_gesture``.
        count: How many.
        missing: Probability that a channel is taken away; never both. What was not found is absent besides.
        rng: The source of chance.
    """
    signs = rng.choice(np.unique(gestures.labels), count)
    cumulative = np.cumsum(table[signs], axis=1)
    affects = (rng.random((count, 1)) > cumulative).sum(1).clip(max=len(EXPRESSIONS) - 1)
    first, second = _sample(gestures.labels, signs, rng), _sample(expressions.labels, affects, rng)
    fate = rng.random(count)
    taken = np.stack([fate < missing, fate > 1 - missing], 1)
    present = np.stack([gestures.found[first], expressions.found[second]], 1) & ~taken
    return Pairs(first, second, present)


def _sample(labels: Int[np.ndarray, "n"], wanted: Int[np.ndarray, "m"], rng: np.random.Generator) -> np.ndarray:
    chosen = np.empty(len(wanted), np.int64)
    for label in np.unique(wanted):
        mask = wanted == label
        chosen[mask] = rng.choice(np.flatnonzero(labels == label), mask.sum())
    return chosen
