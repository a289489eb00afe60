"""Action units as a row a clip: what coders saw, and nothing where they said nothing.

The rows are labels, carried by ``FlowSamples.features`` under ``UNITS``; ``sealed`` drops them before clips are named.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from multimodal.data.index import Clip
from multimodal.data.labels import LabelRule
from multimodal.data.layouts.codes import unit_numbers
from multimodal.data.samples import UNITS
from multimodal.results import ACTION_UNITS

__all__ = ["CODED", "UNITS", "unit_name", "unit_row"]


def unit_name(unit: int) -> str:
    """Return how a unit is written: ``AU12``."""
    return f"AU{unit}"


def unit_row(clip: Clip) -> Float[np.ndarray, "12"]:
    """Return 1 for each unit of ``ACTION_UNITS`` that was coded, on whichever side, and 0 for the others.

    A sheet that says nothing of a clip is not taken for a still face: all are NaN. Of alternatives (``R6 or R12``) all
    count, as in the index.
    """
    found = unit_numbers(clip.action_units)
    if not found:
        return np.full(len(ACTION_UNITS), np.nan, np.float32)
    return np.array([unit in found for unit in ACTION_UNITS], np.float32)


def _coded(clip: Clip) -> int | None:
    return 0 if clip.action_units and not clip.macro else None


CODED = LabelRule("coded units", tuple(unit_name(unit) for unit in ACTION_UNITS), _coded)
"""Takes every micro-expression whose units were coded, whatever its emotion. Its labels say nothing: they are all 0."""
