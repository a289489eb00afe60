"""How an occluder follows the head: a plane fixed to the skull, turned, scaled and shifted with it.

The head's motion since the onset frame is read off the skin in the picture, guarded by landmarks that expressions leave
alone. Landmarks on their own tremble: an occluder that trembled with them would tell a network as much as a
micro-expression does.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from occlusion.registration import Registration

STABLE: tuple[int, ...] = (
    *(33, 263, 133, 362, 127, 356, 162, 389, 21, 251, 54, 284, 103, 332, 67, 297, 109, 338),
    *(234, 454, 227, 447, 116, 345, 117, 346, 143, 372, 156, 383, 193, 417, 122, 351, 10, 151, 9, 8, 168, 6, 197),
)
"""MediaPipe's landmarks of forehead, temples, eye corners, cheekbones and nose bridge."""


_FEWEST = 12
"""An occluder that hides fewer places of the face than this is carried by its anchors."""


def eye_distance(landmarks: Float[np.ndarray, "468 3"]) -> float:
    """Return the distance between the centres of the eyes, pixels, a turn of the head undone by the depths."""
    left, right = landmarks[[33, 133]].mean(axis=0), landmarks[[362, 263]].mean(axis=0)
    return float(np.linalg.norm(right - left))


def rigid_motion(
    before: Float[np.ndarray, "468 3"], after: Float[np.ndarray, "468 3"]
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3"]]:
    """Fit ``after = linear @ before + shift`` to the stable landmarks (Umeyama 1991: turn and one scale).

    Returns:
        The linear part (scale times rotation) and the shift.
    """
    a, b = (points[list(STABLE)].astype(np.float64) for points in (before, after))
    a_middle, b_middle = a.mean(axis=0), b.mean(axis=0)
    left, sizes, right = np.linalg.svd((b - b_middle).T @ (a - a_middle))
    proper = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    scale = (sizes * proper).sum() / ((a - a_middle) ** 2).sum()
    linear = scale * left @ np.diag(proper) @ right
    return linear, b_middle - linear @ a_middle


def pose_of(
    onset: Float[np.ndarray, "468 3"], landmarks: Float[np.ndarray, "468 3"], middle: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "2 4"]:
    """Return the head's pose by its landmarks, see ``Registration``."""
    linear, shift = rigid_motion(onset, landmarks)
    return np.column_stack([linear[:2], (linear @ middle + shift)[:2]])


def surface_under(
    landmarks: Float[np.ndarray, "468 3"], alpha: Float[np.ndarray, "height width"], anchors: Sequence[int]
) -> Float[np.ndarray, "points 3"]:
    """Return points of the face under an occluder, evenly spread, whose plane is to carry it.

    Args:
        landmarks: MediaPipe's points in the frame in which it was drawn, pixels.
        alpha: How much of each pixel it hides.
        anchors: Landmarks that stand in where it hides hardly anything of the face.
    """
    step = max(round(0.07 * eye_distance(landmarks)), 1)
    y, x = (step * places for places in np.nonzero(alpha[::step, ::step] > 0.5))
    hull = cv2.convexHull(landmarks[:, :2].astype(np.float32))
    inside = [cv2.pointPolygonTest(hull, (float(a), float(b)), False) >= 0 for a, b in zip(x, y, strict=True)]
    places = np.column_stack([x, y])[np.array(inside, bool)]
    if len(places) < _FEWEST:
        return landmarks[list(anchors)].astype(np.float64)
    apart = ((places[:, None] - landmarks[None, :, :2]) ** 2).sum(axis=2)
    nearest = np.argpartition(apart, 3, axis=1)[:, :3]
    return np.column_stack([places, landmarks[nearest, 2].mean(axis=1)]).astype(np.float64)


class Follower:
    """Turns frames, one by one, into the affine map that carries a picture drawn at the onset along.

    Where the picture shows the skin well enough, it says how the head moved (see ``Registration``); the landmarks say
    where to look, and whether to believe it. Otherwise the landmarks say it, their trembling held back.

    Args:
        onset: The landmarks in the frame in which the occluder was drawn.
        anchors: At least three points of the head at the occluder, in pixels of the onset frame, with depth (see
            ``surface_under``); the plane through them moves like the skull.
        tremble: What landmarks move by less than about this share of the eye distance is taken for trembling.
        grain: The same for what the skin in the picture says: sensor noise.
        tolerance: By so much, in eye distances, picture and landmarks may disagree before the landmarks win.

    Attributes:
        missed: How many frames so far came without landmarks.
    """

    def __init__(
        self,
        onset: Float[np.ndarray, "468 3"],
        anchors: Float[np.ndarray, "anchors 3"],
        tremble: float = 0.012,
        grain: float = 0.001,
        tolerance: float = 0.1,
    ) -> None:
        unit = eye_distance(onset)
        self._onset, self._middle = onset, onset[list(STABLE)].astype(np.float64).mean(axis=0)
        self._plane = _plane(anchors)
        self._tremble, self._grain, self._tolerance = tremble * unit, grain * unit, tolerance * unit
        # Four points around the face that stand for all when displacements are compared.
        self._corners = np.column_stack(
            [unit * np.array([(-1, -1), (1, -1), (-1, 1), (1, 1)]), np.zeros(4), np.ones(4)]
        )
        self._pose = pose_of(onset, onset, self._middle)
        self._wanted, self._bias = self._pose, np.zeros((2, 4))
        self._skin = Registration(onset, self._middle, unit)
        self.missed = 0

    @property
    def pose(self) -> Float[np.ndarray, "2 4"]:
        """The head's pose in the last frame, see ``Registration``."""
        return self._pose

    def step(
        self,
        landmarks: Float[np.ndarray, "468 3"] | None,
        image: UInt8[np.ndarray, "height width 3"] | None = None,
    ) -> Float[np.ndarray, "2 3"]:
        """Take in the next frame.

        Args:
            landmarks: MediaPipe's points, pixels; None where no face was found: then the picture alone is followed,
                and if that is not to be either, the head counts as still. Such frames are counted.
            image: RGB; None leaves it to the landmarks.

        Returns:
            ``[2, 3]``: from pixels of the onset frame to pixels of this frame.
        """
        self.missed += landmarks is None
        wanted = self._wanted if landmarks is None else pose_of(self._onset, landmarks, self._middle)
        seen = self._see(image, wanted)
        if seen is not None:
            self._bias = seen - wanted if landmarks is not None else self._bias
            self._pose = self._held_back(seen, self._grain)
        elif landmarks is not None:
            self._pose = self._held_back(wanted + self._bias, self._tremble)
            self._bias = 0.9 * self._bias
        self._wanted = wanted if landmarks is not None else self._pose - self._bias
        if image is not None and landmarks is not None and not self._skin.ready:
            self._skin.keep(image, self._pose)
        return self._affine()

    def _see(self, image: np.ndarray | None, wanted: np.ndarray) -> np.ndarray | None:
        """Return the pose by the picture, unless the landmarks say something else altogether."""
        if image is None or not self._skin.ready:
            return None
        seen = self._skin.find(image, self._pose + wanted - self._wanted)
        return seen if seen is not None and self._apart(seen, wanted) < self._tolerance else None

    def _held_back(self, wanted: np.ndarray, tremble: float) -> np.ndarray:
        """Follow a small step, which is mostly trembling, hardly, and a large one whole."""
        away = self._apart(wanted, self._pose)
        follow = away**2 / (away**2 + tremble**2) if away > 0 else 0.0
        return self._pose + follow * (wanted - self._pose)

    def _apart(self, one: np.ndarray, other: np.ndarray) -> float:
        """Return how far apart two poses put a point of the face, pixels."""
        return float(np.abs(self._corners @ (one - other).T).max())

    def _affine(self) -> np.ndarray:
        """Return how the pose moves the anchors' plane."""
        turn, depth = self._pose[:, :2], self._pose[:, 2]
        shift = self._pose[:, 3] - self._pose[:, :3] @ self._middle + depth * self._plane[2]
        return np.column_stack([turn + np.outer(depth, self._plane[:2]), shift])


def _plane(points: Float[np.ndarray, "anchors 3"]) -> Float[np.ndarray, "3"]:
    """Fit ``z = a x + b y + c``."""
    design = np.column_stack([points[:, :2], np.ones(len(points))]).astype(np.float64)
    return np.linalg.lstsq(design, points[:, 2].astype(np.float64), rcond=None)[0]
