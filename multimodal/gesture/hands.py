"""MediaPipe Hands: picture -> 21 points a hand. Its models lie inside the wheel; nothing is fetched.

Points: 0 wrist, 1 to 4 thumb, 5 to 8 index, 9 to 12 middle, 13 to 16 ring, 17 to 20 little finger, each from the
knuckle to the tip (Zhang et al. 2020, "MediaPipe Hands: On-device Real-time Hand Tracking").
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.quiet import quiet_stderr

_SMALLEST = 16
LARGEST = 2048
"""Longest side, pixels, in which hands are searched: the palm detector sees 192 pixels anyway, and a border around a
picture of 20,000 pixels would take gigabytes."""
_BOX_MARGIN = 0.08


@dataclass(frozen=True)
class Skeleton:
    """One hand's points.

    Attributes:
        points: ``[21, 3]``: x, y in pixels of the picture, and depth z in the same scale, relative to the wrist,
            negative towards the camera.
        side: +1 or -1: which of the two mirror shapes MediaPipe takes the hand for (+1 for its "Right").
        score: How sure it is of the side, .5 to 1.
    """

    points: Float[np.ndarray, "21 3"]
    side: int
    score: float

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return the points' box, widened by 8 % of its size (as HaGRID's labels are) and cut to the picture."""
        low, high = self.points[:, :2].min(axis=0), self.points[:, :2].max(axis=0)
        margin = (high - low) * _BOX_MARGIN
        limit = np.array([width, height], dtype=np.float64)
        x0, y0 = np.clip(low - margin, 0, limit)
        x1, y1 = np.clip(high + margin, 0, limit)
        return float(x0), float(y0), float(x1), float(y1)


class HandTracker:
    """Finds hands and their points.

    Args:
        live: Track from frame to frame (video); otherwise every picture is searched anew, and where no hand is found
            it is searched again mirrored, and then padded and enlarged.
        max_hands: At most so many hands.
        min_confidence: Least confidence of MediaPipe's palm detector and tracker, 0 to 1.
    """

    def __init__(self, live: bool = True, max_hands: int = 2, min_confidence: float = 0.3) -> None:
        self.live = live
        os.environ.setdefault("GLOG_minloglevel", "2")
        import mediapipe as mp

        with quiet_stderr():
            self._hands: Any = mp.solutions.hands.Hands(
                static_image_mode=not live,
                max_num_hands=max_hands,
                model_complexity=1,
                min_detection_confidence=min_confidence,
                min_tracking_confidence=min_confidence,
            )
            # The models load, and chatter, with the first picture.
            self._hands.process(np.zeros((_SMALLEST, _SMALLEST, 3), np.uint8))

    def find(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Skeleton]:
        """Return the hands of an RGB picture; a picture under 16 pixels a side holds none."""
        smaller, scale = shrink(image)
        if min(smaller.shape[:2]) < _SMALLEST:
            return []
        hands = self._process(smaller)
        if not hands and not self.live:
            hands = self._mirrored(smaller) or self._padded(smaller)
        return hands if scale == 1 else [Skeleton(hand.points / scale, hand.side, hand.score) for hand in hands]

    def reset(self) -> None:
        """Forget the tracked hands, as after a gap in the signal."""
        self._hands.reset()

    def close(self) -> None:
        """Free MediaPipe's graph; closing twice is harmless."""
        hands, self._hands = self._hands, None
        if hands is not None:
            hands.close()

    def __enter__(self) -> HandTracker:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _process(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Skeleton]:
        found = self._hands.process(np.ascontiguousarray(image))
        if not found.multi_hand_landmarks:
            return []
        return [
            _skeleton(points, side, image.shape[1], image.shape[0])
            for points, side in zip(found.multi_hand_landmarks, found.multi_handedness, strict=True)
        ]

    def _mirrored(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Skeleton]:
        """Search the mirrored picture: the palm detector is not symmetric."""
        flip = np.array([-1.0, 1.0, 1.0])
        shift = np.array([image.shape[1], 0.0, 0.0])
        return [
            Skeleton(hand.points * flip + shift, -hand.side, hand.score)
            for hand in self._process(np.ascontiguousarray(image[:, ::-1]))
        ]

    def _padded(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Skeleton]:
        """Search with a border (a hand that fills the picture has no room for a palm box), enlarged."""
        height, width = image.shape[:2]
        pad = max(height, width) // 2
        scale = max(1.0, 512 / (max(height, width) + 2 * pad))
        wide = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
        wide = cv2.resize(wide, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        shift = np.array([pad, pad, 0.0])
        return [Skeleton(hand.points / scale - shift, hand.side, hand.score) for hand in self._process(wide)]


def shrink(image: UInt8[np.ndarray, "height width 3"]) -> tuple[UInt8[np.ndarray, "h w 3"], float]:
    """Return the picture with its longer side at most ``LARGEST``, and the scale, 1 where it is left as it is."""
    scale = LARGEST / max(image.shape[:2])
    if scale >= 1:
        return image, 1.0
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale


def _skeleton(points: Any, side: Any, width: int, height: int) -> Skeleton:
    array = np.array([[p.x * width, p.y * height, p.z * width] for p in points.landmark], dtype=np.float64)
    best = side.classification[0]
    return Skeleton(array, 1 if best.label == "Right" else -1, float(best.score))
