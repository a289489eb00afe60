"""The hand detector through ONNX Runtime: letterbox, network, decoding and suppression, without torch.

The network gives boxes as centre and size in input pixels and one score a class and place (Ultralytics' anchor-free
head with its arithmetic inside the ONNX file); what is left to do are a few lines of numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal import weights
from multimodal.errors import MissingError
from multimodal.gesture.boxes import suppress
from multimodal.results import GESTURES

WEIGHTS = "gesture-detector"
THRESHOLD, OVERLAP = 0.25, 0.5
"""Least score of a hand, and the IoU above which the worse of two boxes is dropped, where nothing else is said."""

_GREY = 114
_EPSILON = 1e-6


@dataclass(frozen=True)
class Detection:
    """One hand that the detector found.

    Attributes:
        box: x0, y0, x1, y1 in pixels of the picture, cut to it.
        scores: ``[19]``, the network's score of each gesture, 0 to 1 each on its own.
    """

    box: tuple[float, float, float, float]
    scores: Float[np.ndarray, "19"]

    @property
    def confidence(self) -> float:
        """The best score."""
        return float(self.scores.max())

    def log_probabilities(self) -> Float[np.ndarray, "19"]:
        """Return the scores' logarithms, normalised so that the probabilities sum to 1."""
        logs = np.log(np.clip(self.scores.astype(np.float64), _EPSILON, 1))
        return logs - np.log(np.exp(logs).sum())


def letterbox(
    image: UInt8[np.ndarray, "height width 3"], size: int
) -> tuple[Float[np.ndarray, "1 3 size size"], float, tuple[float, float]]:
    """Fit a picture into a square, keeping its shape, the rest grey.

    Returns:
        The network's input, float32, 0 to 1; the scale from picture to input; the picture's offset (x, y) in it.
    """
    height, width = image.shape[:2]
    scale = size / max(height, width)
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.full((size, size, 3), _GREY, np.uint8)
    left, top = (size - shape[0]) // 2, (size - shape[1]) // 2
    canvas[top : top + shape[1], left : left + shape[0]] = cv2.resize(image, shape, interpolation=method)
    planes = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255)
    return planes, scale, (float(left), float(top))


def decode(
    output: Float[np.ndarray, "channels places"], threshold: float, overlap: float
) -> tuple[Float[np.ndarray, "hands 4"], Float[np.ndarray, "hands classes"]]:
    """Turn the network's output into boxes and their scores.

    A hand makes one sign, so that suppression runs over all classes together.

    Args:
        output: ``[4 + classes, places]``: centre x, centre y, width, height in input pixels, then the scores.
        threshold: Least best score of a box.
        overlap: IoU above which the worse of two boxes is dropped.

    Returns:
        Boxes x0, y0, x1, y1 in input pixels and their scores, the best first.
    """
    places = output[:, output[4:].max(axis=0) >= threshold].T
    centre, half, scores = places[:, :2], places[:, 2:4] / 2, places[:, 4:]
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    if not len(boxes):
        return boxes, scores
    kept = suppress(boxes, scores.max(axis=1), overlap)
    return boxes[kept], scores[kept]


class HandDetector:
    """Finds and names hands.

    Args:
        name: Shipped weights, or the path of an ONNX file with its card beside it.
        threshold: Least score of a hand, 0 to 1.
        overlap: IoU above which the worse of two boxes is dropped.
        max_hands: At most so many hands.

    Raises:
        MissingError: The weights are missing, damaged or not a detector of these gestures.
    """

    def __init__(
        self, name: str = WEIGHTS, threshold: float = THRESHOLD, overlap: float = OVERLAP, max_hands: int = 300
    ) -> None:
        path, self.card = weights.find(name)
        self._session = _session(path)
        taken = self._session.get_inputs()[0]
        self.input_name, self.size = str(taken.name), int(taken.shape[2])
        self.threshold, self.overlap, self.max_hands = threshold, overlap, max_hands

    def find(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Detection]:
        """Return the hands of an RGB picture of any size, the surest first."""
        planes, scale, offset = letterbox(image, self.size)
        output = self._session.run(None, {self.input_name: planes})[0][0]
        boxes, scores = decode(output, self.threshold, self.overlap)
        limit = np.array([image.shape[1], image.shape[0]] * 2, dtype=np.float64)
        boxes = np.clip((boxes - np.tile(offset, 2)) / scale, 0, limit)
        found = zip(boxes[: self.max_hands], scores, strict=False)
        return [Detection((float(b[0]), float(b[1]), float(b[2]), float(b[3])), s) for b, s in found]


def _session(path: Path) -> Any:
    """Open an ONNX file on one thread, and check that it is such a detector."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many types of its own, all derived from Exception
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MissingError(f"weights {path} cannot be read as ONNX ({first}): reinstall veilspeak") from error
    shape = session.get_outputs()[0].shape
    if len(shape) != 3 or shape[1] != 4 + len(GESTURES):
        raise MissingError(f"weights {path} give {shape}, not [1, {4 + len(GESTURES)}, places]: reinstall veilspeak")
    return session
