"""The spotting systems of the zoo as spotters: each trained anew in every fold for a fixed number of epochs."""

from __future__ import annotations

import functools

import numpy as np
from jaxtyping import Float

from multimodal.data.spotting.clips import ClipMotion
from multimodal.data.spotting.film import Film
from multimodal.data.spotting.videos import Interval
from multimodal.expression.peaks import PAPER_P, peak_intervals, smoothed
from multimodal.expression.zoo.systems import SystemConfig, systems_for
from multimodal.training.spotters.apex import REACH
from multimodal.training.spotters.base import (
    ApexSpotter,
    ApexTask,
    IntervalSpotter,
    IntervalTask,
    register_apex_spotter,
    register_interval_spotter,
)


class ApexNetwork(ApexSpotter):
    """Learns how near a frame is to the apex, and says the frame whose score, averaged over five, is highest.

    Args:
        system: Which, and how it is trained; takes ``onset_flow``.
    """

    trains = chance = True

    def __init__(self, system: SystemConfig) -> None:
        self.system = system

    def spot(self, task: ApexTask) -> list[int]:
        """See ``ApexSpotter``."""
        from multimodal.training.spotting_nets import apex_lesson, centred, scores, train

        network = train(self.system, apex_lesson(task.train), fold_seed(self.system, task.name, task.seed))
        return [_apex(test, scores(network, centred(test.flow))) for test in task.tests]


class IntervalNetwork(IntervalSpotter):
    """Learns whether a frame's flow belongs to an expression; peaks of the score are spotted by the paper's threshold.

    Args:
        system: Which, and how it is trained; takes ``strips``.
    """

    trains = chance = True

    def __init__(self, system: SystemConfig) -> None:
        self.system = system

    def spot(self, task: IntervalTask) -> list[list[Interval]]:
        """See ``IntervalSpotter``."""
        import torch

        from multimodal.training.spotting_nets import interval_lesson, scores, train

        seed = fold_seed(self.system, f"{task.kind} {task.name}", task.seed)
        network = train(self.system, interval_lesson(task.train, task.kind), seed)

        def spotted(film: Film) -> list[Interval]:
            scale = film.scales[task.kind]
            return peak_intervals(scores(network, torch.from_numpy(scale.strips)), scale.there, scale.half, PAPER_P)

        return [spotted(film) for film in task.tests]


def fold_seed(system: SystemConfig, fold: str, seed: int) -> int:
    """Return the seed of one network: it hangs on the run's seed, the fold and the system."""
    from multimodal.training.fold_nets import chance_of

    return chance_of(seed, fold, system.name)


def _apex(motion: ClipMotion, score: Float[np.ndarray, "time"]) -> int:
    nearness = 1 / (1 + np.exp(-score))
    return int(motion.numbers[smoothed(nearness, REACH).argmax()])


def _enter() -> None:
    for name, system in systems_for("spot").items():
        if system.inputs == ("onset_flow",):
            register_apex_spotter(name)(functools.partial(ApexNetwork, system))
        else:
            register_interval_spotter(name)(functools.partial(IntervalNetwork, system))


_enter()
