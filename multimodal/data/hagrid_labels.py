"""Labels of one HaGRID picture: checked, and turned into YOLO lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

_TOLERANCE = 1e-3
"""How far a box may reach out of the picture before it counts as wrong; it is cut off there."""


@dataclass(frozen=True)
class Fault:
    """Why a picture cannot be used: a short name to count by, and one line."""

    kind: str
    what: str


def labels_of(name: str, entry: Mapping[str, Any], signs: Sequence[str]) -> tuple[str, ...] | Fault:
    """Return a picture's labels, a line a hand, or what is wrong with the first unsound one.

    Args:
        name: Of the picture; it becomes a file's name.
        entry: ``bboxes`` (x, y of the top left corner, width, height, fractions of the picture) and ``labels``.
        signs: Class names by label number.

    Returns:
        Lines of class, centre x, centre y, width, height; cut to the picture.
    """
    boxes, labels = entry.get("bboxes"), entry.get("labels")
    if not name or PurePath(name).name != name or name.startswith(".") or "\\" in name:
        return Fault("unsound entry", f"{name!r} is no name of a picture")
    if not isinstance(boxes, list) or not isinstance(labels, list) or len(boxes) != len(labels) or not boxes:
        return Fault("unsound entry", "bboxes and labels are not lists of one length")
    lines = []
    for box, label in zip(boxes, labels, strict=True):
        fault = _fault(box, label, signs)
        if fault is not None:
            return fault
        lines.append(_line(box, signs.index(label)))
    return tuple(lines)


def _fault(box: object, label: object, signs: Sequence[str]) -> Fault | None:
    if label not in signs:
        return Fault("unknown sign", f"{label!r} is none of this version's signs")
    if not isinstance(box, list) or len(box) != 4 or not all(_is_number(value) for value in box):
        return Fault("unreadable box", f"{box!r} is not four numbers")
    x, y, width, height = box
    inside = min(x, y) >= -_TOLERANCE and max(x + width, y + height) <= 1 + _TOLERANCE
    return None if inside and width > 0 and height > 0 else Fault("box outside the picture", f"{box!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _line(box: Sequence[float], number: int) -> str:
    x0, y0 = max(box[0], 0.0), max(box[1], 0.0)
    x1, y1 = min(box[0] + box[2], 1.0), min(box[1] + box[3], 1.0)
    return f"{number} {(x0 + x1) / 2:.6f} {(y0 + y1) / 2:.6f} {x1 - x0:.6f} {y1 - y0:.6f}"
