"""Features of whole clips beside the flow, by name: what some classifiers ask for in ``needs``.

A feature sees the aligned face: canonical squares, grey or RGB, of the apex frame alone or evenly spread from onset to
offset. All are cut with the alignment of the first of them and brought to one number of frames by linear interpolation
in time (in place of the temporal interpolation model of Pfister et al. 2011; reconstructed).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped, UInt8

from multimodal.data.flow_cache import METHOD, Looker, read_arrays, shared_tracker, write_arrays
from multimodal.data.frames import Rgb, digest, pictures, present_numbers
from multimodal.data.index import Clip
from multimodal.data.lbp_top import BLOCKS, PATTERNS, lbp_top
from multimodal.errors import MissingError
from multimodal.face.canonical import GRID
from multimodal.registry import Registry
from multimodal.results import FaceObservation, Frame

VERSION = 2
"""Raised when a feature changes, so that nothing stale is read."""


@dataclass(frozen=True)
class View:
    """How a feature looks at a clip.

    Attributes:
        frames: Squares from onset to offset; 0 is the apex frame alone.
        side: Of the squares, pixels.
        colour: RGB instead of grey.
        watched: The face must be found in every frame, not in the first alone; then the visibility is known.
    """

    frames: int
    side: int
    colour: bool = False
    watched: bool = False


@dataclass(frozen=True)
class Seen:
    """What a feature is made of.

    Attributes:
        squares: The aligned face in the order of time, grey or RGB.
        visibility: Of each region, 0 to 1: the least over the frames in which the face was looked for.
    """

    squares: UInt8[np.ndarray, "frames side side *colour"]
    visibility: Float[np.ndarray, "12"]


@dataclass(frozen=True)
class Feature:
    """How a feature is made.

    Attributes:
        view: What it looks at.
        shape: Of what it gives.
        describe: Makes it.
    """

    view: View
    shape: tuple[int, ...]
    describe: Callable[[Seen], np.ndarray]


FEATURES: Registry[Feature] = Registry("feature")
"""By name."""


def register_feature(
    name: str, view: View, shape: tuple[int, ...]
) -> Callable[[Callable[[Seen], np.ndarray]], Callable[[Seen], np.ndarray]]:
    """Return a decorator that enters a function as a feature; see ``Feature``.

    Raises:
        ValueError: ``name`` is taken.
    """

    def enter(describe: Callable[[Seen], np.ndarray]) -> Callable[[Seen], np.ndarray]:
        FEATURES.register(name)(Feature(view, shape, describe))
        return describe

    return enter


@register_feature("lbp_top", View(10, 128), (BLOCKS * BLOCKS * 3 * PATTERNS,))
def patterns(seen: Seen) -> Float[np.ndarray, "dims"]:
    """Describe texture and motion by their patterns, see ``lbp_top``."""
    return lbp_top(seen.squares)


@register_feature("apex", View(0, 112, colour=True), (3, 112, 112))
def apex(seen: Seen) -> UInt8[np.ndarray, "3 112 112"]:
    """Return the face of the apex frame, RGB."""
    return np.ascontiguousarray(seen.squares[0].transpose(2, 0, 1))


@register_feature("frames", View(16, 64, colour=True), (3, 16, 64, 64))
def frames(seen: Seen) -> UInt8[np.ndarray, "3 16 64 64"]:
    """Return the face from onset to offset, RGB."""
    return np.ascontiguousarray(seen.squares.transpose(3, 0, 1, 2))


@register_feature("flows", View(16, 128, watched=True), (3, 15, GRID, GRID))
def flows(seen: Seen) -> Float[np.ndarray, "3 15 28 28"]:
    """Return u, v, strain from the onset to each later frame, float16, normalised as a clip.

    Measured as the live window does it (``face.window``); ``expression.normalise`` says how it is scaled.
    """
    from multimodal.expression.normalise import normalised_clip

    return normalised_clip(onset_flows(seen), seen.visibility).astype(np.float16)


def onset_flows(seen: Seen) -> Float[np.ndarray, "later 3 28 28"]:
    """Return u, v, strain from the first grey square to each later one, percent of the distance between the eyes."""
    from multimodal.face.flow import FLOWS, flow_map
    from multimodal.face.window import cell_visibility

    method, shown = FLOWS.get(METHOD)(), cell_visibility(seen.visibility)
    return np.stack([flow_map(seen.squares[0], later, method, shown) for later in seen.squares[1:]])


def clip_feature(
    clip: Clip, root: Path, name: str, cache: Path | None = None, looker: Looker | None = None
) -> Shaped[np.ndarray, "*shape"] | None:
    """Return a feature of a clip, or None where a frame that must show a face shows none.

    Args:
        clip: With frames or a video.
        root: Folder that its path is relative to.
        name: Of the feature.
        cache: Folder of ``.npz`` files; None keeps nothing.
        looker: What finds faces; None takes the product's own.

    Raises:
        UsageError: There is no such feature.
        MissingError: The clip has too few frames, or no apex where that is looked at.
        DecodeError: A frame cannot be read.
    """
    feature = FEATURES.get(name)
    if cache is None:
        return _described(feature, clip, root, looker)
    path = cache / f"{_key(clip, root, name, feature.view, looker)}.npz"
    kept = (read_arrays(path) or {}).get("feature")
    if kept is not None and kept.shape in (feature.shape, (0,)):
        return kept if kept.size else None
    made = _described(feature, clip, root, looker)
    write_arrays(path, {"feature": np.zeros(0, np.float32) if made is None else made})
    return made


def aligned(clip: Clip, root: Path, view: View, looker: Looker | None = None) -> Seen | None:
    """Return the face of a clip in squares, or None where it is not found; see ``View``.

    Raises:
        MissingError: See ``clip_feature``.
        DecodeError: A frame cannot be read.
    """
    times, chosen = _needed(clip, view)
    images = pictures(clip, root, chosen)
    if len(images) < len(chosen):
        raise MissingError(f"{'/'.join(clip.key)}: frames are not there any more: index the data set anew")
    seen = _squares(images, view, looker or shared_tracker())
    if seen is None or len(chosen) == 1:
        return seen
    places = np.interp(times, chosen, np.arange(len(chosen)))
    low = np.floor(places).astype(int).clip(0, len(chosen) - 2)
    part = (places - low).reshape(-1, *(1,) * (seen.squares.ndim - 1)).astype(np.float32)
    squares = (1 - part) * seen.squares[low] + part * seen.squares[low + 1]
    return Seen(squares.round().astype(np.uint8), seen.visibility)


def _described(feature: Feature, clip: Clip, root: Path, looker: Looker | None) -> np.ndarray | None:
    seen = aligned(clip, root, feature.view, looker)
    return None if seen is None else feature.describe(seen)


def _key(clip: Clip, root: Path, name: str, view: View, looker: Looker | None) -> str:
    finder = "" if looker is None else type(looker).__qualname__
    looked_at = present_numbers(clip) if view.frames else _needed(clip, view)[1]
    text = f"{digest(clip, root, looked_at)}\0{name}\0{view}\0{finder}\0{VERSION}"
    return hashlib.sha256(text.encode()).hexdigest()


def _needed(clip: Clip, view: View) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return the times (frame numbers, not whole) of the squares, and the frames on both sides of each."""
    where = "/".join(clip.key)
    if not view.frames:
        if clip.apex is None:
            raise MissingError(f"{where} has no apex: there is no apex frame to look at")
        return np.array([clip.apex]), (clip.apex,)
    there = present_numbers(clip)
    if len(there) < 2:
        raise MissingError(f"{where} has {len(there)} frames from onset to offset: it takes two or more")
    times = np.linspace(there[0], there[-1], view.frames)
    right = np.searchsorted(there, times).clip(1, len(there) - 1)
    return times, tuple(there[place] for place in sorted({*right.tolist(), *(right - 1).tolist()}))


def _squares(images: list[Rgb], view: View, looker: Looker) -> Seen | None:
    from multimodal.face.align import face_transform
    from multimodal.face.crop import face_crop, fitting_step

    faces = [_face(image, looker) for image in (images if view.watched else images[:1])]
    if faces[0].landmarks is None or any(face.visibility is None for face in faces):
        return None
    transform = face_transform(faces[0].landmarks)
    step = fitting_step(transform, view.side)
    cut = [face_crop(image, transform, step, grey=not view.colour).square(transform, view.side) for image in images]
    return Seen(np.stack(cut), np.min(np.array([face.visibility for face in faces]), axis=0))


def _face(image: Rgb, looker: Looker) -> FaceObservation:
    """Look for the face in a picture by itself."""
    looker.reset()
    return looker.track(Frame(image, 0, 0.0, "picture"))
