"""Pairs for the fusion head: a sign and an expression that go together as far as a stated coupling says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from multimodal.results import EXPRESSIONS, GESTURES


@dataclass(frozen=True)
class Channel:
    """Samples of one channel.

    Attributes:
        rows: ``[n, features]`` as ``multimodal.fusion.reader`` lays them out.
        labels: ``[n]``, true class of each.
        groups: ``[n]``, the photo or the person; a split never parts a group.
    """

    rows: Float[np.ndarray, "n features"]
    labels: Int[np.ndarray, "n"]
    groups: Int[np.ndarray, "n"]

    def split(self, share: float, rng: np.random.Generator) -> tuple[Channel, Channel]:
        """Split by groups into two channels, the second with about ``share`` of the groups."""
        groups = rng.permutation(np.unique(self.groups))
        held = np.isin(self.groups, groups[: max(1, round(share * len(groups)))])
        return self._take(~held), self._take(held)

    def _take(self, keep: Bool[np.ndarray, "n"]) -> Channel:
        return Channel(self.rows[keep], self.labels[keep], self.groups[keep])


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


def affect_given_gesture(coupling: float, affinity: dict[str, str]) -> Float[np.ndarray, "19 3"]:
    """Return P(affect | gesture), rows over ``GESTURES``, columns over ``EXPRESSIONS``.

    Args:
        coupling: 0 (independent: uniform rows) to 1 (a gesture with an affinity always comes with that affect).
        affinity: gesture -> affect; gestures left out stay uniform.
    """
    table = np.full((len(GESTURES), len(EXPRESSIONS)), 1 / len(EXPRESSIONS))
    for gesture, affect in affinity.items():
        row = table[GESTURES.index(gesture)]
        row *= 1 - coupling
        row[EXPRESSIONS.index(affect)] += coupling
    return table


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
        table: P(affect | gesture), see ``affect_given_gesture``.
        count: How many.
        missing: Probability that a channel is missing; never both.
        rng: The source of chance.
    """
    signs = rng.choice(np.unique(gestures.labels), count)
    cumulative = np.cumsum(table[signs], axis=1)
    affects = (rng.random((count, 1)) > cumulative).sum(1).clip(max=len(EXPRESSIONS) - 1)
    present = np.ones((count, 2), bool)
    fate = rng.random(count)
    present[fate < missing, 0] = False
    present[fate > 1 - missing, 1] = False
    return Pairs(_sample(gestures.labels, signs, rng), _sample(expressions.labels, affects, rng), present)


def _sample(labels: Int[np.ndarray, "n"], wanted: Int[np.ndarray, "m"], rng: np.random.Generator) -> np.ndarray:
    chosen = np.empty(len(wanted), np.int64)
    for label in np.unique(wanted):
        mask = wanted == label
        chosen[mask] = rng.choice(np.flatnonzero(labels == label), mask.sum())
    return chosen
