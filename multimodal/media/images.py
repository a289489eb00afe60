"""Photos: one picture, a folder of them, or a pattern."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from multimodal.errors import DecodeError
from multimodal.media.base import Source
from multimodal.results import Frame

_FOR_OPENCV = frozenset({".hdr", ".pic", ".pxm", ".sr", ".ras"})
_FOR_PILLOW = "bmp dib jpeg jpg jpe jp2 png webp avif pbm pgm ppm pnm tiff tif"
SUFFIXES = _FOR_OPENCV | {f".{ending}" for ending in _FOR_PILLOW.split()}
"""The picture formats that are read; anything else is taken for a video."""

SHOWN_PER_SECOND = 1.0
"""Photos have no time of their own: one a second."""


class ImagesSource(Source):
    """Photos in natural order, each a scene of its own.

    One that cannot be decoded is skipped and counted in ``decode_errors``, its number stays free, and ``truncated`` is
    true at the end.

    Args:
        paths: The pictures.
        name: What the user gave.
        broken: Called with each picture that cannot be decoded, and why.

    Raises:
        DecodeError: Not one of them can be decoded.
    """

    def __init__(
        self, paths: Sequence[Path], name: str, broken: Callable[[Path, DecodeError], None] | None = None
    ) -> None:
        self._broken = broken
        self._paths = sorted(paths, key=natural_key)
        super().__init__(
            name=name,
            kind="images",
            fps=SHOWN_PER_SECOND,
            width=0,
            height=0,
            frames_expected=len(self._paths),
            independent=True,
        )
        self._frames = self._read()
        self._first = next(self._frames, None)
        if self._first is None:
            raise DecodeError(
                f"{name}: no picture in it can be decoded; choose another file, or export it again as PNG"
            )
        self.height, self.width = self._first.image.shape[:2]

    def __iter__(self) -> Iterator[Frame]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._frames

    def close(self) -> None:
        """Nothing is held open between two pictures."""

    def _read(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            try:
                image = read_image(path)
            except DecodeError as error:
                self.decode_errors += 1
                if self._broken is not None:
                    self._broken(path, error)
                continue
            yield Frame(image, index, index * 1000.0 / self.fps, str(path))
        self.truncated = self.decode_errors > 0


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key that puts ``img2`` before ``img10``, folder by folder."""
    parts = re.split(r"(\d+)", str(path))
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in parts if part]


def read_image(path: Path) -> UInt8[np.ndarray, "height width 3"]:
    """Read a picture upright (EXIF) as RGB; grey, palette, alpha and 16-bit pictures are converted, alpha is dropped.

    Raises:
        DecodeError: It cannot be decoded as a whole (half a picture counts as broken), or is larger than Pillow thinks
            safe to unpack (about 179 million pixels).
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DecodeError(f"{path} cannot be read ({error.strerror}): check the path and its permissions") from error
    try:
        image = _by_opencv(content) if path.suffix.lower() in _FOR_OPENCV else _by_pillow(content)
    except DecodeError as error:
        raise DecodeError(f"{path}: {error}: export it again as PNG or JPEG") from error
    if image is None:
        raise DecodeError(f"{path} cannot be decoded as a picture: export it again as PNG or JPEG")
    return image


def _by_pillow(content: bytes) -> UInt8[np.ndarray, "height width 3"] | None:
    """Decode by Pillow, which unlike OpenCV refuses a picture that stops halfway; None where it is no picture."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as picture:
                picture.load()
                upright = ImageOps.exif_transpose(picture)
                return _eight_bit(upright)
    except (UnidentifiedImageError, ImportError):  # where Ultralytics is loaded, its own opener asks for more packages
        return None
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise DecodeError(f"the picture is damaged ({error})") from error


def _eight_bit(picture: object) -> UInt8[np.ndarray, "height width 3"]:
    from PIL import Image

    assert isinstance(picture, Image.Image)
    if picture.mode.startswith("I"):
        grey = (np.asarray(picture).astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if picture.mode == "F":
        grey = (np.nan_to_num(np.asarray(picture, np.float64)).clip(0.0, 1.0) * 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    return np.array(picture.convert("RGB"), np.uint8)


def _by_opencv(content: bytes) -> UInt8[np.ndarray, "height width 3"] | None:
    import cv2

    if not content:
        return None
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
