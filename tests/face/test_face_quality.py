from __future__ import annotations

import pytest

from multimodal.face.quality import bits_per_pixel, compression_warning


def test_bits_per_pixel() -> None:
    assert bits_per_pixel(640 * 360 * 25 * 0.1, 640, 360, 25) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="positive"):
        bits_per_pixel(1000, 0, 360, 25)


@pytest.mark.parametrize(
    ("codec", "bits", "warned"),
    [("h264", 0.03, True), ("h264", 0.08, False), ("mjpeg", 0.01, False), ("hevc", 0.035, False), ("h264", 0.0, False)],
)
def test_only_strong_compression_is_warned_of(codec: str, bits: float, warned: bool) -> None:
    warning = compression_warning(codec, bits)
    assert (warning is not None) == warned
    assert warning is None or "\n" not in warning
