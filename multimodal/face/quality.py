"""Whether a video is compressed too hard for micro-motion to survive.

Compression smooths away just the small motion that matters. Pixels do not betray it reliably (static background and
deblocking look alike), but the bits spent on each pixel do.
"""

from __future__ import annotations

LEAST_BITS: dict[str, float] = {"h264": 0.045, "hevc": 0.03, "vp9": 0.03, "av1": 0.025, "mpeg4": 0.09}
"""Bits a pixel and frame below which small motion is likely lost, by codec.

The figure of h264 lies between three real clips at crf 23 (.049 to .080) and at crf 28 (.026 to .041); the others are
h264's times the codecs' usual efficiency. Codecs that code each frame by itself are not listed.
"""


def bits_per_pixel(bit_rate: float, width: int, height: int, fps: float) -> float:
    """Return how many bits a video spends on each pixel of each frame.

    Args:
        bit_rate: Of the video stream, bits a second.
        width, height: Pixels.
        fps: Frames a second.

    Raises:
        ValueError: Size or rate is not positive.
    """
    if min(width, height) <= 0 or fps <= 0:
        raise ValueError(f"expected a positive size and rate, given {width} x {height} at {fps} a second")
    return bit_rate / (width * height * fps)


def compression_warning(codec: str, bits: float) -> str | None:
    """Return a one-line warning for a badly compressed clip, else None.

    Args:
        codec: FFmpeg's name, such as ``h264``.
        bits: See ``bits_per_pixel``; 0 where it is unknown, which gives no warning.
    """
    least = LEAST_BITS.get(codec)
    if least is None or bits <= 0 or bits >= least:
        return None
    return (
        f"the clip is strongly compressed ({bits:.3f} bits a pixel; {codec} needs about {least:.3f}): small movements "
        "of the face may be lost; use the original, or encode it with crf 18 or less"
    )
