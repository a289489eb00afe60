from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_detector import SIZE, write_constant, write_detector
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import MissingError
from multimodal.gesture.boxes import iou
from multimodal.gesture.detector import Detection, HandDetector, decode, letterbox
from multimodal.results import GESTURES


@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from([32, 64]))
def test_letterbox_keeps_shape_and_place(height: int, width: int, size: int) -> None:
    image = np.full((height, width, 3), 255, np.uint8)
    planes, scale, (left, top) = letterbox(image, size)
    assert planes.shape == (1, 3, size, size)
    assert planes.dtype == np.float32
    white = np.argwhere(planes[0, 0] > 0.99)
    (y0, x0), (y1, x1) = white.min(axis=0), white.max(axis=0) + 1
    assert (x0, y0) == (left, top)
    assert abs((x1 - x0) - width * scale) <= 1
    assert abs((y1 - y0) - height * scale) <= 1
    assert max(x1 - x0, y1 - y0) == size


def test_letterbox_keeps_the_channels_in_order() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[..., 0] = 255
    planes, _, _ = letterbox(image, 32)
    assert planes[0, :, 16, 16].tolist() == [1, 0, 0]


def test_decode_agrees_with_a_loop() -> None:
    rng = np.random.default_rng(0)
    output = np.concatenate([rng.uniform(10, 50, (4, 60)), rng.uniform(0, 1, (19, 60)) ** 8]).astype(np.float32)
    boxes, scores = decode(output, 0.3, 0.4)
    rows = sorted((tuple(c) for c in output.T if max(c[4:]) >= 0.3), key=lambda c: -max(c[4:]))
    kept: list[np.ndarray] = []
    for x, y, w, h, *_ in rows:
        box = np.array([[x - w / 2, y - h / 2, x + w / 2, y + h / 2]])
        if all(iou(box, other)[0, 0] <= 0.4 for other in kept):
            kept.append(box)
    assert np.allclose(boxes, np.concatenate(kept), atol=1e-4)
    assert (scores.max(axis=1) >= 0.3).all()
    assert (np.diff(scores.max(axis=1)) <= 0).all()


def test_boxes_come_back_in_pixels_of_the_picture(tmp_path: Path) -> None:
    # A 128x64 picture fills the middle 64x32 of the input: input (16, 24) is picture (32, 16).
    path = write_detector(tmp_path, [((16, 24, 32, 40), "ok", 0.9), ((0, 0, 64, 64), "palm", 0.5)])
    first, second = HandDetector(path).find(np.zeros((64, 128, 3), np.uint8))
    assert first.box == pytest.approx((32, 16, 64, 48))
    assert GESTURES[first.scores.argmax()] == "ok"
    assert second.box == pytest.approx((0, 0, 128, 64))


def test_threshold_and_number_of_hands(tmp_path: Path) -> None:
    path = write_detector(tmp_path, [((0, 0, 9, 9), "ok", 0.3), ((20, 20, 40, 40), "call", 0.8)])
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    assert [d.confidence for d in HandDetector(path, threshold=0.5).find(image)] == pytest.approx([0.8])
    assert len(HandDetector(path, threshold=0.1, max_hands=1).find(image)) == 1
    assert HandDetector(path, threshold=0.95).find(image) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (3, 2), (17, 900)])
def test_odd_sizes(tmp_path: Path, shape: tuple[int, int]) -> None:
    path = write_detector(tmp_path, [((0, 0, 64, 64), "ok", 0.9)])
    (found,) = HandDetector(path).find(np.zeros((*shape, 3), np.uint8))
    assert found.box == pytest.approx((0, 0, shape[1], shape[0]))


def test_log_probabilities_sum_to_one() -> None:
    logs = Detection((0, 0, 1, 1), np.eye(19, dtype=np.float32)[3] * np.float32(0.4)).log_probabilities()
    assert np.exp(logs).sum() == pytest.approx(1)
    assert logs.argmax() == 3


def test_missing_damaged_and_foreign_weights(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="are missing"):
        HandDetector(str(tmp_path / "none.onnx"))
    path = write_constant(tmp_path, np.zeros((1, 7, 5), np.float32))
    with pytest.raises(MissingError, match="not \\[1, 23"):
        HandDetector(path)
    Path(path).write_bytes(b"not onnx")
    with pytest.raises(MissingError, match="damaged"):
        HandDetector(path)


def test_a_file_that_is_not_onnx_is_told_in_one_line(tmp_path: Path) -> None:
    from fake_detector import write_detector_card

    path = tmp_path / "fake-detector.onnx"
    path.write_bytes(b"\x80\x04not onnx\n" * 9)
    write_detector_card(path)
    with pytest.raises(MissingError, match="cannot be read as ONNX") as caught:
        HandDetector(str(path))
    assert "\n" not in str(caught.value)
