"""Expressions for the fusion head: flow maps as the expression room reads them, free and behind things."""

from __future__ import annotations

import numpy as np

from multimodal.data.people.clips import ClipConfig, synthesise
from multimodal.data.samples import FlowSamples
from multimodal.evaluation.conditions import draw_covers
from multimodal.evaluation.ready import behind, read_clips
from multimodal.expression.reader import ExpressionReader
from multimodal.training.pairs import Channel, joined

COVERS = ("mask", "glasses", "sunglasses", "block:0.2", "block:0.35", "block:0.5", "hand", "scarf", "hair")
"""What may hide the faces that are learned from; each copy of a clip is behind one of them, drawn by chance."""

_OTHER_PEOPLE = 1000
"""Added to the seed of synthetic clips: they are other people than those of the expression training."""


def read_faces(
    reader: ExpressionReader, samples: FlowSamples, condition: str, seed: int = 0, workers: int | None = None
) -> Channel:
    """Read clips behind what a condition puts before the faces; groups are the subjects.

    Raises:
        UsageError: The condition is unknown, see ``evaluation.conditions.parse``.
    """
    from multimodal.fusion.reader import EXPRESSION_ROW, expression_row

    shown = behind(samples, draw_covers(condition, samples, seed, workers=workers))
    rows, found = np.zeros((len(samples), EXPRESSION_ROW), np.float32), np.zeros(len(samples), bool)
    for place, felt in read_clips(reader, shown):
        rows[place], found[place] = expression_row(felt), True
    _, people = np.unique(np.asarray(samples.subjects), return_inverse=True)
    return Channel(rows, samples.labels.astype(np.int64), people.astype(np.int64), found)


def read_free_and_covered(
    reader: ExpressionReader, samples: FlowSamples, copies: int, seed: int = 0, workers: int | None = None
) -> Channel:
    """Read every clip free and in so many copies behind things of ``COVERS``.

    Returns:
        ``1 + copies`` times the clips, one copy after the other.
    """
    parts = [read_faces(reader, samples, "none")]
    rng = np.random.default_rng(seed)
    for copy in range(copies):
        parts.append(_mixed(reader, samples, rng.integers(0, len(COVERS), len(samples)), seed + copy, workers))
    return joined(parts)


def synthetic_faces(clips: int, seed: int) -> FlowSamples:
    """Return free synthetic clips of one map each, of people that the shipped weights have not seen."""
    made = synthesise(ClipConfig(clips=clips, lengths={1: 1.0}, covered=0.0), seed + _OTHER_PEOPLE)[1]
    people = tuple(f"synthetic/{number}" for number in made.identity)
    names = tuple(map(str, range(len(made))))
    return FlowSamples(
        made.flow[:, 0].astype(np.float32),
        made.visibility.astype(np.float32),
        made.expression.astype(np.int64),
        people,
        ("synthetic",) * len(made),
        names,
    )


def _mixed(
    reader: ExpressionReader, samples: FlowSamples, kinds: np.ndarray, seed: int, workers: int | None
) -> Channel:
    order: list[int] = []
    parts: list[Channel] = []
    for number, condition in enumerate(COVERS):
        rows = np.flatnonzero(kinds == number)
        if len(rows):
            parts.append(read_faces(reader, samples.pick(rows), condition, seed, workers))
            order += rows.tolist()
    mixed = joined(parts)
    back = np.argsort(order)
    _, people = np.unique(np.asarray(samples.subjects), return_inverse=True)
    return Channel(mixed.rows[back], mixed.labels[back], people.astype(np.int64), mixed.found[back])
