"""When an occluder is there: a hand or a cup comes in, stays, and goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

COMES_AND_GOES: tuple[str, ...] = ("hand", "cup", "phone", "microphone")
"""The kinds that do; what is worn is there for the whole clip."""

_FEWEST = 6
"""A clip of fewer frames is too short for coming and going."""


@dataclass(frozen=True)
class Presence:
    """When an occluder is there, in frames of its clip, and from where it comes.

    Attributes:
        enters: The last frame before it shows at the edge of the picture.
        arrives: The first frame in which it is in its place.
        leaves: The last frame in which it is in its place.
        gone: The first frame in which it is out of the picture again.
        direction: From its place to where it comes from and goes to, radians: 0 to the right, pi / 2 down.
    """

    enters: int
    arrives: int
    leaves: int
    gone: int
    direction: float

    def __post_init__(self) -> None:
        if not self.enters < self.arrives <= self.leaves < self.gone:
            raise ValueError(f"a presence needs enters < arrives <= leaves < gone, not {self}")

    def away(self, frame: int) -> float:
        """Return how far it is from its place in a frame: 0 in place, 1 out of the picture; smooth in between."""
        if frame <= self.arrives:
            share = (self.arrives - frame) / (self.arrives - self.enters)
        else:
            share = (frame - self.leaves) / (self.gone - self.leaves)
        share = min(max(share, 0.0), 1.0)
        return share * share * (3 - 2 * share)

    def way_out(
        self, low: Float[np.ndarray, "2"], high: Float[np.ndarray, "2"], size: tuple[int, int]
    ) -> Float[np.ndarray, "2"]:
        """Return the shortest shift along ``direction`` that takes a box out of the picture.

        Args:
            low, high: The box's corners (x, y), pixels.
            size: Width and height of the picture, pixels.
        """
        along = np.array([np.cos(self.direction), np.sin(self.direction)])
        room = np.where(along > 0, np.array(size) - low, high)
        steps = np.maximum(room, 0) / np.maximum(np.abs(along), 1e-6)
        return along * float(steps.min())


def sample_presence(kind: str, seed: int, frames: int, fps: float = 30.0) -> Presence | None:
    """Draw when an occluder is there.

    It takes .2 to .5 seconds to come, and as long to go, unless the clip is so short that a quarter of it is less.

    Args:
        kind: Of the occluder.
        seed: Of the draw, the clip's.
        frames: Length of the clip.
        fps: Its frames a second.

    Returns:
        None for what stays throughout, and in clips of fewer than six frames.
    """
    if kind not in COMES_AND_GOES or frames < _FEWEST:
        return None
    rng = np.random.default_rng((seed, 2))
    come, go = (max(1, round(min(float(s) * fps, frames / 4))) for s in rng.uniform(0.2, 0.5, 2))
    spare = frames - 1 - come - go
    enters = int(rng.integers(0, max(1, spare // 3) + 1)) if spare > 0 else 0
    gone = frames - 1 - (int(rng.integers(0, max(1, spare // 3))) if spare > 1 else 0)
    leaves = max(enters + come, gone - go)
    return Presence(enters, enters + come, leaves, gone, float(np.pi / 2 + rng.uniform(-0.8, 0.8)))
