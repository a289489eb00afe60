"""Telling the frames of one clip from a heap of photos."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float

from multimodal.errors import DecodeError
from multimodal.media.images import read_image

_SAMPLES = 5
_ALIKE = 0.9


def is_one_scene(pictures: Sequence[Path]) -> bool:
    """Tell whether pictures are the frames of one clip.

    They are if their names differ in a number at the end only, and neighbours of equal size look nearly the same
    (correlation of small grey versions of at least .9, looked at in five places).

    Args:
        pictures: All pictures of a folder, in natural order.
    """
    if len(pictures) < 2 or len({_stem(path) for path in pictures}) > 1:
        return False
    places = np.unique(np.linspace(0, len(pictures) - 2, _SAMPLES).astype(int))
    found = [_alike(pictures[place], pictures[place + 1]) for place in places]
    known = [value for value in found if value is not None]
    return bool(known) and min(known) >= _ALIKE


def _stem(path: Path) -> str | None:
    """Return a name without its last number; a name without one is like no other."""
    match = re.fullmatch(r"(.*?)(\d+)\D*", path.stem)
    return match[1] if match else path.name


def _alike(first: Path, second: Path) -> float | None:
    """Return how much two pictures are alike, -1 to 1, or None where one cannot be read."""
    try:
        (a, size), (b, other) = _thumbnail(first), _thumbnail(second)
    except DecodeError:
        return None
    return float((a * b).mean()) if size == other else -1.0


def _thumbnail(path: Path) -> tuple[Float[np.ndarray, "24 24"], tuple[int, ...]]:
    image = read_image(path)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (24, 24), interpolation=cv2.INTER_AREA).astype(np.float64)
    return (small - small.mean()) / (small.std() + 1e-3), image.shape
