"""Interval spotters without a network: the product's own, the peaks of motion, and optical-flow features."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from multimodal.data.spotting.film import Film
from multimodal.data.spotting.videos import Interval, Kind
from multimodal.evaluation.spotted import Counts, count
from multimodal.expression.flow_features import LEAST_PERCENT, Wave, strongest, waves
from multimodal.expression.peaks import PAPER_P, peak_intervals
from multimodal.expression.spotting import MicroExpressionSpotter
from multimodal.training.spotters.base import (
    CodedFilm,
    IntervalSpotter,
    IntervalTask,
    register_interval_spotter,
)

SHARES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9)
"""What ``p`` of the peaks of motion is chosen from."""

HEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.3, 1.6, 2.0, 2.5, 3.0, 4.0, 6.0)
"""What the least height of a wave is chosen from, percent of the distance between the eyes."""

_LENGTHS_MS: dict[Kind, tuple[float, float]] = {"micro": (80.0, 500.0), "macro": (500.0, 4000.0)}
"""Shortest and longest expression, as MEGC parts them; that none is shorter than .08 s is our choice."""


@register_interval_spotter("live")
class Live(IntervalSpotter):
    """The spotter of the live path with its shipped settings, which knows no macro-expressions."""

    kinds = ("micro",)

    def spot(self, task: IntervalTask) -> list[list[Interval]]:
        """See ``IntervalSpotter``."""
        return [_watched(film) for film in task.tests]


@register_interval_spotter("magnitude-peak")
class MagnitudePeaks(IntervalSpotter):
    """Peaks of the flow's mean length, decoded as SOFTNet's scores; ``p`` is chosen on the training side, if any."""

    def spot(self, task: IntervalTask) -> list[list[Interval]]:
        """See ``IntervalSpotter``."""

        def spotted(film: Film, p: float) -> list[Interval]:
            scale = film.scales[task.kind]
            return peak_intervals(scale.magnitude, scale.there, scale.half, p)

        p = chosen(SHARES, PAPER_P, task.train, task.kind, lambda one, share: spotted(one.film, share))
        return [spotted(film, p) for film in task.tests]


@register_interval_spotter("of-fd")
class FlowFeatures(IntervalSpotter):
    """Waves of optical-flow features; their least height is chosen on the training side, if any."""

    def spot(self, task: IntervalTask) -> list[list[Interval]]:
        """See ``IntervalSpotter``."""
        learned = {one.name: waves_of(one.film, task.kind) for one in task.train}
        least = chosen(
            HEIGHTS, LEAST_PERCENT, task.train, task.kind, lambda one, height: strongest(learned[one.name], height)
        )
        return [strongest(waves_of(film, task.kind), least) for film in task.tests]


def waves_of(film: Film, kind: Kind) -> list[Wave]:
    """Return all waves of a film that last as long as expressions of a kind."""
    scale = film.scales[kind]
    shortest, longest = (length * film.fps / 1000 for length in _LENGTHS_MS[kind])
    return waves(scale.places, scale.starts, scale.half, (shortest, longest))


def chosen(
    values: Sequence[float],
    otherwise: float,
    train: Sequence[CodedFilm],
    kind: Kind,
    spot: Callable[[CodedFilm, float], list[Interval]],
) -> float:
    """Return the value with the highest F1 over the training videos, the first of equals.

    Args:
        values: What to choose from.
        otherwise: What is taken where there is nothing to learn from.
        train: The training side.
        kind: Of the expressions.
        spot: Training video and value -> intervals.
    """
    if not any(one.truth[kind] for one in train):
        return otherwise
    found = [sum((count(spot(one, value), one.truth[kind]) for one in train), Counts()).f1 for value in values]
    return values[found.index(max(found))]


def _watched(film: Film) -> list[Interval]:
    """Show a film to the live spotter, a frame at a time; a lost face makes it forget."""
    spotter, found = MicroExpressionSpotter(), list[Interval]()
    for motion in film.motions:
        if motion is None:
            spotter.reset()
        elif (spotted := spotter.push(motion)) is not None:
            first, last = (round(t_ms * film.fps / 1000) for t_ms in (spotted.onset_ms, spotted.offset_ms))
            found.append((first, last))
    return found
