"""How far each region of the face can be seen.

MediaPipe does not say. Here a small network judges it from the picture, and what is known otherwise - the picture's
edge, hands that were found, a head turned away - can only lower its verdict.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal import weights
from multimodal.errors import MissingError
from multimodal.face.align import apply, face_transform
from multimodal.face.appearance import FEATURES, SIDE, Look, Memory, look_at, measure, remember
from multimodal.face.canonical import GRID, crop_regions
from multimodal.face.crop import face_crop, fitting_step
from multimodal.face.pose import HeadPose, fit_pose
from multimodal.results import REGIONS

WEIGHTS = "region-visibility"
"""Name of the shipped weights."""

_KEEP = 0.5
"""Share of the last frame's verdict that stays: single frames flicker."""


class VisibilityNet:
    """A perceptron with one hidden layer: measures of a face in, visibility out.

    Args:
        tensors: ``mean``, ``scale`` ``[F]``; ``hidden`` ``[H, F]``, ``hidden_bias`` ``[H]``; ``out`` ``[12, H]``,
            ``out_bias`` ``[12]``; ``typical`` ``[56, 56]``, a mean face's brightness relative to its skin.
    """

    def __init__(self, tensors: Mapping[str, np.ndarray]) -> None:
        self.tensors = {name: np.asarray(tensor, np.float32) for name, tensor in tensors.items()}
        self.typical = self.tensors["typical"]

    def __call__(self, features: Float[np.ndarray, "*lead features"]) -> Float[np.ndarray, "*lead 12"]:
        """Return visibility, 0 hidden to 1 free, in the order of ``REGIONS``."""
        t = self.tensors
        # einsum, since for one face BLAS would spend more on waking threads than on the sums.
        near = (features - t["mean"]) / t["scale"]
        hidden = np.maximum(np.einsum("...f,hf->...h", near, t["hidden"]) + t["hidden_bias"], 0)
        return 1 / (1 + np.exp(-(np.einsum("...h,rh->...r", hidden, t["out"]) + t["out_bias"])))


@functools.lru_cache(maxsize=4)
def load_net(name: str = WEIGHTS) -> VisibilityNet:
    """Load a net, checked against its card.

    Raises:
        MissingError: The weights are missing, damaged, or of another shape.
    """
    from safetensors.numpy import load_file

    path, _ = weights.find(name)
    tensors = load_file(str(path))
    wanted = {"mean", "scale", "hidden", "hidden_bias", "out", "out_bias", "typical"}
    if set(tensors) != wanted or tensors["hidden"].shape[1:] != (FEATURES,) or tensors["out"].shape[:1] != (12,):
        raise MissingError(f"weights {path} are not of this version's visibility net: reinstall veilspeak")
    return VisibilityNet(tensors)


@runtime_checkable
class Judge(Protocol):
    """Anything that judges visibility as ``VisibilityEstimator`` does."""

    def observe(
        self,
        image: UInt8[np.ndarray, "height width 3"],
        landmarks: Float[np.ndarray, "468 3"],
        covers: Sequence[Float[np.ndarray, "_ 2"]] = (),
        pose: HeadPose | None = None,
    ) -> Float[np.ndarray, "12"]:
        """Judge one frame."""
        ...

    def reset(self) -> None:
        """Forget the face."""
        ...


class Unjudged:
    """A judge for those who do not ask: every region counts as free."""

    def observe(
        self,
        image: UInt8[np.ndarray, "height width 3"],
        landmarks: Float[np.ndarray, "468 3"],
        covers: Sequence[Float[np.ndarray, "_ 2"]] = (),
        pose: HeadPose | None = None,
    ) -> Float[np.ndarray, "12"]:
        """Return twelve ones."""
        return np.ones(len(REGIONS), np.float32)

    def reset(self) -> None:
        """Nothing is kept."""


class VisibilityEstimator:
    """Judges how far each region can be seen, frame by frame.

    Args:
        memory: Remember the face from frame to frame and smooth a little; False for single pictures.
        net: The judge; None loads the shipped one.
        every: With memory, the picture is judged every so many frames and the verdict carried over in between; what
            is known otherwise counts in every frame.

    Raises:
        MissingError: The shipped weights are missing or damaged.
    """

    def __init__(self, memory: bool = True, net: VisibilityNet | None = None, every: int = 2) -> None:
        self._remember = memory
        self._every = every
        self._net = net or load_net()
        self.reset()

    def reset(self) -> None:
        """Forget the face."""
        self._memory: Memory | None = None
        self._last: Float[np.ndarray, "12"] | None = None
        self._frames = 0

    def observe(
        self,
        image: UInt8[np.ndarray, "height width 3"],
        landmarks: Float[np.ndarray, "468 3"],
        covers: Sequence[Float[np.ndarray, "_ 2"]] = (),
        pose: HeadPose | None = None,
    ) -> Float[np.ndarray, "12"]:
        """Judge one frame.

        Args:
            image: RGB.
            landmarks: MediaPipe's points, pixels.
            covers: Outlines of things known to lie over the face, such as hands: ``[corners, 2]``, pixels.
            pose: The head's pose, if it is already known.

        Returns:
            Visibility in the order of ``REGIONS``, 0 hidden to 1 free.
        """
        pose = pose or fit_pose(landmarks)
        transform = face_transform(landmarks, pose)
        known = turned_away(pose) * free_of(transform, image.shape, covers)
        if self._last is None or self._frames % self._every == 0 or not self._remember:
            self._last = self._judge(see(image, transform), known)
        self._frames += 1
        return (self._last * known).astype(np.float32)

    def _judge(self, look: Look, known: Float[np.ndarray, "12"]) -> Float[np.ndarray, "12"]:
        verdict = self._net(measure(look, self._net.typical, self._memory))
        if not self._remember:
            return verdict
        self._memory = remember(self._memory, look, verdict * known)
        return verdict if self._last is None else _KEEP * self._last + (1 - _KEEP) * verdict


def see(image: UInt8[np.ndarray, "height width 3"], transform: Float[np.ndarray, "2 3"]) -> Look:
    """Cut the canonical square out of a picture and describe its colours."""
    return look_at(face_crop(image, transform, fitting_step(transform, SIDE)).square(transform, SIDE))


def turned_away(pose: HeadPose) -> Float[np.ndarray, "12"]:
    """Return how far each region faces the camera: regions of the far side vanish between 35 and 60 degrees of yaw."""
    yaw = pose.angles()[0]
    left = float(np.clip((60 + yaw) / 25, 0, 1))
    right = float(np.clip((60 - yaw) / 25, 0, 1))
    sides = {"left": left, "right": right}
    return np.array([sides.get(name.rsplit("_", 1)[-1], 1.0) for name in REGIONS], np.float32)


def free_of(
    transform: Float[np.ndarray, "2 3"], shape: tuple[int, ...], covers: Sequence[Float[np.ndarray, "_ 2"]] = ()
) -> Float[np.ndarray, "12"]:
    """Return which fraction of each region lies inside the picture and outside all covers.

    Args:
        transform: From the picture's pixels to fractions of the canonical square.
        shape: The picture's, height first.
        covers: Outlines, ``[corners, 2]``, pixels.
    """
    height, width = shape[:2]
    frame = np.array([(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)])
    free = _fill(frame, transform)
    for cover in covers:
        if len(cover) >= 3:
            free *= 1 - _fill(np.asarray(cover, np.float64), transform)
    return crop_regions(free).mean(axis=(-2, -1))


def _fill(outline: Float[np.ndarray, "corners 2"], transform: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "28 28"]:
    """Return how much of each cell of the canonical grid lies inside an outline of the picture."""
    fine = 4 * GRID
    # Pixel centres are whole numbers; OpenCV draws in sixteenths of a pixel.
    points = np.clip(np.round((apply(transform, outline) * fine - 0.5) * 16), -(2**20), 2**20).astype(np.int32)
    canvas = np.zeros((fine, fine), np.uint8)
    cv2.fillPoly(canvas, [points], 1, shift=4)
    return cv2.resize(canvas.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
