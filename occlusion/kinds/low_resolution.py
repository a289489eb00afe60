"""Too few pixels: small faces made large, pixelation, compression, old cameras and narrow lines."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from occlusion.degrading.carried import Canvas, Carrier
from occlusion.degrading.coding import (
    Interlaced,
    Lagging,
    compressed,
    dithered,
    paled,
    resampled,
    sharpened,
    smaller,
    thinned,
)
from occlusion.degrading.optics import blended
from occlusion.occluder import Scene
from occlusion.registry import Change, register_degradation
from occlusion.shapes.canvas import ellipse

_Maker = Callable[[Scene], Change]

_ANCHORS = (33, 263, 61, 291, 1, 152)
_BLOCK = 0.15
"""Side of the blocks of a pixelation, eye distances."""


def _share(scene: Scene, height: float) -> tuple[float, float]:
    """Return how far to shrink a picture, across and down, for the face to be so many pixels high.

    A face that is smaller already is halved, so that something is lost in any case.
    """
    long = float(np.linalg.norm(scene.landmarks[10] - scene.landmarks[152]))
    share = min(height * float(scene.rng.uniform(0.93, 1.07)) / max(long, 1.0), 0.5)
    return share, share


def _small(height: float, up: int, down: int = cv2.INTER_AREA) -> _Maker:
    """Leave a face ``height`` pixels high."""

    def make(scene: Scene) -> Change:
        share = _share(scene, height)
        return lambda image, landmarks: resampled(image, share, up, down)

    return make


def _squares(scene: Scene) -> tuple[float, float]:
    share = 1 / max(_BLOCK * scene.unit * float(scene.rng.uniform(0.85, 1.25)), 2.0)
    return share, share


def _mosaic(scene: Scene) -> Change:
    share = _squares(scene)
    return lambda image, landmarks: resampled(image, share, cv2.INTER_NEAREST)


def _pixelated(numbers: tuple[int, ...], radii: tuple[float, float]) -> _Maker:
    """Pixelate an ellipse around landmarks (radii in eye distances), which goes along with the head."""

    def make(scene: Scene) -> Change:
        canvas, share = Canvas.around(scene.landmarks, 0.5, min(60.0, max(scene.unit, 1.0))), _squares(scene)
        mask, carrier = _oval(scene, canvas, numbers, radii), Carrier(canvas, scene.landmarks, _ANCHORS)

        def change(image: np.ndarray, landmarks: np.ndarray | None) -> np.ndarray:
            carrier.follow(image, landmarks)
            return blended(image, resampled(image, share, cv2.INTER_NEAREST), carrier.place(mask, image.shape))

        return change

    return make


def _oval(scene: Scene, canvas: Canvas, numbers: tuple[int, ...], radii: tuple[float, float]) -> np.ndarray:
    """Return 1 within an ellipse that stands like the face, softly 0 without."""
    left, right = scene.points(33, 133).mean(axis=0), scene.points(362, 263).mean(axis=0)
    down = scene.points(152)[0] - scene.points(10)[0]
    down *= scene.unit / max(float(np.hypot(*down)), 1e-6)
    middle = scene.points(*numbers).mean(axis=0)
    outline = middle + ellipse(np.zeros(2), radii, 2.6) @ np.array([right - left, down])
    mask = np.zeros(canvas.shape, np.float32)
    cv2.fillPoly(mask, [np.round(canvas.inside(outline) * 16).astype(np.int32)], 1.0, shift=4)
    return cv2.GaussianBlur(mask, (0, 0), 1.2)


def _webcam(scene: Scene) -> Change:
    """Leave 160 by 120 pixels, written as a poor JPEG."""
    quality = int(scene.rng.integers(18, 34))
    share = 160 / max(scene.shape[1], 320), 120 / max(scene.shape[0], 240)

    def change(image: np.ndarray, landmarks: np.ndarray | None) -> np.ndarray:
        poor = compressed(smaller(image, share), quality)
        return cv2.resize(poor, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)

    return change


def _jpeg(quality: int, height: float | None) -> _Maker:
    """Compress strongly, at a resolution where the face is ``height`` pixels high; None: at the picture's."""

    def make(scene: Scene) -> Change:
        share = (1.0, 1.0) if height is None else _share(scene, height)
        exact = quality + int(scene.rng.integers(0, 3))

        def change(image: np.ndarray, landmarks: np.ndarray | None) -> np.ndarray:
            poor = compressed(smaller(image, share), exact)
            return cv2.resize(poor, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)

        return change

    return make


def _chroma(scene: Scene) -> Change:
    """Leave colour in patches as large as half a face, brightness at a face 44 pixels high."""
    side = 1 / max(0.9 * scene.unit * float(scene.rng.uniform(0.85, 1.2)), 2.0)
    luma = _share(scene, 44)
    return lambda image, landmarks: thinned(image, (side, side), luma)


def _tape(scene: Scene) -> Change:
    """Narrow brightness, and colour much more, along the rows only, as on video tape."""
    luma, chroma = _share(scene, 36)[0], _share(scene, 9)[0]

    def change(image: np.ndarray, landmarks: np.ndarray | None) -> np.ndarray:
        return sharpened(thinned(paled(image, 1.0, 0.06, 0.94), (chroma, 0.5), (luma, 1.0)), 2.0, 0.7)

    return change


def _cctv(scene: Scene) -> Change:
    """Show a small, pale, interlaced picture whose rows can be told apart."""
    share, woven = _share(scene, 52), Interlaced()
    colour = float(scene.rng.uniform(0.0, 0.45))

    def change(image: np.ndarray, landmarks: np.ndarray | None) -> np.ndarray:
        small = woven(paled(smaller(image, share), colour, 0.10, 0.86))
        small[1::2] = cv2.convertScaleAbs(small[1::2], alpha=0.72)
        return cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_NEAREST)

    return change


def _call(scene: Scene) -> Change:
    """Show a video call on a narrow line: blocks that come late, and poor ones."""
    side = max(8, round(0.22 * scene.unit))
    lagging, share = Lagging(side, float(scene.rng.uniform(0.2, 0.4)), scene.rng), _share(scene, 72)

    def change(image: np.ndarray, landmarks: np.ndarray | None) -> np.ndarray:
        poor = compressed(smaller(image, share), 14)
        return lagging(cv2.resize(poor, image.shape[1::-1], interpolation=cv2.INTER_LINEAR))

    return change


def _dithered(scene: Scene) -> Change:
    share, steps = _share(scene, 62), int(scene.rng.integers(2, 4))

    def change(image: np.ndarray, landmarks: np.ndarray | None) -> np.ndarray:
        return cv2.resize(dithered(smaller(image, share), steps), image.shape[1::-1], interpolation=cv2.INTER_NEAREST)

    return change


def _oversharp(scene: Scene) -> Change:
    share = _share(scene, 34)

    def change(image: np.ndarray, landmarks: np.ndarray | None) -> np.ndarray:
        small = sharpened(smaller(image, share), 1.1, 2.2)
        return cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LANCZOS4)

    return change


STYLES: dict[str, _Maker] = {
    "face-20-bicubic": _small(20, cv2.INTER_CUBIC),
    "face-28-bilinear": _small(28, cv2.INTER_LINEAR),
    "face-40-nearest": _small(40, cv2.INTER_NEAREST),
    "face-56-bicubic": _small(56, cv2.INTER_CUBIC),
    "aliased": _small(30, cv2.INTER_NEAREST, cv2.INTER_NEAREST),
    "mosaic": _mosaic,
    "privacy-pixelation": _pixelated((10, 152, 234, 454), (1.15, 1.5)),
    "pixelated-eyes": _pixelated((33, 133, 362, 263), (1.05, 0.4)),
    "pixelated-mouth": _pixelated((61, 291, 13, 14), (0.75, 0.5)),
    "webcam-160x120": _webcam,
    "jpeg-blocks": _jpeg(4, None),
    "jpeg-large-blocks": _jpeg(7, 70),
    "chroma-smear": _chroma,
    "video-tape": _tape,
    "cctv-interlaced": _cctv,
    "video-call": _call,
    "dithered": _dithered,
    "oversharpened": _oversharp,
}
"""What takes the pixels away, by name; numbers are the height of the face from hair to chin, pixels."""


@register_degradation("low-resolution", styles=tuple(STYLES))
def coarsen(scene: Scene) -> Change:
    """Take pixels away; how many exactly comes from chance, and in ``video-call`` which blocks come late."""
    return STYLES[scene.style](scene)
