"""The head's motion, read off the picture itself: points of the skin, looked for again in every later frame.

Face Mesh's landmarks of a still face wander by a pixel or two in the course of a clip, far more than a
micro-expression moves the skin. The picture knows better: small windows around points of forehead, temples, nose and
cheekbones are found again (Lucas and Kanade 1981, in pyramids after Bouguet 2001) to some hundredths of a pixel, and
straight from a kept frame, so that no error adds up.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

POINTS: tuple[int, ...] = (
    *(33, 263, 133, 362, 127, 356, 162, 389, 21, 251, 54, 284, 103, 332, 67, 297, 109, 338, 234, 454, 227, 447),
    *(116, 345, 117, 346, 143, 372, 156, 383, 193, 417, 122, 351, 10, 151, 9, 8, 168, 6, 197, 195, 5, 4),
    *(50, 280, 101, 330, 118, 347, 119, 348, 100, 329, 126, 355, 198, 420, 114, 343, 188, 412, 174, 399),
    *(108, 337, 69, 299, 104, 333, 68, 298, 71, 301),
)
"""MediaPipe's landmarks around which the skin is looked for: what expressions move little, or not all at once."""

_NEAR, _FAR = 0.10, 0.14
"""How much a head may have turned or grown since a kept frame (norm of the change of the pose's linear part; .1 are
six degrees): within the first that frame goes on serving, beyond the second another is kept."""
_SLIGHT = 0.02
"""About a degree."""
_KEPT = 12
_WINDOW, _LEVELS = 21, 2
_LEAST = 0.35
"""Such a share of the points must agree to within ``_AGREE`` eye distances."""
_AGREE = 0.015


@dataclass(frozen=True)
class _View:
    """The part of a frame around a face, in grey, and where in the frame its corner lies (x, y)."""

    grey: UInt8[np.ndarray, "height width"]
    corner: Float[np.ndarray, "2"]


@dataclass(frozen=True)
class _Key:
    """A frame that is kept, the places of the points in it, and the head's pose."""

    view: _View
    places: Float[np.ndarray, "points 2"]
    pose: Float[np.ndarray, "2 4"]


class Registration:
    """Finds a head's pose in frame after frame by the look of its skin.

    A pose is ``[2, 4]``: a point ``X`` of the head (pixels of the onset frame, with depth, measured from ``middle``)
    appears at ``pose[:, :3] @ X + pose[:, 3]``.

    Args:
        onset: Landmarks of the onset frame, pixels.
        middle: The point of the head from which others are measured.
        unit: The distance between the eyes, pixels.
    """

    def __init__(self, onset: Float[np.ndarray, "468 3"], middle: Float[np.ndarray, "3"], unit: float) -> None:
        self._head = onset[list(POINTS)].astype(np.float64) - middle
        self._design = np.column_stack([self._head, np.ones(len(POINTS))])
        self._unit = unit
        self._keys: list[_Key] = []
        self._used: _Key | None = None

    @property
    def ready(self) -> bool:
        """Whether a frame has been kept."""
        return bool(self._keys)

    def keep(self, image: UInt8[np.ndarray, "height width 3"], pose: Float[np.ndarray, "2 4"]) -> None:
        """Keep a frame whose pose is known; of too many the second oldest is dropped, the first one stays."""
        places = self._design @ pose.T
        width, height = np.ceil(np.ptp(places, axis=0) + 0.8 * self._unit + 2 * _WINDOW).astype(int)
        view = _cut(image, places.mean(axis=0), (int(width), int(height)))
        if len(self._keys) >= _KEPT:
            del self._keys[1]
        self._used = _Key(view, places, pose)
        self._keys.append(self._used)

    def find(
        self, image: UInt8[np.ndarray, "height width 3"], guess: Float[np.ndarray, "2 4"]
    ) -> Float[np.ndarray, "2 4"] | None:
        """Find the head again.

        Args:
            image: RGB, the next frame.
            guess: About where it is.

        Returns:
            The pose; None if the skin cannot be made out, or too little of it.
        """
        key, places = self._nearest(guess), self._design @ guess.T
        if key is None:
            return None
        view = _cut(image, places.mean(axis=0), (key.view.grey.shape[1], key.view.grey.shape[0]))
        found, known = _search(key.view, view, key.places, places)
        pose = self._fit(found, known, key.pose)
        if pose is not None and _change(pose, key.pose) > _FAR:
            self.keep(image, pose)
        return pose

    def _nearest(self, guess: np.ndarray) -> _Key | None:
        """Return the kept frame most like this one; the one in use stays in use while it is near."""
        if self._used is None or _change(guess, self._used.pose) > _NEAR:
            self._used = min(self._keys, key=lambda key: _change(guess, key.pose), default=None)
        return self._used

    def _fit(self, found: np.ndarray, known: np.ndarray, before: np.ndarray, rounds: int = 8) -> np.ndarray | None:
        """Fit the pose to the points found; those that moved by themselves get little weight (Geman and McClure)."""
        if known.mean() < _LEAST:
            return None
        weight = known.astype(np.float64)
        for _ in range(rounds):
            normal = self._design.T @ (self._design * weight[:, None]) + 1e-9 * np.eye(4)
            _, solution = cv2.solve(normal, self._design.T @ (found * weight[:, None]), flags=cv2.DECOMP_CHOLESKY)
            square = ((found - self._design @ solution) ** 2).sum(axis=1)
            scale = max(2 * float(np.median(square[known])), 1e-3)
            weight = known / (1 + square / scale) ** 2
        if (known & (square < (_AGREE * self._unit) ** 2)).mean() < _LEAST:
            return None
        return _settled(solution.T, before)


def _cut(image: np.ndarray, middle: np.ndarray, size: tuple[int, int]) -> _View:
    """Cut a part of a width and height out of a frame, black where it lies outside."""
    x, y = np.round(np.clip(middle, -1e6, 1e6) - np.array(size) / 2).astype(int)
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + size[0], image.shape[1]), min(y + size[1], image.shape[0])
    grey = np.zeros(size[::-1], np.uint8)
    if x1 > x0 and y1 > y0:
        part = np.ascontiguousarray(image[y0:y1, x0:x1])
        grey[y0 - y : y1 - y, x0 - x : x1 - x] = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    return _View(grey, np.array([x, y], np.float64))


def _search(key: _View, view: _View, places: np.ndarray, guess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the points of the kept frame lie now, pixels, and which were found."""
    start = (guess - view.corner).astype(np.float32)
    found, known, _ = cv2.calcOpticalFlowPyrLK(
        key.grey,
        view.grey,
        (places - key.corner).astype(np.float32),
        start,
        winSize=(_WINDOW, _WINDOW),
        maxLevel=_LEVELS,
        criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01),
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return found.astype(np.float64) + view.corner, known.ravel() > 0


def _settled(pose: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Bring a pose to a scaled rotation while the head hardly turns, which steadies it.

    When it turns the fit is left free: the depths of landmarks are good up to a stretch, and a rotation cannot take
    that up.
    """
    left, sizes, right = np.linalg.svd(pose[:, :3], full_matrices=False)
    turned = _change(pose, before)
    free = turned**2 / (turned**2 + _SLIGHT**2)
    linear = free * pose[:, :3] + (1 - free) * sizes.mean() * left @ right
    return np.column_stack([linear, pose[:, 3]])


def _change(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one[:, :3] - other[:, :3]))
