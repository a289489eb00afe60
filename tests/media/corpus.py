"""Makes the corrupt video corpus: small healthy clips, and the same clips damaged in every way that happens."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

FRAMES = 60
RATE = 30


def picture(index: int, width: int, height: int) -> np.ndarray:
    """A noisy RGB picture, so that compressed frames are large; its top left quarter is red, to see rotation."""
    rng = np.random.default_rng(index)
    coarse = rng.integers(0, 120, (height // 8 + 1, width // 8 + 1, 3))
    image = np.kron(coarse, np.ones((8, 8, 1)))[:height, :width].astype(np.uint8)
    image[: height // 2, : width // 2] = (255, 0, 0)
    return image


def clip(
    path: Path,
    frames: int = FRAMES,
    size: tuple[int, int] = (96, 64),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, RATE),
    container: dict[str, str] | None = None,
    bframes: int = 2,
    grey16: bool = False,
) -> Path:
    """Write a healthy clip of ``frames`` frames."""
    with av.open(str(path), "w", options=container or {}) as out:
        stream = out.add_stream(codec, rate=RATE)
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        stream.codec_context.gop_size = 12
        stream.codec_context.max_b_frames = bframes
        stream.codec_context.time_base = time_base
        for index in range(frames):
            image = picture(index, *size)
            if grey16:
                frame = av.VideoFrame.from_ndarray(image[..., 0].astype(np.uint16) * 257, "gray16le")
            else:
                frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts = index if pts is None else pts[index]
            frame.time_base = time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def front(path: Path, **options: object) -> Path:
    """A healthy MP4 with its index (moov) at the front."""
    return clip(path, container={"movflags": "faststart"}, **options)  # type: ignore[arg-type]


def cut(path: Path, source: Path, share: float = 0.5) -> Path:
    """The first part of a file."""
    content = source.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def damage(path: Path, source: Path, at: float = 0.5, share: float = 0.125) -> Path:
    """A file with a stretch of random bytes in its middle."""
    content = bytearray(source.read_bytes())
    start, length = int(len(content) * at), int(len(content) * share)
    content[start : start + length] = np.random.default_rng(1).bytes(length)
    path.write_bytes(content)
    return path


def without_index(path: Path, source: Path) -> Path:
    """An MP4 whose moov atom, at its end, was never written."""
    content = source.read_bytes()
    path.write_bytes(content[: content.rfind(b"moov") - 4])
    return path


def rotated(path: Path, source: Path) -> Path:
    """The same MP4 with the display matrix of a phone held upright: show it turned clockwise by 90 degrees."""
    content = bytearray(source.read_bytes())
    start = content.find(b"tkhd") + 4 + 40
    content[start : start + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def rateless(path: Path, source: Path, scale: int, rate: int) -> Path:
    """The same AVI whose header says rate / scale frames a second: 0/1 is zero, 0/0 is not a number."""
    content = bytearray(source.read_bytes())
    header = content.find(b"strh") + 8
    content[header + 20 : header + 28] = struct.pack("<II", scale, rate)
    main = content.find(b"avih") + 8
    content[main : main + 4] = struct.pack("<I", 0)
    path.write_bytes(content)
    return path


def sound_only(path: Path) -> Path:
    """An MP4 with a second of silence and no picture."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 44100
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def shredded(path: Path, source: Path) -> Path:
    """An MP4 with its index at the front, and random bytes instead of every frame."""
    content = bytearray(source.read_bytes())
    start = content.find(b"mdat") + 4
    content[start:] = np.random.default_rng(2).bytes(len(content) - start)
    path.write_bytes(content)
    return path
