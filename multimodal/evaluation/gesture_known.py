"""Figures by what is known of each photo: gloves, light, side, size, skin and how much of the hand is seen.

Rendered photos of signs (``synth gestures``) come with an ``index.csv`` that tells all this; nothing is estimated here.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from multimodal.errors import UsageError

Row = Mapping[str, str]

_SIZES = ((0.125, "under an eighth"), (0.25, "to a quarter"), (0.5, "to a half"))
"""Upper edges of the longer side of the hand's box, as a share of the picture's."""


def _size(row: Row) -> str:
    side = max(float(row["width"]), float(row["height"]))
    return next((name for edge, name in _SIZES if side < edge), "a half or more")


def _skin(row: Row) -> str:
    melanin = float(row["melanin"])
    return "light" if melanin < 1 / 3 else "middle" if melanin < 2 / 3 else "dark"


def _seen(row: Row) -> str:
    return "all" if float(row["visible"]) >= 0.95 else "most" if float(row["visible"]) >= 0.7 else "part"


GROUPS: dict[str, Callable[[Row], str]] = {
    "glove": lambda row: row["glove"],
    "light": lambda row: row["light"],
    "side": lambda row: row["side"],
    "size": _size,
    "skin": _skin,
    "seen": _seen,
}
"""Name of a grouping -> the group of a row of ``index.csv``."""


def known_of(root: Path) -> dict[str, Row]:
    """Return the row of each picture's largest labelled hand, by the picture's name without suffix.

    Args:
        root: The data set's folder; where it has no ``index.csv``, nothing is known.

    Raises:
        UsageError: The index is not one of ``synth gestures``.
    """
    path = root / "index.csv"
    if not path.is_file():
        return {}
    found: dict[str, Row] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                if row["sign"] and (row["picture"] not in found or _area(row) > _area(found[row["picture"]])):
                    found[row["picture"]] = row
                    for group in GROUPS.values():
                        group(row)
            except (KeyError, TypeError, ValueError) as error:
                raise UsageError(f"{path} is no index of synth gestures ({error!r}): remove or correct it") from error
    return found


def by_known(
    pictures: Sequence[str], hits: Mapping[str, Sequence[bool | None]], known: Mapping[str, Row]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return ``{grouping: {group: {images, PART: top-1 of each part}}}`` over the pictures of which something is known.

    Args:
        pictures: Names without suffix, in the order of the hits.
        hits: By part, whether each photo was read right; None for one without a labelled hand.
        known: See ``known_of``.
    """
    table: dict[str, dict[str, dict[str, Any]]] = {}
    rows = [(number, known[name]) for number, name in enumerate(pictures) if name in known]
    for grouping, group_of in GROUPS.items():
        members: dict[str, list[int]] = {}
        for number, row in rows:
            members.setdefault(group_of(row), []).append(number)
        table[grouping] = {name: _figures(members[name], hits) for name in sorted(members)}
    return table


def _figures(numbers: Sequence[int], hits: Mapping[str, Sequence[bool | None]]) -> dict[str, Any]:
    shares = {part: sum(bool(told[number]) for number in numbers) / len(numbers) for part, told in hits.items()}
    return {"images": len(numbers), **{part: round(share, 4) for part, share in shares.items()}}


def _area(row: Row) -> float:
    return float(row["width"]) * float(row["height"])
