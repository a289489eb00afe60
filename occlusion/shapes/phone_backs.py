"""The backs of telephones as pictures: glass, cases, cracks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from occlusion.shapes.board import Board, inside
from occlusion.shapes.phone_cameras import CAMERAS
from occlusion.shapes.solids import MM
from occlusion.shapes.texture import RGB, mix, noise, pattern


@dataclass(frozen=True)
class Back:
    """What a back shows.

    Attributes:
        first: Its ground, RGB in white light.
        second: Of its pattern.
        figure: A name of ``texture.PATTERNS``.
        share: How far the second colour comes through.
        camera: A name of ``phone_cameras.CAMERAS``, or none.
        extra: A name of ``EXTRAS``, or none.
        glassy: How strongly it mirrors a window, 0 to 1.
        grow: How large the figure is.
    """

    first: RGB
    second: RGB = (0.5, 0.5, 0.5)
    figure: str = "plain"
    share: float = 0.0
    camera: str = "three"
    extra: str = ""
    glassy: float = 0.6
    grow: float = 1.1


def back(look: Back, size: tuple[float, float], rng: np.random.Generator) -> Float[np.ndarray, "height width 4"]:
    """Return a back as RGBA, 0 to 1.

    Args:
        look: What it shows.
        size: Width and height, millimetres.
        rng: Where reflections, cracks and patterns come from.
    """
    board = Board(size)
    x, y = board.x.ravel(), board.y.ravel()
    share = look.share * pattern(look.figure, rng)(x * MM / look.grow + float(rng.uniform(0, 1)), y * MM / look.grow)
    board.lay(mix(look.first, look.second, share).reshape(*board.x.shape, 3), 1.0)
    if look.extra:
        EXTRAS[look.extra](board, look, rng)
    if look.glassy > 0:
        _window(board, look.glassy, rng)
    if look.camera:
        CAMERAS[look.camera](board, look.first)
    return np.clip(board.picture, 0, 1)


def _window(board: Board, strength: float, rng: np.random.Generator) -> None:
    """Mirror a bright window at a slant, and the room's gradient."""
    along = board.y + 0.75 * board.x + float(rng.uniform(-35, 45))
    stripe = np.clip((along + 18) / 3, 0, 1) * np.clip((16 - along) / 6, 0, 1)
    thin = np.clip((along - 20) / 2, 0, 1) * np.clip((27 - along) / 2, 0, 1)
    board.lay((0.92, 0.95, 1.0), strength * (0.16 * stripe + 0.10 * thin + 0.10 * (0.5 - board.y / board.size[1])))


def _cracks(board: Board, look: Back, rng: np.random.Generator) -> None:
    """Break the glass from one point: rays that fork, and rings between them."""
    lines = np.zeros(board.x.shape, np.uint8)
    hit = np.array([rng.uniform(0.25, 0.75) * lines.shape[1], rng.uniform(0.2, 0.7) * lines.shape[0]])
    angles = np.sort(rng.uniform(0, 2 * np.pi, 17))
    reach = np.cumsum(rng.uniform(15, 75, (17, 10)), axis=1)
    bend = angles[:, None] + np.cumsum(rng.normal(0, 0.09, (17, 10)), axis=1)
    rays = hit + reach[..., None] * np.stack([np.cos(bend), np.sin(bend)], axis=-1)
    for number, ray in enumerate(rays):
        cv2.polylines(lines, [_whole(np.vstack([hit, ray]))], False, 255, 1, cv2.LINE_AA, 3)
        for step in np.flatnonzero(rng.uniform(size=10) < 0.55):
            ends = np.stack([ray[step], rays[(number + 1) % 17][min(step + int(rng.integers(0, 2)), 9)]])
            cv2.polylines(lines, [_whole(ends)], False, 200, 1, cv2.LINE_AA, 3)
    board.lay((0.80, 0.83, 0.86), cv2.GaussianBlur(lines, (0, 0), 0.8).astype(np.float32) / 170)


def _whole(points: np.ndarray) -> np.ndarray:
    return np.round(points * 8).astype(np.int32)


def _leather(board: Board, look: Back, rng: np.random.Generator) -> None:
    """Grain the ground, stitch it along the edge, and put a strap around."""
    grain, cloud = noise(rng, 1.1, 0.07), noise(rng, 25.0, 0.05)
    x, y = board.x.ravel(), board.y.ravel()
    board.picture[..., :3] *= (1 + grain(x, y) + cloud(x, y)).reshape(*board.x.shape, 1)
    inset = board.rim(5.5, 4.0)
    dashes = (np.sin((board.x + board.y) * 2 * np.pi / 4.5) > -0.3) * np.exp(-((inset / 0.7) ** 2))
    board.lay(look.second, 0.9 * dashes)
    board.lay((0.05, 0.03, 0.02), 0.5 * np.exp(-(((np.abs(board.y - 12) - 9.5) / 0.7) ** 2)) * (board.x > -18))
    board.disc((-10, 12), 4.0, (0.72, 0.66, 0.50))


def _keys(board: Board, look: Back, rng: np.random.Generator) -> None:
    """Part the battery's lid off, with a slotted loudspeaker above it."""
    for y in (-8.0, 44.0):
        board.lay((0.02, 0.02, 0.02), 0.8 * np.exp(-(((board.y - y) / 0.4) ** 2)))
    slots = (np.abs(np.sin(board.y * 2 * np.pi / 4.4)) > 0.75) & (np.abs(board.x) < 9) & (np.abs(board.y + 30) < 8)
    board.lay((0.03, 0.03, 0.03), 0.9 * slots)
    board.panel((0, -1.5), (5, 1.2), 1.2, (0.06, 0.06, 0.07))


def _bumpers(board: Board, look: Back, rng: np.random.Generator) -> None:
    """Add coloured corners and ribs, as on a case for building sites."""
    wide, high = board.size
    corner = np.abs(board.x) / wide + np.abs(board.y) / high
    board.lay(look.second, inside((corner - 0.78) * 60))
    ribs = (np.abs(np.sin(board.y * 2 * np.pi / 9)) > 0.9) & (np.abs(board.x) > wide * 0.33) & (np.abs(board.y) < 40)
    board.lay((0.04, 0.04, 0.04), 0.7 * ribs)


def _stickers(board: Board, look: Back, rng: np.random.Generator) -> None:
    """Stick round and square labels on."""
    colours = ((0.92, 0.78, 0.20), (0.85, 0.25, 0.25), (0.20, 0.55, 0.60), (0.93, 0.93, 0.90), (0.35, 0.25, 0.55))
    for _ in range(9):
        at = float(rng.uniform(-26, 26)), float(rng.uniform(-25, 65))
        radius, colour = float(rng.uniform(6, 12)), colours[int(rng.integers(5))]
        board.disc(at, radius + 1, (0.97, 0.97, 0.96))
        board.disc(at, radius, colour)
        if rng.uniform() < 0.6:
            board.panel(at, (0.6 * radius, 0.25 * radius), 1.0, colours[int(rng.integers(5))])


def _clear(board: Board, look: Back, rng: np.random.Generator) -> None:
    """Leave a clear margin of soft plastic around the telephone within the case."""
    inset = board.rim(5.6, 7.0)
    board.lay((0.90, 0.92, 0.92), np.clip(inset / 0.3, 0, 1))
    board.lay((0.98, 0.98, 0.98), 0.6 * np.exp(-((inset / 0.5) ** 2)))
    board.picture[..., 3] = np.where(inset > 0, 0.45, 1.0)
    board.panel((0, 20), (19, 26), 2.0, (0.95, 0.94, 0.91))
    board.panel((0, 16), (16, 18), 1.0, (0.42, 0.58, 0.66))
    board.disc((7, 8), 4.5, (0.97, 0.88, 0.62))
    board.panel((0, 29), (16, 5.5), 1.0, (0.30, 0.42, 0.25))


EXTRAS: dict[str, Callable[[Board, Back, np.random.Generator], None]] = {
    "cracks": _cracks,
    "leather": _leather,
    "keys": _keys,
    "bumpers": _bumpers,
    "stickers": _stickers,
    "clear": _clear,
}
"""What else there may be on a back, by name."""
