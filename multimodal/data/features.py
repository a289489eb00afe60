"""Features of whole clips beside the flow, by name: what some classifiers ask for in ``needs``.

A feature sees the aligned face: grey canonical squares from onset to offset, all cut with the alignment of the onset
    frame and brought to one number of frames by linear interpolation in time (in place of the temporal interpolation
    model of Pfister et al. 2011; reconstructed).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from multimodal.data.flow_cache import Looker, read_arrays, shared_tracker, write_arrays
from multimodal.data.frames import Rgb, digest, pictures, present_numbers
from multimodal.data.index import Clip
from multimodal.data.lbp_top import lbp_top
from multimodal.errors import MissingError
from multimodal.registry import Registry
from multimodal.results import Frame

TIME = 10
"""Frames of a clip's squares."""

SIDE = 128
"""Of the squares, pixels."""

VERSION = 1
"""Raised when a feature changes, so that nothing stale is read."""

Squares = UInt8[np.ndarray, "time side side"]

FEATURES: Registry[Callable[[Squares], Float[np.ndarray, "dims"]]] = Registry("feature")
"""Name -> function of the aligned clip."""

register_feature = FEATURES.register

register_feature("lbp_top")(lbp_top)


def clip_feature(
    clip: Clip, root: Path, name: str, cache: Path | None = None, looker: Looker | None = None
) -> Float[np.ndarray, "dims"] | None:
    """Return a feature of a clip, or None where the onset frame shows no face.

    Args:
        clip: With frames or a video.
        root: Folder that its path is relative to.
        name: Of the feature.
        cache: Folder of ``.npz`` files; None keeps nothing.
        looker: What finds faces; None takes the product's own.

    Raises:
        UsageError: There is no such feature.
        MissingError: The clip has too few frames.
        DecodeError: A frame cannot be read.
    """
    describe, path = FEATURES.get(name), None
    if cache is not None:
        finder = "" if looker is None else type(looker).__qualname__
        text = f"{digest(clip, root, present_numbers(clip))}\0{name}\0{TIME}\0{SIDE}\0{finder}\0{VERSION}"
        path = cache / f"{hashlib.sha256(text.encode()).hexdigest()}.npz"
        kept = read_arrays(path)
        if kept is not None and "feature" in kept:
            return kept["feature"] if kept["feature"].size else None
    seen = aligned(clip, root, looker)
    feature = None if seen is None else describe(seen).astype(np.float32)
    if path is not None:
        write_arrays(path, {"feature": np.zeros(0, np.float32) if feature is None else feature})
    return feature


def aligned(clip: Clip, root: Path, looker: Looker | None = None) -> Squares | None:
    """Return a clip as ``TIME`` grey squares of the face, or None where the onset frame shows none."""
    times, chosen = _needed(clip)
    images = pictures(clip, root, chosen)
    if len(images) < len(chosen):
        raise MissingError(f"{'/'.join(clip.key)}: frames are not there any more: index the data set anew")
    squares = _squares(images, looker or shared_tracker())
    if squares is None:
        return None
    places = np.interp(times, chosen, np.arange(len(chosen)))
    low = np.floor(places).astype(int).clip(0, len(chosen) - 2)
    part = (places - low)[:, None, None]
    return ((1 - part) * squares[low] + part * squares[low + 1]).round().astype(np.uint8)


def _needed(clip: Clip) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return the times (frame numbers, not whole) of the squares, and the frames on both sides of each."""
    there = present_numbers(clip)
    if len(there) < 2:
        raise MissingError(f"{'/'.join(clip.key)} has {len(there)} frames from onset to offset: it takes two or more")
    times = np.linspace(there[0], there[-1], TIME)
    right = np.searchsorted(there, times).clip(1, len(there) - 1)
    return times, tuple(there[place] for place in sorted({*right.tolist(), *(right - 1).tolist()}))


def _squares(images: list[Rgb], looker: Looker) -> Float[np.ndarray, "frames side side"] | None:
    from multimodal.face.align import face_transform
    from multimodal.face.crop import face_crop, fitting_step

    looker.reset()
    seen = looker.track(Frame(images[0], 0, 0.0, "onset"))
    if seen.landmarks is None:
        return None
    transform = face_transform(seen.landmarks)
    step = fitting_step(transform, SIDE)
    cut = [face_crop(image, transform, step, grey=True).square(transform, SIDE) for image in images]
    return np.stack(cut).astype(np.float64)
