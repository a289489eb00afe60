"""What every spotter has in common: it may learn from one side of a fold, and is asked about the other."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from multimodal.data.spotting.clips import ApexClip, ClipMotion
from multimodal.data.spotting.film import Film
from multimodal.data.spotting.videos import KINDS, Interval, Kind
from multimodal.registry import Registry


@dataclass(frozen=True)
class ApexTask:
    """One fold of apex spotting.

    Attributes:
        name: Of the fold.
        train: Clips to learn from; none where nothing is to be trained.
        tests: Clips to be asked about; what they hold does not tell their apex.
        seed: Where all chance comes from, together with the fold's name.
    """

    name: str
    train: Sequence[ApexClip]
    tests: Sequence[ClipMotion]
    seed: int = 0


@dataclass(frozen=True)
class CodedFilm:
    """A long video with its truth.

    Attributes:
        dataset, subject, name: Of the video; ``subject`` is unique over all data sets.
        film: What can be seen.
        truth: What is coded, by kind.
    """

    dataset: str
    subject: str
    name: str
    film: Film
    truth: Mapping[Kind, tuple[Interval, ...]]


@dataclass(frozen=True)
class IntervalTask:
    """One fold of interval spotting, for one kind of expression; the attributes are those of ``ApexTask``."""

    name: str
    kind: Kind
    train: Sequence[CodedFilm]
    tests: Sequence[Film]
    seed: int = 0


class Spotter:
    """What apex and interval spotters share.

    Attributes:
        trains: Whether it cannot do without clips to learn from.
        chance: Whether its result depends on the seed; if not, one run serves all seeds.
    """

    trains: ClassVar[bool] = False
    chance: ClassVar[bool] = False


class ApexSpotter(Spotter, ABC):
    """Finds the frame of a clip in which the face has moved furthest."""

    @abstractmethod
    def spot(self, task: ApexTask) -> list[int]:
        """Return the apex of each test, frames after the onset."""


class IntervalSpotter(Spotter, ABC):
    """Finds expressions in long videos.

    Attributes:
        kinds: Which it can find.
    """

    kinds: tuple[Kind, ...] = KINDS

    @abstractmethod
    def spot(self, task: IntervalTask) -> list[list[Interval]]:
        """Return the intervals of each test, first and last frame included.

        Every threshold is fixed beforehand, or chosen on the training side.
        """


APEX_SPOTTERS: Registry[Callable[[], ApexSpotter]] = Registry("apex spotter")
INTERVAL_SPOTTERS: Registry[Callable[[], IntervalSpotter]] = Registry("interval spotter")

register_apex_spotter = APEX_SPOTTERS.register
register_interval_spotter = INTERVAL_SPOTTERS.register


def apex_spotters() -> dict[str, ApexSpotter]:
    """Return all apex spotters by name."""
    _discover()
    return {name: APEX_SPOTTERS.get(name)() for name in APEX_SPOTTERS}


def interval_spotters() -> dict[str, IntervalSpotter]:
    """Return all interval spotters by name."""
    _discover()
    return {name: INTERVAL_SPOTTERS.get(name)() for name in INTERVAL_SPOTTERS}


def _discover() -> None:
    """Import every module of this folder: each enters its spotters."""
    folder = importlib.import_module("multimodal.training.spotters")
    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"{folder.__name__}.{module.name}")
