"""Pictures of a known hand before a green screen, for the tests: rendered hands laid over an unevenly lit backdrop."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from occlusion.shapes.cutout import rendered

SHAPE = (360, 400)


def screen(rng: np.random.Generator, dim: float = 1.0) -> np.ndarray:
    """A backdrop lit from one corner and veiled by a glare in it, RGB, 0 to 255, with the camera's noise."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] / max(SHAPE)
    near = np.exp(-((x - 0.35) ** 2 + (y - 0.4) ** 2) / 0.1)[..., None]
    green = np.array([30, 150, 60]) * (1 - 0.95 * near) + np.array([165, 205, 175]) * 0.95 * near
    return dim * (0.75 + 0.4 * near) * green + rng.normal(0, 2.5, (*SHAPE, 3))


def photo(
    pose: str = "stop", spill: float = 0.0, dim: float = 1.0, seed: int = 0, low: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return a photo, RGB, and the true alpha; the arm leaves below.

    Args:
        pose: Which hand.
        spill: How much of the screen's light falls on the hand.
        dim: Of the screen's light.
        seed: Of noise.
        low: Size of the hand; 1 is a pixel a millimetre.
    """
    rng, hand = np.random.default_rng(seed), rendered(pose).cutout
    shift = np.array([200.0, SHAPE[0] + 4.0]) - low * hand.end
    colour, alpha = hand.laid(np.column_stack([low * np.eye(2), shift]), SHAPE)
    back = screen(rng, dim)
    front = 255 * colour + spill * np.array([0, 90, 30]) + rng.normal(0, 2.5, back.shape)
    mixed = front * alpha[..., None] + back * (1 - alpha[..., None])
    return np.clip(mixed, 0, 255).astype(np.uint8), alpha


def save(path: Path, image: np.ndarray) -> None:
    path.write_bytes(cv2.imencode(path.suffix, image[..., ::-1])[1].tobytes())
