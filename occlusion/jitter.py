"""The ``jitter`` mode: each frame's occluder is placed anew by that frame's landmarks, as the public generator does.

After the occlusion generator of RRRN (Mao et al. 2022, reconstructed): a picture of the thing, upright whatever the
head's roll, unlit, each half stretched to the landmarks of the frame, pasted on whole pixels. Landmarks tremble, so it
trembles too, about as much as a micro-expression moves the skin. It is here for comparison with published figures;
new work takes the ``rigid`` mode. Unlike that generator it writes every frame: one without a face stays uncovered and
counts as missed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from occlusion.head import Head
from occlusion.occluder import Drawing, Occluded

_WIDER = 1.2
_CANVAS = 8.0
_FACE = (
    *(127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356),
    *(70, 105, 107, 336, 334, 300),
)
"""MediaPipe's points nearest to jaw and brows of the 68-point scheme: the box that blocks are a share of."""


@dataclass(frozen=True)
class Fit:
    """Where a frame's landmarks put the picture, pixels; its two halves meet at ``middle``."""

    left: float
    middle: float
    right: float
    top: float
    bottom: float


class JitterOccluder:
    """A drawn occluder of one clip that is placed anew in each frame; it has the face of an ``Occluder``.

    Args:
        drawing: As drawn on the upright head of ``upright``.
        fit: Where landmarks put it.
        kind: What it is.
        style: Which of the kind's styles.

    Attributes:
        mode: ``jitter``.
        frames: How many frames it has been applied to.
        missed: How many of them came without landmarks.
    """

    mode = "jitter"

    def __init__(self, drawing: Drawing, fit: Callable[[np.ndarray], Fit], kind: str, style: str) -> None:
        self.kind, self.style = kind, style
        self.frames = self.missed = 0
        self._fit = fit
        rows, columns = (np.flatnonzero(drawing.alpha.any(axis=axis)) for axis in (1, 0))
        y, x = (slice(int(some[0]), int(some[-1]) + 1) if len(some) else slice(0, 1) for some in (rows, columns))
        self._picture = np.dstack([drawing.colour[y, x] * 255, drawing.alpha[y, x]]).astype(np.float32)
        size = np.array([x.stop - x.start, y.stop - y.start], np.float64)
        self._outline = (drawing.outline + 0.5 - (x.start, y.start)) / size

    def apply(
        self, image: UInt8[np.ndarray, "height width 3"], landmarks: Float[np.ndarray, "468 3"] | None
    ) -> Occluded:
        """Put the occluder before the face.

        Args:
            image: RGB, the next frame.
            landmarks: MediaPipe's points in it, pixels; None where no face was found: the frame stays uncovered.
        """
        self.frames += 1
        result, alpha = image.copy(), np.zeros(image.shape[:2], np.float32)
        if landmarks is None:
            self.missed += 1
            return Occluded(result, alpha, np.zeros((0, 2)), tracked=False)
        x0, xm, x1, y0, y1 = _whole(self._fit(landmarks))
        half = self._picture.shape[1] // 2
        _paste(self._picture[:, :half], (x0, y0, xm, y1), result, alpha)
        _paste(self._picture[:, half:], (xm, y0, x1, y1), result, alpha)
        columns = np.interp(self._outline[:, 0], [0.0, half / self._picture.shape[1], 1.0], [x0, xm, x1])
        rows = y0 + self._outline[:, 1] * (y1 - y0)
        return Occluded(result, alpha, np.stack([columns, rows], axis=1) - 0.5)


def upright(
    landmarks: Float[np.ndarray, "468 3"],
) -> tuple[Float[np.ndarray, "468 3"], tuple[int, int]]:
    """Return the head of some landmarks turned to the front, in pixels of a canvas, and the canvas's shape."""
    head = Head(landmarks)
    side = max(round(_CANVAS * head.unit), 8)
    return (head.points * head.unit + np.array([side / 2, 0.4 * side, 0.0])).astype(np.float32), (side, side)


def mask_fit(landmarks: Float[np.ndarray, "468 3"]) -> Fit:
    """Place a mask: from the second point of the nose bridge to the chin, each half 1.2 times as wide as the cheek."""
    return _halves(landmarks, (197, 152), (93, 323), None)


def glasses_fit(landmarks: Float[np.ndarray, "468 3"]) -> Fit:
    """Place glasses: on the nose bridge, from ear to ear, as high as the brow lies above it."""
    height = float(np.linalg.norm(landmarks[105, :2] - landmarks[197, :2]))
    return _halves(landmarks, (168, 197), (127, 356), height)


def box_fit(reference: Float[np.ndarray, "468 3"], drawing: Drawing) -> Callable[[np.ndarray], Fit]:
    """Return a placement for what the public generator does not know: it keeps its place within the landmarks' box.

    Args:
        reference: The landmarks by which it was drawn.
        drawing: What was drawn.
    """
    low, size = _box(reference)
    rows, columns = (np.flatnonzero(drawing.alpha.any(axis=axis)) for axis in (1, 0))
    ends = np.array([(columns[0], rows[0]), (columns[-1] + 1, rows[-1] + 1)]) if len(rows) else np.zeros((2, 2))
    share = (ends - low) / size

    def fit(landmarks: np.ndarray) -> Fit:
        corner, extent = _box(landmarks)
        (left, top), (right, bottom) = corner + share * extent
        return Fit(left, (left + right) / 2, right, top, bottom)

    return fit


def block_fit(onset: Float[np.ndarray, "468 3"], ratio: float, rng: np.random.Generator) -> Callable[[np.ndarray], Fit]:
    """Return a block's placement: its sides are those of the box of jaw and brows, times the root of the ratio.

    Its centre is drawn evenly within that box at the onset, then keeps its distance from the tip of the nose.
    """
    low, size = _box(onset[list(_FACE)])
    away = low + rng.random(2) * size - onset[4, :2]

    def fit(landmarks: np.ndarray) -> Fit:
        side = _box(landmarks[list(_FACE)])[1] * np.sqrt(ratio)
        (left, top), (right, bottom) = landmarks[4, :2] + away - side / 2, landmarks[4, :2] + away + side / 2
        return Fit(left, (left + right) / 2, right, top, bottom)

    return fit


def _halves(landmarks: np.ndarray, axis: tuple[int, int], sides: tuple[int, int], height: float | None) -> Fit:
    """Return the box around the middle of an axis whose halves reach 1.2 times as far as the side points."""
    top, bottom = landmarks[list(axis), :2].astype(np.float64)
    along = (bottom - top) / max(float(np.hypot(*(bottom - top))), 1e-6)
    left, right = (_WIDER * abs(_cross(along, landmarks[side, :2] - top)) for side in sides)
    tall = float(np.hypot(*(bottom - top))) if height is None else height
    x, y = (top + bottom) / 2
    return Fit(x - left, x, x + right, y - tall / 2, y + tall / 2)


def _cross(one: np.ndarray, other: np.ndarray) -> float:
    return float(one[0] * other[1] - one[1] * other[0])


def _box(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower corner and the size of the box around points."""
    low, high = points[:, :2].min(axis=0).astype(np.float64), points[:, :2].max(axis=0).astype(np.float64)
    return low, np.maximum(high - low, 1e-3)


def _whole(fit: Fit) -> tuple[int, int, int, int, int]:
    values = np.clip([fit.left, fit.middle, fit.right, fit.top, fit.bottom], -1e5, 1e5)
    left, middle, right, top, bottom = (round(value) for value in values)
    return left, middle, right, top, bottom


def _paste(picture: np.ndarray, box: tuple[int, int, int, int], image: np.ndarray, alpha: np.ndarray) -> None:
    """Stretch RGBA to a box (x0, y0, x1, y1) of whole pixels and blend it in, in place; cut off what lies outside."""
    x0, y0 = max(box[0], 0), max(box[1], 0)
    x1, y1 = min(box[2], image.shape[1]), min(box[3], image.shape[0])
    if x1 <= x0 or y1 <= y0 or not picture.size:
        return
    scale = np.array([box[2] - box[0], box[3] - box[1]]) / picture.shape[1::-1]
    shift = np.array(box[:2]) - (x0, y0) + (scale - 1) / 2
    matrix = np.column_stack([np.diag(scale), shift])
    part = cv2.warpAffine(picture, matrix, (x1 - x0, y1 - y0), borderMode=cv2.BORDER_REPLICATE)
    share = part[..., 3:]
    image[y0:y1, x0:x1] = np.rint(image[y0:y1, x0:x1] * (1 - share) + part[..., :3] * share).astype(np.uint8)
    alpha[y0:y1, x0:x1] = np.maximum(alpha[y0:y1, x0:x1], part[..., 3])
