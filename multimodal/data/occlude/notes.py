"""The files beside the clips - labels, index, coding sheets - copied as they are."""

from __future__ import annotations

import re
from pathlib import Path

from multimodal.config import read_yaml
from multimodal.data.occlude.layouts import Plan
from multimodal.data.occlude.writer import PARTS, place_copy
from multimodal.errors import VeilspeakError


def copy_notes(plan: Plan, out: Path) -> None:
    """Copy what is no picture and no video; a ``data.yaml`` that names its own folder names the copy's afterwards."""
    for name in plan.notes:
        place_copy(plan.root / name, out / name, out / PARTS)
    if "data.yaml" in plan.notes:
        _point_here(plan.root, out / "data.yaml")


def _point_here(source: Path, copy: Path) -> None:
    """Replace an absolute ``path`` that means the source by the copy's own folder."""
    try:
        named = read_yaml(copy).get("path")
    except VeilspeakError:
        return
    if named is not None and Path(str(named)).is_absolute() and Path(str(named)).resolve() == source.resolve():
        text = copy.read_text(encoding="utf-8")
        copy.write_text(re.sub(r"(?m)^path\s*:.*$", "path: .", text), encoding="utf-8")
