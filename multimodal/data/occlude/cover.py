"""Putting one drawn occluder before the face of a clip, frame by frame, and telling what it covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.data.occlude.settings import CLEAN, OccludeConfig
from multimodal.errors import UsageError
from multimodal.results import REGIONS
from occlusion.drawing import Degradation, JitterOccluder, Occluder, coverage, draw, draw_jitter
from occlusion.presence import sample_presence

Landmarks = Float[np.ndarray, "468 3"]


@dataclass(frozen=True)
class Truth:
    """What is covered in one frame.

    Attributes:
        polygon: The occluder's outline, (x, y) in pixels, within half a pixel; empty where nothing is before the face.
        coverage: For each region the covered fraction, 0 to 1; None in a frame without a face.
    """

    polygon: list[list[float]]
    coverage: list[float] | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {"polygon": self.polygon, "coverage": self.coverage}


class ClipCover:
    """Covers the frames of one clip, in order. It is drawn in the first frame that shows a face.

    Args:
        config: What to draw.
        seed: The clip's seed.
        frames: How many frames the clip has, as far as is known.
        fps: Its frames a second.

    Attributes:
        onset: Number of the frame in which the occluder was drawn; None while no face was found.
        style: The style that was drawn; None while nothing was.
        missed: How many frames so far showed no face.
    """

    def __init__(self, config: OccludeConfig, seed: int, frames: int | None = None, fps: float = 0.0) -> None:
        self.onset: int | None = None
        self.missed = 0
        self._config, self._seed, self._length, self._fps = config, seed, frames, fps
        self._thing: Occluder | JitterOccluder | Degradation | None = None
        self._count = self._seen = 0
        self._sum = np.zeros(len(REGIONS))

    @property
    def style(self) -> str | None:
        """The style that was drawn; None where nothing was."""
        return None if self._thing is None else self._thing.style

    @property
    def mean(self) -> list[float] | None:
        """For each region the covered fraction, the mean over the frames that show a face; None without such."""
        return fractions((self._sum / self._seen).astype(np.float32)) if self._seen else None

    def frame(
        self, image: UInt8[np.ndarray, "height width 3"], landmarks: Landmarks | None
    ) -> tuple[UInt8[np.ndarray, "height width 3"], Truth]:
        """Return the next frame behind the occluder, and what that covers.

        Args:
            image: RGB.
            landmarks: MediaPipe's points in it, pixels; None where no face was found.
        """
        if self.onset is None and landmarks is not None:
            self.onset = self._count
            self._thing = self._drawn(landmarks, image.shape)
        self._count += 1
        self.missed += landmarks is None
        alpha, polygon = np.zeros(image.shape[:2], np.float32), np.zeros((0, 2))
        if self._thing is not None:
            done = self._thing.apply(image, landmarks)
            image, alpha, polygon = done.image, done.alpha, done.polygon
        return image, Truth(outline(polygon), self._covered(alpha, landmarks))

    def _covered(self, alpha: np.ndarray, landmarks: np.ndarray | None) -> list[float] | None:
        if landmarks is None:
            return None
        covered = coverage(alpha, landmarks)
        self._sum += covered
        self._seen += 1
        return fractions(covered)

    def _drawn(self, landmarks: np.ndarray, shape: tuple[int, ...]) -> Occluder | JitterOccluder | Degradation | None:
        config = self._config
        if config.kind == CLEAN:
            return None
        try:
            if config.mode == "jitter":
                return draw_jitter(config.kind, self._seed, landmarks, config.options(), config.style)
            presence = None
            if config.passing and self._length is not None and self.onset is not None:
                left = self._length - self.onset
                presence = sample_presence(config.kind, self._seed, left, self._fps or 30.0)
            return draw(config.kind, self._seed, landmarks, shape, config.options(), config.style, presence)
        except ValueError as error:
            raise UsageError(str(error)) from error


def outline(polygon: Float[np.ndarray, "corners 2"]) -> list[list[float]]:
    """Return a polygon's corners, those left out that lie within half a pixel of the rest."""
    if not len(polygon):
        return []
    corners = cv2.approxPolyDP(polygon.astype(np.float32)[:, None], 0.5, True)[:, 0]
    return [[round(float(x), 1), round(float(y), 1)] for x, y in corners]


def fractions(covered: Float[np.ndarray, "12"]) -> list[float]:
    """Return fractions as plain numbers of three digits."""
    return [round(float(value), 3) for value in covered]
