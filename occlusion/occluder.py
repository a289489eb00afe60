"""An occluder: something drawn once at the onset frame, then carried along by the head and lit like the face."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from occlusion.placement import Follower, eye_distance


@dataclass(frozen=True)
class Scene:
    """What a drawing function is given.

    Attributes:
        landmarks: MediaPipe's points in the onset frame, pixels.
        shape: Height and width of the frame.
        rng: Where chance comes from.
        style: Which of the kind's styles to draw.
        options: Of the kind, such as the folder with hands.
    """

    landmarks: Float[np.ndarray, "468 3"]
    shape: tuple[int, int]
    rng: np.random.Generator
    style: str
    options: dict[str, str] = field(default_factory=dict)

    def points(self, *numbers: int) -> Float[np.ndarray, "_ 2"]:
        """Return landmarks (x, y) by number."""
        return self.landmarks[list(numbers), :2].astype(np.float64)

    @property
    def unit(self) -> float:
        """The distance between the eyes, pixels."""
        return eye_distance(self.landmarks)


@dataclass(frozen=True)
class Drawing:
    """What a drawing function gives.

    Attributes:
        colour: RGB as in even white light, 0 to 1.
        alpha: How much it hides, 0 to 1.
        outline: Its polygon, (x, y) in pixels of the onset frame.
        anchors: Landmark numbers near it; their plane carries it along.
        lit: Whether the face's light falls on it.
        shadow: Strength of the soft shadow around it, 0 to 1.
    """

    colour: Float[np.ndarray, "height width 3"]
    alpha: Float[np.ndarray, "height width"]
    outline: Float[np.ndarray, "corners 2"]
    anchors: tuple[int, ...]
    lit: bool = True
    shadow: float = 0.0


@dataclass(frozen=True)
class Occluded:
    """A frame behind an occluder.

    Attributes:
        image: RGB.
        alpha: How much of each pixel is hidden, 0 to 1.
        polygon: The occluder's outline in this frame, pixels.
    """

    image: UInt8[np.ndarray, "height width 3"]
    alpha: Float[np.ndarray, "height width"]
    polygon: Float[np.ndarray, "corners 2"]


class Occluder:
    """A drawn occluder of one clip. Apply it to the clip's frames in order: it follows the head smoothly.

    Args:
        drawing: What was drawn.
        landmarks: The onset frame's landmarks, pixels.
        kind: What it is.
        style: Which of the kind's styles.
    """

    def __init__(
        self, drawing: Drawing, landmarks: Float[np.ndarray, "468 3"], kind: str = "", style: str = ""
    ) -> None:
        self.drawing, self.kind, self.style = drawing, kind, style
        self._landmarks = landmarks
        self._follower = Follower(landmarks, landmarks[list(drawing.anchors)])
        self._blur = max(0.05 * eye_distance(landmarks), 0.5)
        self._box = _support(drawing.alpha, margin=int(3 * self._blur) + 2)
        x0, y0, x1, y1 = self._box
        self._alpha = drawing.alpha[y0:y1, x0:x1].astype(np.float32)
        self._layer: Float[np.ndarray, "height width 3"] | None = None

    def apply(self, image: UInt8[np.ndarray, "height width 3"], landmarks: Float[np.ndarray, "468 3"]) -> Occluded:
        """Put the occluder before the face.

        Args:
            image: RGB, the next frame; the first one also gives the light, which then stays.
            landmarks: MediaPipe's points in it, pixels.
        """
        if self._layer is None:
            self._layer = self._lit_colour(image)
        matrix = self._follower.step(landmarks)
        polygon = self.drawing.outline @ matrix[:, :2].T + matrix[:, 2]
        result, alpha = image.copy(), np.zeros(image.shape[:2], np.float32)
        x0, y0, x1, y1 = self._place(matrix, image.shape)
        if x1 > x0 and y1 > y0:
            part, colour = self._warp(self._layer, matrix, (x0, y0, x1, y1))
            result[y0:y1, x0:x1] = self._blend(image[y0:y1, x0:x1], colour, part)
            alpha[y0:y1, x0:x1] = part
        return Occluded(result, alpha, polygon)

    def _place(self, matrix: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
        """Return the part of the frame that the occluder can touch: x0, y0, x1, y1."""
        x0, y0, x1, y1 = self._box
        corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) @ matrix[:, :2].T + matrix[:, 2]
        low = np.clip(np.floor(corners.min(axis=0)), 0, shape[1::-1]).astype(int)
        high = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, shape[1::-1]).astype(int)
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def _warp(
        self, layer: np.ndarray, matrix: np.ndarray, place: tuple[int, int, int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Bring alpha and colour to their place in the frame."""
        x0, y0, x1, y1 = place
        moved = matrix.copy()
        moved[:, 2] += matrix[:, :2] @ np.array(self._box[:2]) - (x0, y0)
        size = (x1 - x0, y1 - y0)
        colour = cv2.warpAffine(layer, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return cv2.warpAffine(self._alpha, moved, size, flags=cv2.INTER_LINEAR), colour

    def _blend(self, image: np.ndarray, colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        behind = image.astype(np.float32)
        if self.drawing.shadow > 0:
            behind *= (1 - self.drawing.shadow * cv2.GaussianBlur(alpha, (0, 0), self._blur))[..., None]
        behind += alpha[..., None] * (colour - behind)
        return np.clip(np.rint(behind), 0, 255).astype(np.uint8)

    def _lit_colour(self, image: np.ndarray) -> np.ndarray:
        """Multiply the drawing by the face's light (0 to 255)."""
        x0, y0, x1, y1 = self._box
        colour = (self.drawing.colour[y0:y1, x0:x1] * 255).astype(np.float32)
        return colour * face_light(image, self._landmarks)[y0:y1, x0:x1, None] if self.drawing.lit else colour


def _support(alpha: np.ndarray, margin: int) -> tuple[int, int, int, int]:
    """Return the box x0, y0, x1, y1 around all that is not free, within the picture; never empty."""
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    y0, y1 = max(int(rows[0]) - margin, 0), min(int(rows[-1]) + margin + 1, alpha.shape[0])
    x0, x1 = max(int(columns[0]) - margin, 0), min(int(columns[-1]) + margin + 1, alpha.shape[1])
    return x0, y0, x1, y1


def face_light(
    image: UInt8[np.ndarray, "height width 3"], landmarks: Float[np.ndarray, "468 3"]
) -> Float[np.ndarray, "height width"]:
    """Estimate the light on the face: its slow changes of brightness, times the picture's exposure.

    Args:
        image: RGB.
        landmarks: MediaPipe's points, pixels.

    Returns:
        A factor for colours meant for even white light, .2 to 1.3. Skin of any tone in the same light gives nearly
        the same factor, since only ratios within the face count; the exposure is taken from the whole picture.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    face = np.zeros(grey.shape, np.float32)
    cv2.fillConvexPoly(face, cv2.convexHull(np.round(landmarks[:, :2]).astype(np.int32)), 1.0)
    if face.sum() < 16:
        return np.ones_like(grey)
    sigma = max(0.45 * eye_distance(landmarks), 1.0)
    # Blurred at a quarter of the resolution: the light is slow, and this is sixteen times as quick.
    small = (max(1, grey.shape[1] // 4), max(1, grey.shape[0] // 4))
    weight = cv2.GaussianBlur(cv2.resize(face, small, interpolation=cv2.INTER_AREA), (0, 0), sigma / 4)
    level = cv2.GaussianBlur(cv2.resize(face * grey, small, interpolation=cv2.INTER_AREA), (0, 0), sigma / 4)
    middle = float(np.median(grey[face > 0]))
    slow = cv2.resize((level + 0.02 * middle) / (weight + 0.02), grey.shape[::-1])
    exposure = np.clip(np.percentile(grey, 97) / 215, 0.25, 1.1)
    return np.clip(slow / max(middle, 1.0), 0.5, 1.4) * np.float32(exposure)
