"""Onset-apex motion of a clip, measured by the face room and kept under a hash of the frames it was measured on.

The faces of the onset and the apex frame are found one by one; both frames are cut with the onset's alignment, so that
what is measured is the face's motion and not the landmarks' trembling. Frames without a face are never replaced by
anything: such a clip has no motion.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Float

from multimodal.data.frames import Rgb, digest, frames_of, pictures
from multimodal.data.index import Clip
from multimodal.errors import MissingError
from multimodal.face.canonical import GRID
from multimodal.results import REGIONS, FaceObservation, Frame

__all__ = ["METHOD", "VERSION", "Looker", "Motion", "clip_motion", "frames_of", "measure", "shared_tracker"]

METHOD = "dis"
"""How flow is measured; see ``face.flow.FLOWS``."""

VERSION = 1
"""Raised when the face room measures differently, so that nothing stale is read."""

_STEP_MS = 40.0
"""Onset and apex are handed to the window as neighbours; it only asks that they follow each other closely."""


@runtime_checkable
class Looker(Protocol):
    """What finds faces: ``face.mesh.FaceTracker``, or a stand-in."""

    def track(self, frame: Frame) -> FaceObservation:
        """Find the face in a frame."""

    def reset(self) -> None:
        """Forget it."""


@dataclass(frozen=True)
class Motion:
    """What was measured of a clip.

    Attributes:
        flow: ``[3, 28, 28]`` float32: u, v, strain in percent of the distance between the eyes; None without a face.
        visibility: ``[12]`` float32, 0 hidden to 1 free; None without a face.
        lost: Which of the frames shows no face: ``onset`` or ``apex``; empty where both do.
    """

    flow: Float[np.ndarray, "3 28 28"] | None
    visibility: Float[np.ndarray, "12"] | None
    lost: str = ""


def clip_motion(clip: Clip, root: Path, cache: Path | None = None, looker: Looker | None = None) -> Motion:
    """Measure a clip's motion from onset to apex, or read it from the cache.

    Args:
        clip: With onset and apex, and with frames or a video.
        root: Folder that its path is relative to.
        cache: Folder of ``.npz`` files; None keeps nothing.
        looker: What finds faces; None takes the product's own.

    Raises:
        MissingError: The clip has no onset, no apex, or no frames, or its apex is its onset.
        DecodeError: A frame cannot be read.
    """
    wanted = _ends(clip)
    path = cache / f"{_key(clip, root, wanted, looker)}.npz" if cache is not None else None
    kept = _load(path) if path is not None else None
    if kept is None:
        ends = pictures(clip, root, wanted)
        if len(ends) != len(wanted):
            raise MissingError(f"{'/'.join(clip.key)}: onset or apex frame is not there: index the data set anew")
        kept = measure(ends[0], ends[1], looker)
        if path is not None:
            _keep(path, kept)
    return kept


def measure(onset: Rgb, apex: Rgb, looker: Looker | None = None) -> Motion:
    """Measure the motion of a face between two pictures.

    Args:
        onset, apex: RGB, of one size.
        looker: What finds faces; None takes the product's own.
    """
    from multimodal.face.window import MotionWindow, WindowConfig

    finder = looker or shared_tracker()
    window = MotionWindow(WindowConfig(flow=METHOD))
    for number, (name, image) in enumerate((("onset", onset), ("apex", apex))):
        frame = Frame(image, number, number * _STEP_MS, name)
        finder.reset()
        seen = finder.track(frame)
        if not seen.success:
            return Motion(None, None, name)
        window.push(frame, seen)
    clip = window.clip(0.0, _STEP_MS, steps=1)
    return Motion(clip.flow[0].astype(np.float32), clip.visibility.astype(np.float32))


@functools.lru_cache(maxsize=1)
def shared_tracker() -> Looker:
    """Return this process's own face tracker, for pictures one by one."""
    from multimodal.face.mesh import FaceTracker

    return FaceTracker(static=True)


def _ends(clip: Clip) -> tuple[int, int]:
    if clip.onset is None or clip.apex is None:
        what = "onset" if clip.onset is None else "apex"
        raise MissingError(f"{'/'.join(clip.key)} has no {what}: there is no motion to measure")
    if clip.apex == clip.onset:
        raise MissingError(f"{'/'.join(clip.key)}: the apex is the onset: there is no motion to measure")
    return clip.onset, clip.apex


def _key(clip: Clip, root: Path, wanted: tuple[int, ...], looker: Looker | None) -> str:
    finder = "" if looker is None else type(looker).__qualname__
    text = f"{digest(clip, root, wanted)}\0{METHOD}\0{finder}\0{VERSION}"
    return hashlib.sha256(text.encode()).hexdigest()


def _load(path: Path) -> Motion | None:
    """Read what was kept; None where there is nothing, or nothing sound."""
    kept = read_arrays(path)
    if kept is None or "lost" not in kept:
        return None
    if str(kept["lost"]):
        return Motion(None, None, str(kept["lost"]))
    flow, visibility = kept.get("flow"), kept.get("visibility")
    if flow is None or visibility is None or flow.shape != (3, GRID, GRID) or visibility.shape != (len(REGIONS),):
        return None
    return Motion(flow.astype(np.float32), visibility.astype(np.float32)) if np.isfinite(flow).all() else None


def _keep(path: Path, motion: Motion) -> None:
    arrays = {} if motion.flow is None or motion.visibility is None else vars(motion)
    write_arrays(path, {**arrays, "lost": np.array(motion.lost)})


def read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """Read the arrays of a file; None where there is none, or it is damaged or holds pickled objects."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error):
        return None


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays into one file, whole or not at all, however many processes write the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        Path(part).replace(path)
    finally:
        Path(part).unlink(missing_ok=True)
