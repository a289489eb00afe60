"""Where a clip's faces are: all landmarks first, before anything is drawn."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, UInt8

from multimodal.results import Frame

if TYPE_CHECKING:
    from multimodal.face.mesh import FaceTracker

Finder = Callable[[UInt8[np.ndarray, "height width 3"]], "Float[np.ndarray, '468 3'] | None"]
"""Takes the next RGB frame and gives MediaPipe's points in its pixels, or None where there is no face."""

OpenFinder = Callable[[bool], AbstractContextManager[Finder]]
"""Opens a finder; true for photos, which are scenes of their own."""


@contextmanager
def mediapipe_finder(static: bool) -> Iterator[Finder]:
    """Open MediaPipe's Face Mesh, watched over by its face detector, for one clip.

    Args:
        static: Every frame is a scene of its own.
    """
    if static:
        yield _finder(_photo_tracker())
        return
    from multimodal.face.mesh import FaceTracker
    from multimodal.face.visibility import Unjudged

    # A tracker of its own: what the last clip left in one must not depend on the order of the clips.
    with FaceTracker(visibility=Unjudged()) as tracker:
        yield _finder(tracker)


@functools.lru_cache(maxsize=1)
def _photo_tracker() -> FaceTracker:
    from multimodal.face.mesh import FaceTracker
    from multimodal.face.visibility import Unjudged

    return FaceTracker(static=True, visibility=Unjudged())


def _finder(tracker: FaceTracker) -> Finder:
    def find(image: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "468 3"] | None:
        return tracker.track(Frame(image, 0, 0.0, "")).landmarks

    return find
