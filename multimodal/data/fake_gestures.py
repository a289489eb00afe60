"""Fictitious hands for tests: points in the shapes of the signs, drawn as flat pictures, with exact labels.

They only resemble hands as far as tests need it: each sign has its own points, and a picture shows them. No model for
real hands can be trained on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import yaml
from jaxtyping import Float, UInt8

from multimodal.results import GESTURES

_STRAIGHT = {
    "call": (0, 4),
    "dislike": (0,),
    "fist": (),
    "four": (1, 2, 3, 4),
    "like": (0,),
    "mute": (1,),
    "ok": (2, 3, 4),
    "one": (1,),
    "palm": (0, 1, 2, 3, 4),
    "peace": (1, 2),
    "peace_inverted": (1, 2),
    "rock": (1, 4),
    "stop": (1, 2, 3, 4),
    "stop_inverted": (1, 2, 3, 4),
    "three": (1, 2, 3),
    "three2": (0, 1, 2),
    "two_up": (1, 2),
    "two_up_inverted": (1, 2),
    "no_gesture": (2,),
}
_TURNED = {"dislike": 180.0, "mute": 25.0, "stop": 8.0, "two_up": 8.0, "no_gesture": -90.0}
_BACK = ("peace_inverted", "stop_inverted", "two_up_inverted")
_TOGETHER = ("two_up", "two_up_inverted", "stop", "stop_inverted")
_SKIN = (190, 140, 110)


def fake_hand(gesture: str, rng: np.random.Generator) -> Float[np.ndarray, "21 3"]:
    """Return the 21 points of a sign, the wrist at zero, in palm lengths; x right, y down, z zero.

    Args:
        gesture: One of ``GESTURES``.
        rng: Where a little noise comes from.
    """
    angles = np.deg2rad([-50.0, -18.0, -2.0, 12.0, 26.0])
    if gesture in _TOGETHER:
        angles[1:] *= 0.4
    points = [np.zeros(2)]
    for finger, angle in enumerate(angles):
        ray = np.array([np.sin(angle), -np.cos(angle)])
        straight = finger in _STRAIGHT[gesture]
        steps = (0.5, 0.8, 1.1, 1.35) if finger == 0 else (1.0, 1.4, 1.7, 1.95)
        folded = (0.5, 0.7, 0.75, 0.7) if finger == 0 else (1.0, 1.15, 0.95, 0.8)
        points += [ray * step for step in (steps if straight else folded)]
    turn = np.deg2rad(_TURNED.get(gesture, 0.0))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    flat = np.stack(points) @ matrix.T * np.array([-1.0 if gesture in _BACK else 1.0, 1.0])
    flat = flat + rng.normal(0, 0.02, flat.shape) * (np.arange(21) > 0)[:, None]
    return np.concatenate([flat, np.zeros((21, 1))], axis=1)


def draw_hand(
    canvas: UInt8[np.ndarray, "height width 3"],
    points: Float[np.ndarray, "21 3"],
    centre: tuple[float, float],
    size: float,
) -> tuple[float, float, float, float]:
    """Draw a hand in place.

    Args:
        canvas: RGB.
        points: As ``fake_hand`` gives them.
        centre: Where the middle of their box goes, pixels.
        size: Longer side of their box, pixels.

    Returns:
        The box of the points as centre x, centre y, width, height in fractions of the picture.
    """
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    scale = size / (high - low).max()
    places = (points[:, :2] - (low + high) / 2) * scale + np.array(centre)
    thick = max(1, round(size / 12))
    for finger in range(5):
        chain = places[[0, *range(4 * finger + 1, 4 * finger + 5)]]
        cv2.polylines(canvas, [np.round(chain).astype(np.int32)], False, _SKIN, thick)
    height, width = canvas.shape[:2]
    w, h = (high - low) * scale / np.array([width, height])
    return centre[0] / width, centre[1] / height, float(w), float(h)


def write_fake_gestures(
    folder: Path, per_class: int = 1, size: int = 96, seed: int = 0, gestures: Sequence[str] = GESTURES
) -> Path:
    """Write a data set in the YOLO layout, a ``train`` and a ``val`` split, and return its ``data.yaml``.

    Args:
        folder: Where to; made if need be.
        per_class: Pictures of each sign in each split.
        size: Side of the square pictures, pixels.
        seed: The same seed gives the same pictures.
        gestures: Which signs to draw.
    """
    rng = np.random.default_rng(seed)
    for split in ("train", "val"):
        images, labels = folder / "images" / split, folder / "labels" / split
        images.mkdir(parents=True, exist_ok=True)
        labels.mkdir(parents=True, exist_ok=True)
        for gesture in gestures:
            for number in range(per_class):
                _write_one(images, labels, f"{gesture}_{number:03d}", gesture, size, rng)
    content = {"path": ".", "train": "images/train", "val": "images/val", "names": dict(enumerate(GESTURES))}
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def _write_one(images: Path, labels: Path, stem: str, gesture: str, size: int, rng: np.random.Generator) -> None:
    canvas = rng.integers(0, 90, (size, size, 3), dtype=np.uint8)
    middle = (float(rng.uniform(0.4, 0.6) * size), float(rng.uniform(0.4, 0.6) * size))
    box = draw_hand(canvas, fake_hand(gesture, rng), middle, rng.uniform(0.4, 0.6) * size)
    cv2.imwrite(str(images / f"{stem}.png"), canvas[:, :, ::-1])
    line = " ".join([str(GESTURES.index(gesture)), *(f"{value:.6f}" for value in box)])
    (labels / f"{stem}.txt").write_text(line + "\n", encoding="utf-8")
