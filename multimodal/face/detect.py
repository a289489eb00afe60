"""Where faces are in a picture: MediaPipe's face detectors behind one call."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType

import numpy as np
from jaxtyping import UInt8

from multimodal.quiet import quiet_stderr

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels."""


@dataclass(frozen=True)
class FoundFace:
    """A face that a detector found.

    Attributes:
        box: From the brows to the chin, pixels; it may reach beyond the picture.
        score: 0 to 1.
    """

    box: Box
    score: float

    @property
    def side(self) -> float:
        """The longer side, pixels: the larger, the nearer."""
        x0, y0, x1, y1 = self.box
        return max(x1 - x0, y1 - y0)


class FaceDetector:
    """MediaPipe's BlazeFace.

    Args:
        distant: Use the model for faces up to five metres away (6 ms a picture) instead of the one for two (2 ms).
        least_score: Fainter finds are left out, 0 to 1.
    """

    def __init__(self, distant: bool = False, least_score: float = 0.5) -> None:
        with quiet_stderr():
            from mediapipe.python.solutions.face_detection import FaceDetection

            self._model = FaceDetection(model_selection=int(distant), min_detection_confidence=least_score)
            self._model.process(np.zeros((32, 32, 3), np.uint8))

    def __call__(self, image: UInt8[np.ndarray, "height width 3"]) -> list[FoundFace]:
        """Return the faces in an RGB picture, the largest first."""
        height, width = image.shape[:2]
        faces = []
        for found in self._model.process(np.ascontiguousarray(image)).detections or ():
            box = found.location_data.relative_bounding_box
            x, y = box.xmin * width, box.ymin * height
            faces.append(FoundFace((x, y, x + box.width * width, y + box.height * height), float(found.score[0])))
        return sorted(faces, key=lambda face: -face.side)

    def close(self) -> None:
        """Free the model."""
        self._model.close()

    def __enter__(self) -> FaceDetector:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
