"""Which formats a copy is written in: the source's own where it keeps motion intact, else the nearest that does."""

from __future__ import annotations

from pathlib import Path

JPEG = frozenset({".jpg", ".jpeg", ".jpe"})
"""Written at quality 95 without thinning the colours out."""

LOSSLESS = frozenset({".png", ".bmp", ".dib", ".tif", ".tiff", ".ppm"})
"""Written as they are, in 8 bits."""

H264 = frozenset({".mp4", ".m4v", ".mov", ".mkv"})
"""Containers for H.264 at crf 10, which costs optical flow nothing."""

MJPEG = frozenset({".avi"})
"""The container for JPEG frames of the best quality."""


def picture_suffix(path: Path) -> str:
    """Return the suffix of a picture's copy: its own, or ``.png`` for a format that is not written."""
    return path.suffix if path.suffix.lower() in JPEG | LOSSLESS else ".png"


def video_suffix(path: Path) -> str:
    """Return the suffix of a video's copy: its own, or ``.mp4`` for a container that is not written."""
    return path.suffix if path.suffix.lower() in H264 | MJPEG else ".mp4"
