"""Films of the videos of an index, kept under a hash of the bytes that they were measured on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from multimodal.data.flow_cache import METHOD, Looker, read_arrays, write_arrays
from multimodal.data.frames import digest, numbers
from multimodal.data.spotting.film import HALF_MS, QUICK, WINDOW, Film, Scale, watch
from multimodal.data.spotting.videos import Kind, Video, frames_of_video
from multimodal.results import REGIONS, Motion

VERSION = 2
"""Raised when videos are measured differently, so that nothing stale is read."""


def film_of(video: Video, kinds: Sequence[Kind], cache: Path | None = None, looker: Looker | None = None) -> Film:
    """Measure a video, or read what was measured from the cache.

    Args:
        video: Its frames are read one after the other, so that memory does not grow with their size.
        kinds: Of the expressions to be spotted.
        cache: Folder of ``.npz`` files; None keeps nothing.
        looker: What follows faces; None takes the product's own.

    Raises:
        MissingError: A file is gone.
        DecodeError: The video cannot be read.
    """
    path = None if cache is None else cache / f"{_key(video, kinds, looker)}.npz"
    kept = None if path is None else read_arrays(path)
    film = None if kept is None else _unpacked(kept, video.whole.fps, kinds)
    if film is None:
        film = _watched(video, kinds, looker)
        if path is not None:
            write_arrays(path, _packed(film))
    return film


def _watched(video: Video, kinds: Sequence[Kind], looker: Looker | None) -> Film:
    from multimodal.face.mesh import FaceTracker

    if looker is not None:
        return watch(frames_of_video(video), video.whole.fps, kinds, looker)
    with FaceTracker() as tracker:
        return watch(frames_of_video(video), video.whole.fps, kinds, tracker)


def _key(video: Video, kinds: Sequence[Kind], looker: Looker | None) -> str:
    finder = "" if looker is None else type(looker).__qualname__
    content = digest(video.whole, video.root, numbers(video.whole))
    halves = {kind: HALF_MS[kind] for kind in kinds}
    text = f"{content}\0film\0{video.whole.fps}\0{halves}\0{WINDOW}\0{METHOD}\0{QUICK}\0{finder}\0{VERSION}"
    return hashlib.sha256(text.encode()).hexdigest()


def _packed(film: Film) -> dict[str, np.ndarray]:
    """Return a film as arrays for a file."""
    unseen = np.full(len(REGIONS), np.nan, np.float32)
    rows: dict[str, np.ndarray] = {
        "t_ms": np.array([np.nan if one is None else one.t_ms for one in film.motions]),
        "anchor_ms": np.array([np.nan if one is None else one.anchor_ms for one in film.motions]),
        "energy": np.stack([unseen if one is None else one.energy for one in film.motions]),
        "visibility": np.stack([unseen if one is None else one.visibility for one in film.motions]),
    }
    for kind, scale in film.scales.items():
        for name, value in vars(scale).items():
            rows[f"{kind}_{name}"] = np.asarray(value)
    return rows


def _unpacked(rows: Mapping[str, np.ndarray], fps: float, kinds: Sequence[Kind]) -> Film | None:
    """Return the film of a file; None where something is missing."""
    names = {"t_ms", "anchor_ms", "energy", "visibility"} | {f"{kind}_places" for kind in kinds}
    if not names <= set(rows):
        return None
    columns = zip(rows["t_ms"], rows["energy"], rows["visibility"], rows["anchor_ms"], strict=True)
    motions = [
        None if np.isnan(t_ms) else Motion(number, float(t_ms), energy, visibility, float(anchor))
        for number, (t_ms, energy, visibility, anchor) in enumerate(columns)
    ]
    scales = {kind: _scale(rows, kind) for kind in kinds}
    return Film(fps, tuple(motions), scales)


def _scale(rows: Mapping[str, np.ndarray], kind: Kind) -> Scale:
    def row(name: str) -> np.ndarray:
        return rows[f"{kind}_{name}"]

    starts = tuple(row("starts").tolist())
    return Scale(int(row("half")), row("strips"), row("magnitude"), row("there"), starts, row("places"))
