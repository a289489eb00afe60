"""The config of ``train gesture``: which photos, how far their labels are trusted, and how both parts are trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from multimodal.config import Config
from multimodal.training.gesture_detector import DetectorTraining
from multimodal.training.gesture_skeleton import SkeletonTraining


class PhotoSet(Config):
    """One data set in the YOLO layout.

    Attributes:
        folder: Relative to the data folder.
        split: Which of its splits is trained on.
        labels: ``trusted``: the skeleton classifier learns from them, and some are held out; ``exact``: right names;
            ``loose``: the skeleton classifier checks them; ``green``: right names, before a green screen: put on the
            other sets' photos.
        repeat: How often an epoch shows each photo.
        limit: At most so many photos, evenly spread; none: all.
        licence, attribution: For the card.
    """

    folder: str
    split: str = "train"
    labels: Literal["trusted", "exact", "loose", "green"] = "exact"
    repeat: int = Field(default=1, ge=1)
    limit: int | None = Field(default=None, ge=1)
    licence: str = "not stated"
    attribution: str = "not stated"


class Rendered(Config):
    """Photos of rendered people who show signs, as ``synth gestures`` makes them.

    Attributes:
        photos, size, seed: As there.
        workers: Processes that render them.
    """

    photos: int = Field(ge=1)
    size: int = Field(default=320, ge=64, le=1024)
    seed: int = 0
    workers: int = Field(default=2, ge=1)


class TestSet(Config):
    """A split that nothing is trained or selected on."""

    folder: str
    split: str = "val"


class GestureTraining(Config):
    """The whole of ``train gesture``.

    Attributes:
        sets: The data sets; at least one of them ``trusted``.
        rendered: Photos that are rendered for the detector, unless they are there; none: there are none.
        held_out: So many photos a class of the trusted sets are kept from the detector, to fit the merge on.
        alike: Loose label -> the names that may hide behind it.
        keep_at, rename_at: Least probability for a name that the label allows, or does not allow.
        seed: Of everything random but the detector's own.
        skeleton, detector: The two parts.
        test: Measured on once at the end, for the cards; none: not at all.
        note: For the detector's card: what happened in the run that the config does not tell.
    """

    sets: tuple[PhotoSet, ...] = Field(min_length=1)
    rendered: Rendered | None = None
    held_out: int = Field(default=2, ge=1)
    alike: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    keep_at: float = Field(default=0.6, ge=0, le=1)
    rename_at: float = Field(default=0.9, ge=0, le=1)
    seed: int = 0
    skeleton: SkeletonTraining = SkeletonTraining()
    detector: DetectorTraining = DetectorTraining()
    test: TestSet | None = None
    note: str = ""
