"""The cameras on the backs of telephones."""

from __future__ import annotations

from collections.abc import Callable

from occlusion.shapes.board import Board
from occlusion.shapes.texture import RGB


def _lens(board: Board, at: tuple[float, float], radius: float) -> None:
    """Draw one lens: a metal ring, black glass, and coloured reflections in it."""
    board.disc(at, radius, (0.62, 0.62, 0.64))
    board.disc(at, 0.88 * radius, (0.05, 0.05, 0.06))
    board.disc(at, 0.55 * radius, (0.09, 0.10, 0.16))
    board.disc(at, 0.30 * radius, (0.02, 0.02, 0.03))
    board.disc((at[0] - 0.25 * radius, at[1] - 0.3 * radius), 0.13 * radius, (0.65, 0.72, 0.9))


def _lighter(colour: RGB, share: float) -> RGB:
    red, green, blue = (float(value + share * (1 - value)) for value in colour)
    return red, green, blue


def _three(board: Board, ground: RGB) -> None:
    """Draw a square island with three lenses and a lamp."""
    left, top = -board.size[0] / 2 + 22, -board.size[1] / 2 + 22
    board.panel((left, top), (17.6, 17.6), 8.4, _lighter(ground, 0.25))
    board.panel((left, top), (17.0, 17.0), 8.0, _lighter(ground, 0.07))
    for at in ((-7.5, -8), (-7.5, 8), (7.5, 0)):
        _lens(board, (left + at[0], top + at[1]), 6.3)
    board.disc((left + 8.5, top - 11), 2.2, (0.95, 0.92, 0.80))


def _pill(board: Board, ground: RGB) -> None:
    """Draw two lenses above one another in an upright oval."""
    left, top = -board.size[0] / 2 + 14, -board.size[1] / 2 + 22
    board.panel((left, top), (8.6, 16.6), 8.6, (0.10, 0.10, 0.11))
    _lens(board, (left, top - 8), 6.0)
    _lens(board, (left, top + 8), 6.0)
    board.disc((left + 13, top - 9), 1.9, (0.95, 0.92, 0.80))


def _ring(board: Board, ground: RGB) -> None:
    """Draw a large round island in the middle with four lenses."""
    top = -board.size[1] / 2 + 31
    board.disc((0, top), 23, (0.70, 0.68, 0.62))
    board.disc((0, top), 22, (0.06, 0.06, 0.07))
    for at in ((-9, -9), (9, -9), (-9, 9), (9, 9)):
        _lens(board, (at[0], top + at[1]), 6.2)


def _single(board: Board, ground: RGB) -> None:
    """Draw one small lens and a lamp, as on older devices."""
    left, top = -board.size[0] / 2 + 12, -board.size[1] / 2 + 12
    _lens(board, (left, top), 4.6)
    board.disc((left + 10, top), 2.0, (0.95, 0.92, 0.80))


def _bar(board: Board, ground: RGB) -> None:
    """Draw a dark bar across with two lenses."""
    top = -board.size[1] / 2 + 25
    board.panel((0, top), (board.size[0] / 2 + 5, 9.0), 1.0, (0.08, 0.08, 0.09))
    _lens(board, (-17, top), 6.0)
    _lens(board, (-3, top), 6.0)
    board.disc((13, top), 2.0, (0.95, 0.92, 0.80))


CAMERAS: dict[str, Callable[[Board, RGB], None]] = {
    "three": _three,
    "pill": _pill,
    "ring": _ring,
    "single": _single,
    "bar": _bar,
}
"""Cameras by name; they are drawn on a board whose ground has a colour."""
