"""Signs for the fusion head: hands as the gesture room reads them in photos, clear ones and doubtful ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from multimodal.results import GESTURES, Frame, Hand
from multimodal.training.pairs import Channel

STATES = ("clean", "covered", "blurred", "dark")
"""What is done to a photo before it is read."""

_HIDDEN = (0.05, 0.4)
_BLUR = (0.01, 0.05)
_DARK = (0.08, 0.4)
_NOISE = 4.0

Photo = UInt8[np.ndarray, "height width 3"]
Box = tuple[float, float, float, float]


def read_signs(data: Path, split: str, states: Sequence[str] = ("clean",), seed: int = 0) -> Channel:
    """Read the hands of sign photos with the shipped weights, every photo once a state.

    The hand that is read is the surest of the photo, as in live use; its label is that of the largest labelled hand.

    Args:
        data: A YOLO ``data.yaml``, or its folder.
        split: Its part.
        states: Of ``STATES``.
        seed: Of what is done to the photos.

    Returns:
        The signs, state after state; groups are the photos.

    Raises:
        MissingError: There is no such data set, or weights are missing.
        UsageError: A part of it is unsound, or a class is no gesture.
    """
    from multimodal.data.yolo_checks import check_pictures, require_classes
    from multimodal.data.yolo_folder import read_rgb, read_yolo_folder
    from multimodal.evaluation.detection import largest
    from multimodal.evaluation.gesture import truth_of
    from multimodal.gesture.reader import GestureReader

    folder = check_pictures(read_yolo_folder(data, split))
    require_classes(folder, GESTURES)
    folder.require_sound()
    found: list[tuple[int, int, int, Hand | None]] = []
    with GestureReader(live=False) as reader:
        for number, sample in enumerate(folder.samples):
            photo = read_rgb(sample.image)
            truth = truth_of(sample, photo.shape[1], photo.shape[0])
            if not len(truth.classes):
                continue
            place = largest(truth)
            rng = np.random.default_rng([seed, number])
            for order, state in enumerate(states):
                seen = spoilt(photo, tuple(truth.boxes[place]), state, rng)
                hands = reader.read(Frame(seen, number, 0.0, str(sample.image))).hands
                found.append((order, number, int(truth.classes[place]), hands[0] if hands else None))
    return _channel(sorted(found, key=lambda entry: entry[:2]))


def spoilt(photo: Photo, box: Box, state: str, rng: np.random.Generator) -> Photo:
    """Return a photo in one of ``STATES``.

    Args:
        photo: RGB.
        box: Of the hand: x0, y0, x1, y1 in pixels.
        state: ``covered``: a plain patch hides 5 to 40 % of the box; ``blurred``: Gaussian, a standard deviation of
            1 to 5 % of the box; ``dark``: 8 to 40 % of the light, with noise.
        rng: The source of chance.
    """
    if state == "covered":
        return _covered(photo, box, rng)
    if state == "blurred":
        sigma = rng.uniform(*_BLUR) * max(box[2] - box[0], box[3] - box[1])
        return np.asarray(cv2.GaussianBlur(photo, (0, 0), max(sigma, 0.1)))
    if state == "dark":
        noise = rng.normal(0, _NOISE, photo.shape)
        return np.clip(photo * rng.uniform(*_DARK) + noise, 0, 255).astype(np.uint8)
    return photo


def _covered(photo: Photo, box: Box, rng: np.random.Generator) -> Photo:
    side = np.sqrt(rng.uniform(*_HIDDEN))
    width, height = side * (box[2] - box[0]), side * (box[3] - box[1])
    x, y = rng.uniform(box[0], box[2] - width), rng.uniform(box[1], box[3] - height)
    hidden = photo.copy()
    hidden[max(0, int(y)) : int(y + height), max(0, int(x)) : int(x + width)] = rng.integers(0, 256, 3)
    return hidden


def _channel(found: Sequence[tuple[int, int, int, Hand | None]]) -> Channel:
    from multimodal.fusion.reader import GESTURE_ROW, gesture_row

    nothing = np.zeros(GESTURE_ROW, np.float32)
    return Channel(
        np.stack([nothing if hand is None else gesture_row(hand) for *_, hand in found]),
        np.array([label for _, _, label, _ in found]),
        np.array([photo for _, photo, _, _ in found]),
        np.array([hand is not None for *_, hand in found]),
    )
