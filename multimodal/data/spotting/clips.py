"""Clips whose apex is coded: from the onset on, how the face has moved in every frame."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from multimodal.data.flow_cache import METHOD, Looker, read_arrays, shared_tracker, write_arrays
from multimodal.data.frames import Rgb, digest, pictures, present_numbers
from multimodal.data.index import Clip, ClipIndex, Problem
from multimodal.errors import DecodeError, MissingError
from multimodal.executors import run_all
from multimodal.face.canonical import GRID
from multimodal.results import Frame

VERSION = 1
"""Raised when clips are measured differently, so that nothing stale is read."""


@dataclass(frozen=True)
class ClipMotion:
    """What a spotter is shown of a clip; nothing in it tells the apex.

    Attributes:
        flow: ``[time, 3, 28, 28]`` float32: u, v in percent of the distance between the eyes and strain, from the onset
            to each frame until the offset; of the onset itself all zero.
        numbers: ``[time]``, how many frames after the onset; where frames are missing, with gaps.
        fps: Frames a second.
    """

    flow: Float[np.ndarray, "time 3 28 28"] = field(repr=False)
    numbers: Int[np.ndarray, "time"]
    fps: float


@dataclass(frozen=True)
class ApexClip:
    """One clip with its truth.

    Attributes:
        dataset, subject, name: Of the clip; ``subject`` is unique over all data sets.
        motion: What can be seen.
        apex: Frames from the onset to the apex.
    """

    dataset: str
    subject: str
    name: str
    motion: ClipMotion
    apex: int


@dataclass(frozen=True)
class _Piece:
    """What a worker is given."""

    number: int
    clip: Clip
    root: Path
    cache: Path | None


_Loaded = tuple[int, ApexClip | Problem]


def load_apex_clips(
    index: ClipIndex, cache: Path | None = None, workers: int = 1
) -> tuple[tuple[ApexClip, ...], tuple[Problem, ...]]:
    """Measure the micro-expressions of an index whose onset, apex and offset are coded.

    Args:
        index: Checked clips with frames.
        cache: Folder in which measured flow is kept; None keeps nothing.
        workers: Clips at a time.

    Returns:
        The clips, in the order of the index, and why others were left out.
    """
    micro = [clip for clip in index if not clip.macro]
    pieces = [_Piece(number, clip, index.roots[clip.dataset], cache) for number, clip in enumerate(micro)]
    loaded: list[_Loaded] = sorted(run_all(_load, pieces, workers=workers), key=lambda one: one[0])
    found = [one for _, one in loaded]
    return (
        tuple(one for one in found if isinstance(one, ApexClip)),
        tuple(one for one in found if isinstance(one, Problem)),
    )


def _load(piece: _Piece) -> _Loaded:
    """Measure one clip, in whatever process."""
    clip, where = piece.clip, "/".join(piece.clip.key)
    lack = _lack(clip)
    if lack:
        return piece.number, Problem(
            lack, where, "apex spotting takes onset, apex, offset and frame rate", dropped=True
        )
    try:
        motion = clip_motion(clip, piece.root, piece.cache)
    except (DecodeError, MissingError) as error:
        return piece.number, Problem("unreadable frame", where, str(error), dropped=True)
    if motion is None:
        return piece.number, Problem("no face", where, "no face was found in its onset frame", dropped=True)
    assert clip.onset is not None
    assert clip.apex is not None
    subject = f"{clip.dataset}/{clip.subject}"
    return piece.number, ApexClip(clip.dataset, subject, clip.clip, motion, clip.apex - clip.onset)


def _lack(clip: Clip) -> str:
    """Return why a clip's apex cannot be asked for; empty where it can."""
    if not clip.path or clip.onset is None:
        return "no frames"
    if clip.apex is None or clip.offset is None:
        return "unknown apex" if clip.apex is None else "unknown offset"
    if not clip.onset < clip.apex <= clip.offset:
        return "apex at onset"
    return "" if clip.fps > 0 else "unknown frame rate"


def clip_motion(clip: Clip, root: Path, cache: Path | None = None, looker: Looker | None = None) -> ClipMotion | None:
    """Measure the flow from a clip's onset to each of its frames, or read it from the cache.

    All frames are cut with the onset's alignment, so that the landmarks' trembling is no motion; what is left of the
    head's motion is fitted and removed.

    Args:
        clip: With onset, offset and frame rate, and with frames or a video.
        root: Folder that its path is relative to.
        cache: Folder of ``.npz`` files; None keeps nothing.
        looker: What finds faces; None takes the product's own.

    Returns:
        The motion, or None where the onset frame shows no face.

    Raises:
        MissingError: Frames are not there.
        DecodeError: A frame cannot be read.
    """
    wanted = present_numbers(clip)
    path = None if cache is None else cache / f"{_key(clip, root, wanted, looker)}.npz"
    kept = None if path is None else read_arrays(path)
    flow = kept["flow"] if kept is not None and "flow" in kept else None
    if flow is None:
        images = pictures(clip, root, wanted)
        if len(images) < len(wanted):
            raise MissingError(f"{'/'.join(clip.key)}: frames are not there: index the data set anew")
        flow = _measured(images, looker or shared_tracker())
        if path is not None:
            write_arrays(path, {"flow": flow})
    if not len(flow):
        return None
    return ClipMotion(flow, np.array(wanted, np.int64) - wanted[0], clip.fps)


def _key(clip: Clip, root: Path, wanted: tuple[int, ...], looker: Looker | None) -> str:
    finder = "" if looker is None else type(looker).__qualname__
    text = f"{digest(clip, root, wanted)}\0onset flow\0{METHOD}\0{finder}\0{VERSION}"
    return hashlib.sha256(text.encode()).hexdigest()


def _measured(images: Sequence[Rgb], looker: Looker) -> Float[np.ndarray, "time 3 28 28"]:
    """Return the flow of every frame; without a face in the first one, of none."""
    looker.reset()
    seen = looker.track(Frame(images[0], 0, 0.0, "onset"))
    if seen.landmarks is None or seen.visibility is None:
        return np.zeros((0, 3, GRID, GRID), np.float32)
    maps = list(_maps(images, seen.landmarks, seen.visibility))
    return np.stack([np.zeros((3, GRID, GRID), np.float32), *maps]).astype(np.float32)


def _maps(
    images: Sequence[Rgb], landmarks: Float[np.ndarray, "468 3"], visibility: Float[np.ndarray, "12"]
) -> Iterator[Float[np.ndarray, "3 28 28"]]:
    from multimodal.face.align import face_transform
    from multimodal.face.crop import face_crop, fitting_step
    from multimodal.face.flow import FLOWS, flow_map
    from multimodal.face.window import cell_visibility

    transform, method = face_transform(landmarks), FLOWS.get(METHOD)()
    step, shown = fitting_step(transform), cell_visibility(visibility)
    onset, *later = (face_crop(image, transform, step, grey=True).square(transform) for image in images)
    for square in later:
        yield flow_map(onset, square, method, shown)
