"""Maps around a face that go along with the head: drawn once on a canvas of their own, placed anew in every frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from occlusion.placement import Follower, eye_distance


@dataclass(frozen=True)
class Canvas:
    """A grid in the plane of the onset frame, which may reach beyond the picture.

    Attributes:
        corner: Where its first pixel begins (x, y), pixels of the picture.
        pixel: How large its pixels are, pixels of the picture.
        shape: Its height and width, own pixels.
    """

    corner: tuple[float, float]
    pixel: float
    shape: tuple[int, int]

    @classmethod
    def around(cls, landmarks: Float[np.ndarray, "468 3"], margin: float, fine: float) -> Canvas:
        """Return a canvas around a face.

        Args:
            landmarks: MediaPipe's points, pixels.
            margin: How far it reaches beyond them, eye distances.
            fine: How many of its pixels make an eye distance.
        """
        unit = max(eye_distance(landmarks), 1.0)
        low, high = landmarks[:, :2].min(axis=0) - margin * unit, landmarks[:, :2].max(axis=0) + margin * unit
        width, height = np.ceil((high - low) * fine / unit).astype(int)
        return cls((float(low[0]), float(low[1])), unit / fine, (int(height), int(width)))

    def inside(self, points: Float[np.ndarray, "*some 2"]) -> Float[np.ndarray, "*some 2"]:
        """Turn places in the picture (x, y, pixels) into places on the canvas; whole numbers are centres of pixels."""
        return (np.asarray(points, np.float64) + 0.5 - self.corner) / self.pixel - 0.5

    def outside(self) -> Float[np.ndarray, "2 3"]:
        """Return the affine map from places on the canvas to places in the picture."""
        start = np.array(self.corner) + 0.5 * self.pixel - 0.5
        return np.column_stack([self.pixel * np.eye(2), start])


class Carrier:
    """Carries maps drawn on a canvas along with the head. Tell it every frame of the clip, in order.

    Args:
        canvas: On which they are drawn.
        landmarks: The onset frame's landmarks, pixels.
        anchors: Numbers of those whose plane carries the maps.
    """

    def __init__(self, canvas: Canvas, landmarks: Float[np.ndarray, "468 3"], anchors: tuple[int, ...]) -> None:
        self._follower = Follower(landmarks, landmarks[list(anchors)])
        self._start = np.vstack([canvas.outside(), (0, 0, 1)])
        self._matrix = self._start[:2]

    def follow(self, image: UInt8[np.ndarray, "height width 3"], landmarks: Float[np.ndarray, "468 3"] | None) -> None:
        """Take in the next frame, RGB, and its landmarks, pixels, or None where no face was found."""
        self._matrix = self._follower.step(landmarks, image) @ self._start

    @property
    def turn(self) -> Float[np.ndarray, "3 3"]:
        """The rotation of the head since the onset frame, in x to the right, y down and z away."""
        right, down = (row / max(float(np.linalg.norm(row)), 1e-9) for row in self._follower.pose[:, :3])
        return np.stack([right, down, np.cross(right, down)])

    def place(
        self,
        layer: Float[np.ndarray, "rows columns *channels"],
        shape: tuple[int, ...],
        edge: int = cv2.BORDER_CONSTANT,
    ) -> Float[np.ndarray, "height width *channels"]:
        """Return a map as it lies in the frame.

        Args:
            layer: Drawn on the canvas.
            shape: Height and width of the frame first, pixels.
            edge: What lies beyond the canvas, of OpenCV's kinds of border; 0 by default.
        """
        return cv2.warpAffine(layer, self._matrix, shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=edge)
