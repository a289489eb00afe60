"""A degradation: it hides nothing outright and worsens the whole picture, from the first frame to the last."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from occlusion.occluder import Occluded
from occlusion.registry import Change


class Degradation:
    """A drawn degradation of one clip, with the face of an ``Occluder``. Apply it to the clip's frames in order.

    Args:
        change: What it does to a frame.
        kind: What it is.
        style: Which of the kind's styles.

    Attributes:
        mode: ``rigid``.
        frames: How many frames it has been applied to.
        missed: How many of them came without landmarks.
    """

    mode = "rigid"

    def __init__(self, change: Change, kind: str, style: str) -> None:
        self.kind, self.style = kind, style
        self.frames = self.missed = 0
        self._change = change

    def apply(
        self, image: UInt8[np.ndarray, "height width 3"], landmarks: Float[np.ndarray, "468 3"] | None
    ) -> Occluded:
        """Worsen the next frame.

        Args:
            image: RGB.
            landmarks: MediaPipe's points in it, pixels; None where no face was found: what follows the head then
                follows the skin in the picture, or stays where it is; the frame counts as missed.

        Returns:
            The frame, alpha all zero, a polygon without corners: nothing is covered.
        """
        self.frames += 1
        self.missed += landmarks is None
        alpha = np.zeros(image.shape[:2], np.float32)
        return Occluded(self._change(image, landmarks), alpha, np.zeros((0, 2)), landmarks is not None)
