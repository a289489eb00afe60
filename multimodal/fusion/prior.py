"""How signs and affects are taken to go together: a stated assumption, not something that was learned.

No public data hold signs and fleeting expressions of the same moment. So how far they go together is written down in
``configs/fusion/prior.yaml``, handed to the fusion head with every pair, and anybody may state it otherwise: at a
coupling of 0 the head takes them to be independent.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from pydantic import Field, field_validator

from multimodal.config import Config, load_config, shipped
from multimodal.results import EXPRESSIONS, GESTURES

LEAST = 1e-4
"""No pair is held to be less probable than this: a coupling of 1 must not make a plain face unreadable."""


class Prior(Config):
    """What is held to be probable before anything is seen.

    Attributes:
        coupling: 0 (independent: every affect as probable with every sign) to 1 (a sign with an affinity always comes
            with that affect).
        affinity: Sign -> affect that it goes with; signs left out go with all alike.
    """

    coupling: float = Field(default=0.0, ge=0, le=1)
    affinity: dict[str, str] = Field(default_factory=dict)

    @field_validator("affinity")
    @classmethod
    def _known(cls, affinity: dict[str, str]) -> dict[str, str]:
        for gesture, affect in affinity.items():
            if gesture not in GESTURES:
                raise ValueError(f"unknown sign {gesture!r}, known are {', '.join(GESTURES)}")
            if affect not in EXPRESSIONS:
                raise ValueError(f"{gesture} goes with the unknown affect {affect!r}: {', '.join(EXPRESSIONS)}")
        return affinity

    def at(self, coupling: float) -> Prior:
        """Return the same affinities at another coupling."""
        return Prior(coupling=coupling, affinity=self.affinity)

    def log_table(self) -> Float[np.ndarray, "19 3"]:
        """Return log P(affect | sign) as the head takes it, no entry under ``log(LEAST)``."""
        return np.log(np.maximum(affect_given_gesture(self.coupling, self.affinity), LEAST)).astype(np.float32)


def affect_given_gesture(coupling: float, affinity: Mapping[str, str]) -> Float[np.ndarray, "19 3"]:
    """Return P(affect | gesture), rows over ``GESTURES``, columns over ``EXPRESSIONS``; see ``Prior``."""
    table = np.full((len(GESTURES), len(EXPRESSIONS)), 1 / len(EXPRESSIONS))
    for gesture, affect in affinity.items():
        row = table[GESTURES.index(gesture)]
        row *= 1 - coupling
        row[EXPRESSIONS.index(affect)] += coupling
    return table


def load_prior(coupling: float | None = None) -> Prior:
    """Return the shipped prior, at another coupling if one is given."""
    prior = load_config(Prior, shipped("fusion/prior.yaml"), [])
    return prior if coupling is None else prior.at(coupling)
