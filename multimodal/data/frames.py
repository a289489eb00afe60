"""The frames of a clip: which file shows which frame, and their pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from multimodal.data.index import Clip
from multimodal.data.layouts.folders import frame_number
from multimodal.errors import DecodeError, MissingError

Rgb = UInt8[np.ndarray, "height width 3"]


def numbers(clip: Clip) -> tuple[int, ...]:
    """Return the number of each frame file: what stands at the end of its name, or counted on from ``first``."""
    named = tuple(frame_number(name) for name in clip.frames)
    told = tuple(number for number in named if number is not None)
    if len(told) == len(named) and told[:1] in ((), (clip.first,)):
        return told
    return tuple(range(clip.first, clip.first + len(clip.frames)))


def wanted_numbers(clip: Clip) -> tuple[int, ...]:
    """Return the numbers of the frames from onset to offset, or to the apex where the offset is not told.

    Raises:
        MissingError: The clip has no onset.
    """
    if clip.onset is None:
        raise MissingError(f"{'/'.join(clip.key)} has no onset: it can only be used as a flow map")
    last = clip.offset if clip.offset is not None else clip.apex if clip.apex is not None else clip.onset
    return tuple(range(clip.onset, last + 1))


def present_numbers(clip: Clip) -> tuple[int, ...]:
    """Return the wanted numbers whose frames are there; of a video, all wanted ones."""
    there = set(numbers(clip))
    return tuple(number for number in wanted_numbers(clip) if number in there or not clip.frames)


def frames_of(clip: Clip, root: Path) -> list[Rgb]:
    """Read a clip's frames from onset to offset; frames that are missing between them are left out.

    Args:
        clip: With frame files, or a video as its path.
        root: Folder that its path is relative to.

    Returns:
        RGB pictures in the order of time.

    Raises:
        MissingError: The clip has no frames, or a file is gone.
        DecodeError: A picture, or the video, cannot be read.
    """
    return pictures(clip, root, wanted_numbers(clip))


def pictures(clip: Clip, root: Path, wanted: tuple[int, ...]) -> list[Rgb]:
    """Read chosen frames by their numbers, in the order of time; see ``frames_of``."""
    from multimodal.media.images import read_image

    if not clip.frames:
        return _of_video(clip, root, set(wanted))
    files = dict(zip(numbers(clip), clip.frames, strict=True))
    paths = [root / clip.path / files[number] for number in wanted if number in files]
    gone = next((path for path in paths if not path.is_file()), None)
    if gone is not None:
        raise MissingError(f"{gone} is not there any more: index the data set anew")
    return [read_image(path) for path in paths]


def digest(clip: Clip, root: Path, wanted: tuple[int, ...]) -> str:
    """Return the SHA-256 of the bytes of chosen frames; of a video, of the whole file and the numbers.

    Raises:
        MissingError: A frame is not there.
    """
    files = dict(zip(numbers(clip), clip.frames, strict=True))
    paths = [root / clip.path / files[number] for number in wanted if number in files] or [root / clip.path]
    total = hashlib.sha256() if clip.frames else hashlib.sha256(repr(wanted).encode())
    for path in paths:
        try:
            total.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            raise MissingError(f"{path} cannot be read ({error.strerror}): index the data set anew") from error
    return total.hexdigest()


def _of_video(clip: Clip, root: Path, wanted: set[int]) -> list[Rgb]:
    from multimodal.media.sources import open_source

    if not clip.path:
        raise MissingError(f"{'/'.join(clip.key)} has no frames: its sheet was read alone")
    path = root / clip.path
    if not path.is_file():
        raise MissingError(f"{path} is not there: index the data set anew")
    found = []
    with open_source(str(path)) as source:
        for frame in source:
            if frame.index + clip.first in wanted:
                found.append(frame.image)
            if frame.index + clip.first >= max(wanted):
                break
    if not found:
        raise DecodeError(f"{path} has none of the frames {min(wanted)} to {max(wanted)}: check the index")
    return found
