"""The objective classes of MEGC 2018: emotions told from action units alone.

Davison et al., "Objective Classes for Micro-Facial Expression Recognition" (Journal of Imaging, 2018), table 2: lists
of action-unit combinations for classes I to VII; the challenge uses I to V.
"""

from __future__ import annotations

from collections.abc import Collection

from multimodal.results import OBJECTIVE_CLASSES

COMBINATIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "I": ((6,), (12,), (6, 12), (6, 7, 12), (7, 12)),
    "II": ((1, 2), (5,), (25,), (1, 2, 25), (25, 26), (5, 24)),
    "III": ((23,), (4,), (4, 7), (4, 5), (4, 5, 7), (17, 24), (4, 6, 7), (4, 38)),
    "IV": ((10,), (9,), (4, 9), (4, 40), (4, 5, 40), (4, 7, 9), (4, 9, 17), (4, 7, 10), (4, 5, 7, 9), (7, 10)),
    "V": ((1,), (15,), (1, 4), (6, 15), (15, 17)),
    "VI": ((1, 2, 4), (20,)),
}
"""Combinations a class; whatever is not listed is class VII."""


def objective_class(units: Collection[int], tolerance: float = 0.6) -> int | None:
    """Return the class that a set of action units belongs to.

    Args:
        units: Numbers of the action units that are active.
        tolerance: The least share of units (intersection over union) that the best listed combination must have in
            common; 1 takes exactly the listed combinations. The table itself knows only exact ones.

    Returns:
        An index into ``OBJECTIVE_CLASSES``; None for classes VI and VII, and where two classes fit equally well.
    """
    given = set(units)
    fits = {name: max(_overlap(given, set(row)) for row in rows) for name, rows in COMBINATIONS.items()}
    best = max(fits.values())
    names = [name for name, fit in fits.items() if fit == best]
    if best < tolerance or len(names) > 1 or names[0] not in OBJECTIVE_CLASSES:
        return None
    return OBJECTIVE_CLASSES.index(names[0])


def _overlap(one: set[int], other: set[int]) -> float:
    return len(one & other) / len(one | other)
