"""What the tests of held things share: drawing a style, what it covers, whether it hangs together."""

from __future__ import annotations

import cv2
import numpy as np
from heads import head

from multimodal.results import REGIONS
from occlusion.drawing import coverage
from occlusion.occluder import Drawing, Scene
from occlusion.registry import entry_of

SMALL = (150, 170)
MIDDLE = 85
"""The face's middle in them, from the left."""

TURNS = [(0, 0, 0), (30, 0, 0), (-30, 0, 0), (10, -10, 20)]


def face(turn: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    """Return landmarks in a small picture, which is quick to draw in."""
    return head(35.0, (MIDDLE, 55), turn)


class OneSide(np.random.Generator):
    """Chance that always chooses the same side: -1 the picture's left, 1 its right."""

    def __init__(self, seed: int, side: int) -> None:
        super().__init__(np.random.PCG64(seed))
        self.side = side

    def choice(self, *options: object, **more: object) -> int:  # type: ignore[override]
        super().uniform()
        return self.side


def drawn(
    kind: str, style: str, points: np.ndarray, seed: int = 0, side: int | None = None, shape: tuple[int, int] = SMALL
) -> Drawing:
    rng = np.random.default_rng(seed) if side is None else OneSide(seed, side)
    result = entry_of(kind).draw(Scene(points, shape, rng, style))
    assert isinstance(result, Drawing)
    return result


def covered(alpha: np.ndarray, points: np.ndarray) -> dict[str, float]:
    return dict(zip(REGIONS, map(float, coverage(alpha, points)), strict=True))


def loose(alpha: np.ndarray) -> float:
    """Return the share of what is hidden that does not hang together with the largest piece."""
    hidden = (alpha > 0.2).astype(np.uint8)
    _, _, sizes, _ = cv2.connectedComponentsWithStats(hidden)
    return 1 - float(sizes[1:, 4].max()) / float(hidden.sum())


def check_layer(drawing: Drawing) -> None:
    assert np.isfinite(drawing.colour).all()
    assert 0 <= drawing.colour.min() <= drawing.colour.max() <= 1
    assert 0 <= drawing.alpha.min() <= drawing.alpha.max() <= 1
