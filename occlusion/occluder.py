"""An occluder: something drawn once at the onset frame, then carried along by the head and lit like the face."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from occlusion.placement import Follower, eye_distance, surface_under
from occlusion.presence import Presence


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
        anchors: Landmark numbers near it; their plane carries it along where it hides hardly anything of the face.
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
        polygon: The occluder's outline in this frame, pixels; no corners while it is away.
        tracked: Whether the frame came with landmarks; if not, what is covered of the face is not known.
    """

    image: UInt8[np.ndarray, "height width 3"]
    alpha: Float[np.ndarray, "height width"]
    polygon: Float[np.ndarray, "corners 2"]
    tracked: bool = True


class Occluder:
    """A drawn occluder of one clip. Apply it to the clip's frames in order: it follows the head.

    Args:
        drawing: What was drawn.
        landmarks: The onset frame's landmarks, pixels.
        kind: What it is.
        style: Which of the kind's styles.
        presence: When it is there; None: throughout.

    Attributes:
        mode: ``rigid``.
        frames: How many frames it has been applied to.
    """

    mode = "rigid"

    def __init__(
        self,
        drawing: Drawing,
        landmarks: Float[np.ndarray, "468 3"],
        kind: str = "",
        style: str = "",
        presence: Presence | None = None,
    ) -> None:
        self.drawing, self.kind, self.style, self.presence = drawing, kind, style, presence
        self.frames = 0
        self._landmarks = landmarks
        self._follower = Follower(landmarks, surface_under(landmarks, drawing.alpha, drawing.anchors))
        blur = max(0.05 * eye_distance(landmarks), 0.5)
        self._box = _support(drawing.alpha, margin=int(3 * blur) + 2)
        self._alpha = np.ascontiguousarray(_cut(drawing.alpha, self._box), np.float32)
        # The soft shadow goes along with the occluder: blurred once, here.
        self._dim = 1 - drawing.shadow * cv2.GaussianBlur(self._alpha, (0, 0), blur) if drawing.shadow > 0 else None
        self._layer: Float[np.ndarray, "height width 4"] | None = None

    @property
    def missed(self) -> int:
        """How many of them came without landmarks."""
        return self._follower.missed

    def apply(
        self, image: UInt8[np.ndarray, "height width 3"], landmarks: Float[np.ndarray, "468 3"] | None
    ) -> Occluded:
        """Put the occluder before the face.

        Args:
            image: RGB, the next frame; the first one also gives the light, which then stays.
            landmarks: MediaPipe's points in it, pixels; None where no face was found. The occluder then follows the
                skin in the picture, or stays where it is; the frame counts as missed.
        """
        if self._layer is None:
            self._layer = self._lit(image)
        matrix = self._follower.step(landmarks, image)
        away = 0.0 if self.presence is None else self.presence.away(self.frames)
        self.frames += 1
        result, alpha = image.copy(), np.zeros(image.shape[:2], np.float32)
        if away >= 1:
            return Occluded(result, alpha, np.zeros((0, 2)), landmarks is not None)
        matrix = self._moved_out(matrix, away, image.shape)
        x0, y0, x1, y1 = self._place(matrix, image.shape)
        if x1 > x0 and y1 > y0:
            alpha[y0:y1, x0:x1] = self._paint(result[y0:y1, x0:x1], matrix, (x0, y0))
        polygon = self.drawing.outline @ matrix[:, :2].T + matrix[:, 2]
        return Occluded(result, alpha, polygon, landmarks is not None)

    def _moved_out(self, matrix: np.ndarray, away: float, shape: tuple[int, ...]) -> np.ndarray:
        """Shift the occluder by a share of the way on which it leaves the frame."""
        if self.presence is None or away <= 0:
            return matrix
        low, high = self._corners(matrix)
        moved = matrix.copy()
        moved[:, 2] += away * self.presence.way_out(low, high, (shape[1], shape[0]))
        return moved

    def _corners(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x0, y0, x1, y1 = self._box
        corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) @ matrix[:, :2].T + matrix[:, 2]
        return corners.min(axis=0), corners.max(axis=0)

    def _place(self, matrix: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
        """Return the part of the frame that the occluder can touch: x0, y0, x1, y1."""
        low, high = self._corners(matrix)
        low = np.clip(np.floor(low), 0, shape[1::-1]).astype(int)
        high = np.clip(np.ceil(high) + 1, 0, shape[1::-1]).astype(int)
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def _paint(self, part: np.ndarray, matrix: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
        """Blend the occluder into a part of the frame, in place, and return its alpha there."""
        assert self._layer is not None
        moved = matrix.copy()
        moved[:, 2] += matrix[:, :2] @ np.array(self._box[:2]) - corner
        size = part.shape[1::-1]
        layer = cv2.warpAffine(self._layer, moved, size, flags=cv2.INTER_LINEAR)
        alpha = np.ascontiguousarray(layer[..., 3])
        through = 1 - alpha
        if self._dim is not None:
            through *= cv2.warpAffine(self._dim, moved, size, borderMode=cv2.BORDER_CONSTANT, borderValue=(1.0,))
        blended = cv2.multiply(part, cv2.merge([through] * 3), dtype=cv2.CV_32F)
        blended += layer[..., :3]
        cv2.convertScaleAbs(blended, part)
        return alpha

    def _lit(self, image: np.ndarray) -> np.ndarray:
        """Return colour (0 to 255, times alpha) and alpha in the light of the face."""
        colour = (_cut(self.drawing.colour, self._box) * 255).astype(np.float32)
        if self.drawing.lit:
            colour *= _cut(face_light(image, self._landmarks), self._box)[..., None]
        return np.dstack([np.clip(colour, 0, 255) * self._alpha[..., None], self._alpha])


def _cut(picture: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    x0, y0, x1, y1 = box
    return picture[y0:y1, x0:x1]


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
