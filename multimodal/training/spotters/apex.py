"""Apex spotters that learn nothing: the middle of the clip, and the peak of its motion."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from multimodal.data.spotting.clips import ClipMotion
from multimodal.expression.peaks import smoothed
from multimodal.face.flow import face_mask
from multimodal.training.spotters.base import ApexSpotter, ApexTask, register_apex_spotter

REACH = 2
"""Smoothing takes the mean of five frames."""


@register_apex_spotter("middle")
class Middle(ApexSpotter):
    """Says the middle between onset and offset, whatever the face does: what knowing the ends alone is worth."""

    def spot(self, task: ApexTask) -> list[int]:
        """See ``ApexSpotter``."""
        return [int(test.numbers[-1]) // 2 for test in task.tests]


class MagnitudePeak(ApexSpotter):
    """Says the frame whose mean flow to the onset, over the face, is longest.

    Args:
        reach: Over how many frames to both sides the length is averaged before; 0 takes it as it is.
    """

    def __init__(self, reach: int) -> None:
        self.reach = reach

    def spot(self, task: ApexTask) -> list[int]:
        """See ``ApexSpotter``."""
        return [int(test.numbers[smoothed(magnitude(test), self.reach).argmax()]) for test in task.tests]


def magnitude(motion: ClipMotion) -> Float[np.ndarray, "time"]:
    """Return the mean length of each frame's flow over the face, percent of the distance between the eyes."""
    return np.hypot(motion.flow[:, 0], motion.flow[:, 1])[:, face_mask() > 0].mean(axis=1).astype(np.float64)


@register_apex_spotter("magnitude-peak")
def magnitude_peak() -> MagnitudePeak:
    """The frame as it is measured."""
    return MagnitudePeak(0)


@register_apex_spotter("magnitude-peak-smooth")
def magnitude_peak_smooth() -> MagnitudePeak:
    """Five frames' mean."""
    return MagnitudePeak(REACH)
