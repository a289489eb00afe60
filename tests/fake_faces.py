"""Pictures with a red mark between the eyes of a face that is not there, and a finder that goes by the mark.

The finder can be sent to worker processes, and what it finds depends on the picture alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import cv2
import numpy as np

UNIT = 40.0
SHAPE = (200, 240)
_MEAN = np.loadtxt(Path(__file__).parent / "mean_face.csv", delimiter=",")


def landmarks_at(x: float, y: float) -> np.ndarray:
    """Return the mean head's landmarks with the point between the eyes there, pixels."""
    return (UNIT * _MEAN + np.array([x, y, 0.0])).astype(np.float32)


def picture(place: tuple[int, int] | None, seed: int = 0) -> np.ndarray:
    """Return a picture of blurred noise, RGB; with a face (its mark) where ``place`` says, or without."""
    grain = np.random.default_rng(seed).standard_normal((*SHAPE, 1)).astype(np.float32)
    grey = np.clip(cv2.GaussianBlur(grain, (0, 0), 2.5)[..., None] * 200 + 140, 60, 220)
    image = np.repeat(grey, 3, axis=2).astype(np.uint8)
    if place is not None:
        x, y = place
        image[y - 6 : y + 7, x - 6 : x + 7] = (250, 10, 10)
    return image


@contextmanager
def marked(static: bool) -> Iterator[Callable[[np.ndarray], np.ndarray | None]]:
    """Open the finder."""
    yield _find


def _find(image: np.ndarray) -> np.ndarray | None:
    red = image[..., 0].astype(int) - image[..., 1] > 120
    if red.sum() < 40:
        return None
    y, x = np.nonzero(red)
    return landmarks_at(float(x.mean()), float(y.mean()))


def write_video(path: Path, frames: Sequence[np.ndarray], codec: str = "libx264", fps: int = 25) -> Path:
    """Write RGB frames, nearly without loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options={"crf": "5"} if codec == "libx264" else {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p" if codec == "libx264" else "yuvj420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def write_picture(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return path
