"""The flow-domain version: a flow map has no pixels to cover, so the covered area loses its flow.

What a network would see of a covered area is the thing's motion with the head, which alignment removes; whoever
blanks such an area puts in what carries no information: the mean flow of the training side, or noise like it. The
mean is over the *other* subjects' maps, as in leave-one-subject-out, so that no map decides what hides it.
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.data.flow_folder import read_map
from multimodal.data.occlude.cover import Truth, fractions, outline
from multimodal.data.occlude.layouts import Job
from multimodal.data.occlude.settings import CLEAN, OccludeConfig
from multimodal.errors import DecodeError, UsageError
from multimodal.face.align import apply, cut_square, face_transform
from multimodal.face.canonical import GRID, crop_regions
from occlusion.drawing import Degradation, draw, styles

_UNIT = 40.0
_CANVAS = (208, 192)
_MIDDLE = (96.0, 80.0)
_FINE = 10


@dataclass(frozen=True)
class FlowFill:
    """What a covered area shows.

    Attributes:
        name: As the manifest names it.
        mean, spread: ``[3, 28, 28]``, over the other subjects' maps: u, v, strain, 0 to 255.
    """

    name: str
    mean: Float[np.ndarray, "3 28 28"]
    spread: Float[np.ndarray, "3 28 28"]


def fills(jobs: Sequence[Job], fill: str) -> Mapping[str, FlowFill]:
    """Return for each clip, by its path, what its covered area shows.

    Args:
        jobs: All maps of the set; those that cannot be read have no say.
        fill: ``mean`` or ``noise``.
    """
    subjects: dict[str, list[np.ndarray]] = {}
    for job in jobs:
        try:
            subjects.setdefault(subject_of(job), []).append(read_map(job.sources[0]))
        except DecodeError:
            subjects.setdefault(subject_of(job), [])
    by_subject = {subject: _of_others(subjects, subject, fill) for subject in subjects}
    return {job.path: by_subject[subject_of(job)] for job in jobs}


def subject_of(job: Job) -> str:
    """Return whose map it is: the folder above ``u_test``."""
    return job.sources[0].parts[-4]


def _of_others(subjects: Mapping[str, Sequence[np.ndarray]], subject: str, fill: str) -> FlowFill:
    others = [flow for name, flows in subjects.items() if name != subject for flow in flows]
    whose = "other subjects" if others else "all maps"
    maps = np.stack(others or list(subjects[subject]) or [np.full((3, GRID, GRID), 128.0, np.float32)])
    name = f"mean of {whose}" if fill == "mean" else f"noise with mean and spread of {whose}"
    return FlowFill(name, maps.mean(axis=0), maps.std(axis=0))


def cover_map(
    path: Path, config: OccludeConfig, seed: int, fill: FlowFill
) -> tuple[UInt8[np.ndarray, "28 28 3"], str | None, Truth]:
    """Cover one flow map.

    Returns:
        The map (red u, green v, blue strain), the style that was drawn or None, and what is covered: the polygon in
        cells of the map.

    Raises:
        DecodeError: It is no 28 x 28 colour PNG.
        UsageError: The kind hides no area.
    """
    flow = read_map(path)
    if config.kind == CLEAN:
        return _picture(flow), None, Truth([], fractions(np.zeros(12, np.float32)))
    hidden, polygon, style = canonical_cover(config, seed)
    shown = fill.mean
    if config.fill == "noise":
        rng = np.random.default_rng((seed, 2))
        shown = fill.mean + fill.spread * rng.standard_normal(flow.shape)
    covered = crop_regions(hidden).mean(axis=(1, 2))
    return _picture(flow + hidden * (shown - flow)), style, Truth(outline(polygon), fractions(covered))


def canonical_cover(
    config: OccludeConfig, seed: int
) -> tuple[Float[np.ndarray, "28 28"], Float[np.ndarray, "corners 2"], str]:
    """Draw an occluder before the mean face, seen from the front, on the canonical grid.

    A block's ratio is of the map itself, whose square is the face's box as the published maps have it.

    Returns:
        How much of each cell is hidden, 0 to 1; the outline in cells; the style.

    Raises:
        UsageError: The kind hides no area.
    """
    if config.kind == "block":
        return _block(config, seed)
    landmarks = mean_landmarks()
    thing = draw(config.kind, seed, landmarks, _CANVAS, config.options(), config.style)
    if isinstance(thing, Degradation):
        raise UsageError(f"{config.kind} hides no area, so flow maps cannot show it: choose a kind that covers")
    transform = face_transform(landmarks)
    square = cut_square(np.rint(thing.drawing.alpha * 255).astype(np.uint8), transform, GRID * _FINE)
    hidden = cv2.resize(square, (GRID, GRID), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return hidden, apply(transform, thing.drawing.outline) * GRID - 0.5, thing.style


def _block(config: OccludeConfig, seed: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Return a square at a random place within the map, its hidden share of each cell, its outline and style."""
    rng = np.random.default_rng(seed)
    style = config.style or str(rng.choice(styles("block")))
    side = GRID * float(style) ** 0.5
    x, y = rng.random(2) * (GRID - side)
    edges = np.arange(GRID + 1)
    columns, rows = (np.diff(np.clip(edges, start, start + side)) for start in (x, y))
    outline = np.array([(x, y), (x + side, y), (x + side, y + side), (x, y + side)]) - 0.5
    return np.outer(rows, columns).astype(np.float32), outline, style


@functools.lru_cache(maxsize=1)
def mean_landmarks() -> Float[np.ndarray, "468 3"]:
    """Return MediaPipe's points of the mean of 60 rendered people, seen from the front, pixels of a small canvas."""
    path = importlib.resources.files("multimodal.data.occlude") / "mean_face.csv"
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return (np.array(rows, np.float64) * _UNIT + np.array([*_MIDDLE, 0.0])).astype(np.float32)


def _picture(flow: Float[np.ndarray, "3 28 28"]) -> UInt8[np.ndarray, "28 28 3"]:
    return np.clip(np.rint(flow), 0, 255).astype(np.uint8).transpose(1, 2, 0).copy()
