"""From what the user names to a source of frames."""

from __future__ import annotations

import glob
import importlib.resources
from pathlib import Path

from multimodal.errors import MissingError, UsageError
from multimodal.media.base import Source
from multimodal.media.camera import CameraSource
from multimodal.media.file import FileSource
from multimodal.media.images import SUFFIXES, ImagesSource

__all__ = ["Source", "open_source"]


def open_source(spec: str) -> Source:
    """Open a camera, a video, pictures or the packaged sample.

    Args:
        spec: A camera's number (``0``), a video file, a picture, a folder of pictures, a pattern (``shots/*.jpg``), or
            ``sample``.

    Returns:
        The source, with its first frame already decoded; use it in a ``with`` block.

    Raises:
        UsageError: There is no such file, nothing matches, or it is a network address.
        MissingError: The camera, or the packaged sample, is not there.
        DecodeError: It is there, but cannot be decoded.
    """
    path = Path(spec).expanduser()
    if spec == "sample":
        return FileSource(_sample(), name="sample")
    if spec.isdecimal() and not path.exists():
        return CameraSource(int(spec))
    if path.is_dir():
        return _from_pictures([item for item in path.iterdir() if _is_picture(item)], spec)
    if path.is_file():
        return ImagesSource([path], spec) if _is_picture(path) else FileSource(path, spec)
    return _from_pattern(spec, path)


def _from_pattern(spec: str, path: Path) -> Source:
    if "://" in spec:
        raise UsageError(
            f"{spec} is a network address: veilspeak reads local files and cameras only, so download it first"
        )
    if path.exists():
        raise UsageError(
            f"{spec} is neither a file nor a folder: give a video, a picture, a folder or a camera's number"
        )
    names = glob.iglob(str(path), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute patterns
    found = [Path(name) for name in names if Path(name).is_file()]
    if len(found) == 1 and not _is_picture(found[0]):
        return FileSource(found[0], spec)
    if not found and not glob.has_magic(spec):
        raise UsageError(f"no file {spec}: check the path, or give a camera's number, a folder, a pattern or 'sample'")
    return _from_pictures([item for item in found if _is_picture(item)], spec)


def _from_pictures(paths: list[Path], spec: str) -> Source:
    if not paths:
        raise UsageError(f"no picture in {spec}: name a folder or a pattern with pictures, or one video file")
    return ImagesSource(paths, spec)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _sample() -> Path:
    path = Path(str(importlib.resources.files("multimodal.media") / "sample" / "sample.mp4"))
    if not path.is_file():
        raise MissingError("the packaged sample clip is missing: reinstall veilspeak, or name a video file")
    return path
