"""The public HaGRID hand detector and crop classifier, measured on the same photos in the same run as ours.

Two ONNX files of https://github.com/ai-forever/dynamic_gestures (Apache-2.0; Nuzhdin et al. 2024, "HaGRIDv2",
arXiv 2412.01508) in one folder. Its ways, as published: both networks take RGB, (value - 127) / 128. The whole picture
is stretched to 320 x 240 for the detector, which gives the corners of hands as fractions of the picture, and holds its
own threshold (.7) and suppression. Each box is made square, cut to the picture and stretched to 128 x 128 for the
classifier of 45 signs.

Its detector misses hands that fill the picture, and photos of hands are often cut that tightly. A border, made of the
picture's edge repeated, helps it: it is read with several, and its best is named, though chosen on the test.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.errors import MissingError, UsageError
from multimodal.evaluation.detection import Boxes, image_top1, mean_average_precision
from multimodal.evaluation.stopwatch import median_ms, timed
from multimodal.gesture.hands import shrink
from multimodal.results import GESTURES
from multimodal.weights.onnx_file import open_session

SIGNS = (
    *("hand_down", "hand_right", "hand_left", "thumb_index", "thumb_left", "thumb_right", "thumb_down", "half_up"),
    *("half_left", "half_right", "half_down", "part_hand_heart", "part_hand_heart2", "fist_inverted", "two_left"),
    *("two_right", "two_down", "grabbing", "grip", "point", "call", "three3", "little_finger", "middle_finger"),
    *("dislike", "fist", "four", "like", "mute", "ok", "one", "palm", "peace", "peace_inverted", "rock", "stop"),
    *("stop_inverted", "three", "three2", "two_up", "two_up_inverted", "three_gun", "one_left", "one_right"),
    "one_down",
)
"""The classifier's signs in the order of its output (``utils/enums.py`` of its repository)."""

BORDERS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Width of the border on each side, in lengths of the picture's longer side."""

_DETECTOR, _CLASSIFIER = "hand_detector.onnx", "crops_classifier.onnx"
_WIDE, _SQUARE = (320, 240), (128, 128)
_OURS = [GESTURES.index(name if name in GESTURES else "no_gesture") for name in SIGNS]
_TABLE = np.eye(len(GESTURES))[_OURS]
"""Its signs to ours: those that are none of ours are ``no_gesture``, which it does not know."""


class Peer:
    """Reads photos as the peer does.

    Args:
        folder: Holds ``hand_detector.onnx`` and ``crops_classifier.onnx``.

    Raises:
        MissingError: A file is missing, or is not that network.
    """

    def __init__(self, folder: Path) -> None:
        self._detector = _session(folder / _DETECTOR, _WIDE, ["boxes", "labels", "scores"])
        self._classifier = _session(folder / _CLASSIFIER, _SQUARE, ["labels"])

    def read(self, image: UInt8[np.ndarray, "height width 3"], border: float = 0.0) -> Boxes:
        """Return the hands of an RGB picture, each as one prediction for every one of our signs.

        Args:
            image: The picture.
            border: Width of the border on each side, in lengths of the longer side.

        Returns:
            Boxes in pixels of the picture without its border, cut to it; scores are the detector's times the
            classifier's probability.
        """
        smaller, scale = shrink(image)
        pad = round(border * max(smaller.shape[:2]))
        wide = cv2.copyMakeBorder(smaller, pad, pad, pad, pad, cv2.BORDER_REPLICATE) if pad else smaller
        corners, _, scores = self._detector.run(None, {"input": planes(wide, _WIDE)})
        boxes = corners * np.array([wide.shape[1], wide.shape[0]] * 2)
        rows = [self._probabilities(wide, box) * score for box, score in zip(boxes, scores, strict=True)]
        limit = np.array([image.shape[1], image.shape[0]] * 2, np.float64)
        return Boxes.spread(np.clip((boxes - pad) / scale, 0, limit), np.array(rows).reshape(-1, len(GESTURES)))

    def _probabilities(
        self, image: UInt8[np.ndarray, "height width 3"], box: Float[np.ndarray, "4"]
    ) -> Float[np.ndarray, "19"]:
        """Return the probabilities of our signs for one hand; all 0 for a box that has no pixel in the picture."""
        x0, y0, x1, y1 = square(box, image.shape[1], image.shape[0])
        if x1 <= x0 or y1 <= y0:
            return np.zeros(len(GESTURES))
        logits = self._classifier.run(None, {"input": planes(image[y0:y1, x0:x1], _SQUARE)})[0][0].astype(np.float64)
        return folded(logits)


class PeerRun:
    """Collects what the peer finds with each border.

    Args:
        folder: See ``Peer``.
        borders: See ``BORDERS``.

    Raises:
        MissingError: See ``Peer``.
        UsageError: No border is given, or a negative one.
    """

    def __init__(self, folder: Path, borders: Sequence[float] = BORDERS) -> None:
        if not borders or min(borders) < 0:
            raise UsageError(f"borders {list(borders)}: give shares of the picture's longer side, such as 0,.5,1")
        self._peer = Peer(folder)
        self._found: dict[float, list[Boxes]] = {border: [] for border in borders}
        self._ms: dict[float, list[float]] = {border: [] for border in borders}

    def look(self, image: UInt8[np.ndarray, "height width 3"]) -> None:
        """Read the next picture with every border."""
        for border, found in self._found.items():
            ms, boxes = timed(lambda border=border: self._peer.read(image, border))  # type: ignore[misc]
            found.append(boxes)
            self._ms[border].append(ms)

    def figures(self, truths: Sequence[Boxes]) -> dict[str, Any]:
        """Return the figures of all borders under ``borders``, ``best_border``, and that one's figures beside.

        The best border is the one with the highest top-1, then mAP50; of equal ones the narrowest. Of each border:
        ``image_top1, map50, map50_95, found`` (pictures with any hand) and ``ms`` (median a photo).
        """
        table = {border: self._scores(border, truths) for border in self._found}
        best = max(table, key=lambda border: (table[border]["image_top1"], table[border]["map50"], -border))
        return {"best_border": best, **table[best], "borders": {f"{border:g}": row for border, row in table.items()}}

    def _scores(self, border: float, truths: Sequence[Boxes]) -> dict[str, Any]:
        found = self._found[border]
        map50, map50_95, _ = mean_average_precision(found, truths, len(GESTURES))
        return {
            "image_top1": round(image_top1(found, truths), 4),
            "map50": round(map50, 4),
            "map50_95": round(map50_95, 4),
            "found": sum(bool(len(boxes.scores)) for boxes in found),
            "ms": median_ms(self._ms[border]),
        }


def planes(image: UInt8[np.ndarray, "height width 3"], size: tuple[int, int]) -> Float[np.ndarray, "1 3 rows columns"]:
    """Return what its networks take: the picture stretched to ``size`` (width, height), about -1 to 1."""
    stretched = cv2.resize(image, size).astype(np.float32)
    return np.ascontiguousarray(((stretched - 127) / 128).transpose(2, 0, 1)[None])


def square(box: Float[np.ndarray, "4"], width: int, height: int) -> tuple[int, int, int, int]:
    """Return the square around a box's middle with its longer side, cut to the picture: x0, y0, x1, y1."""
    middle, half = (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max()) / 2
    low, high = np.clip([middle - half, middle + half], 0, [width, height]).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def folded(logits: Float[np.ndarray, "45"]) -> Float[np.ndarray, "19"]:
    """Return the probabilities of our signs from the classifier's logits."""
    shares = np.exp(logits - logits.max())
    return np.asarray(shares / shares.sum() @ _TABLE)


def parse_borders(text: str) -> tuple[float, ...]:
    """Read borders as the command line takes them: numbers with commas between.

    Raises:
        UsageError: One is no number.
    """
    try:
        return tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError as error:
        raise UsageError(f"--borders {text!r}: give numbers with commas between, such as 0,.25,.5") from error


def _session(path: Path, size: tuple[int, int], outputs: list[str]) -> Any:
    if not path.is_file():
        raise MissingError(f"no {path}: --peer takes a folder with {_DETECTOR} and {_CLASSIFIER}")
    try:
        session = open_session(path)
    except Exception as error:  # onnxruntime raises many types of its own, all derived from Exception
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MissingError(f"{path} cannot be read as ONNX ({first}): fetch it anew") from error
    given, given_out = session.get_inputs()[0], session.get_outputs()
    same = given.shape[1:] == [3, size[1], size[0]] and [put.name for put in given_out] == outputs
    if not same or (path.name == _CLASSIFIER and given_out[0].shape[-1] != len(SIGNS)):
        raise MissingError(f"{path} is not that network of dynamic_gestures: fetch it anew")
    return session
