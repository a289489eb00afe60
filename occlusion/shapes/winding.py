"""Cloth wound round a neck: folds that overlap, bulge and crease, each a curved sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from occlusion.head import Head
from occlusion.shapes.cloth import Cloth, creases, printed, threads
from occlusion.shapes.neck import Neck, seen_angles
from occlusion.shapes.surface import Sheet, Skin
from occlusion.shapes.texture import noise
from occlusion.shapes.weave import Field

_COLUMNS, _ROWS = 97, 49
_ROUND = 1.2
"""Eye distances along a fold per radian round the neck, in front."""
_SUNK = 0.25
"""How much deeper a fold lies where another hides it, eye distances."""


@dataclass(frozen=True)
class Fold:
    """One winding; lengths in eye distances.

    Attributes:
        top: Heights of its upper rim in front, at the sides and behind; y down from the eyes.
        bottom: The same of its lower rim.
        off: How far out it lies.
        slant: How much lower than the middle its right side lies.
        peak: How narrow the front is, for the upper and the lower rim: 2 wide, 4 a peak; 0 a point.
        gather: Heights between which creases grow from faint to full.
        span: Middle and half the width of the part that there is, radians; None: all the way round.
        fringe: Which share of it is threads at the lower end.
    """

    top: tuple[float, float, float]
    bottom: tuple[float, float, float]
    off: float = 0.0
    slant: float = 0.0
    peak: tuple[float, float] = (3.0, 2.0)
    gather: tuple[float, float] = (-1.0, 0.0)
    span: tuple[float, float] | None = None
    fringe: float = 0.0


@dataclass(frozen=True)
class _Laid:
    """A fold as chance has laid it: where its columns and rims are, its creases, and down to where another hides it."""

    fold: Fold
    angle: np.ndarray
    top: np.ndarray
    bottom: np.ndarray
    crease: Field
    hidden: np.ndarray

    def height(self, t: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
        """Return heights at shares t of the way from rim to rim; rows lie closely at the rims, which bend most."""
        return np.asarray(top + (bottom - top) * (t - 0.75 * np.sin(2 * np.pi * t) / (2 * np.pi)))

    def waves(self, angle: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return how far out creases stand."""
        low, high = self.fold.gather
        return np.asarray((0.3 + 0.7 * np.clip((y - low) / (high - low), 0, 1)) * self.crease(_ROUND * angle, y))


def wind(head: Head, neck: Neck, folds: Sequence[Fold], cloth: Cloth, rng: np.random.Generator) -> list[Sheet]:
    """Return the sheets of folds, in pixels of the picture; each fold lies before the next."""
    sheets: list[Sheet] = []
    front: _Laid | None = None
    for fold in folds:
        laid = _laid(head, fold, cloth, front, rng)
        skin, fringe = _skin(laid, cloth, rng), threads(fold.fringe, rng)
        sheets.append(Sheet(head.place(_points(neck, laid, cloth)), skin, cloth.gloss, shaded=0.65, cut=fringe))
        front = laid if fold.span is None else front
    return sheets


def _laid(head: Head, fold: Fold, cloth: Cloth, front: _Laid | None, rng: np.random.Generator) -> _Laid:
    angle = seen_angles(head, _COLUMNS)
    if fold.span is not None:
        angle = fold.span[0] + np.linspace(-fold.span[1], fold.span[1], _COLUMNS)
    waver, lean = noise(rng, 1.1, 0.025), fold.slant * np.sin(angle)
    top = _rim(angle, fold.top, fold.peak[0]) + lean + waver(angle, 0 * angle)
    bottom = _rim(angle, fold.bottom, fold.peak[1]) + lean + 1.5 * waver(angle, 0 * angle + 1)
    hidden = np.full(_COLUMNS, -9.0) if front is None else np.interp(angle, front.angle, front.bottom)
    return _Laid(fold, angle, top, np.maximum(bottom, top + 0.05), creases(cloth, rng), hidden)


def _rim(angle: np.ndarray, at: tuple[float, float, float], peak: float) -> np.ndarray:
    """Return heights of a rim that goes through three, in front, at the sides and behind."""
    ahead, behind = np.clip(np.cos(angle), 0, 1), np.clip(-np.cos(angle), 0, 1)
    pointed = np.clip(1.05 - np.hypot(np.sin(angle), 0.05), 0, 1) * (ahead > 0)
    front = ahead**peak if peak else pointed
    return np.asarray(at[1] + (at[0] - at[1]) * front + (at[2] - at[1]) * behind**2)


def _points(neck: Neck, laid: _Laid, cloth: Cloth) -> np.ndarray:
    """Return a fold's grid in the head's coordinates."""
    t = np.linspace(0, 1, _ROWS)[:, None]
    y = laid.height(t, laid.top, laid.bottom)
    angle = np.broadcast_to(laid.angle, y.shape)
    # Rims roll in, so that a fold looks round.
    bulge = np.sqrt(np.clip(1 - np.abs(2 * laid.height(t, np.zeros(1), np.ones(1)) - 1) ** 3, 0, 1))
    waves = laid.waves(angle.ravel(), y.ravel()).reshape(y.shape)
    # What another fold hides lies deeper, lest it come through.
    sunk = _SUNK * np.clip((laid.hidden - y) / _SUNK, 0, 1)
    return neck.around(angle, y, laid.fold.off + (cloth.thick + waves) * bulge - sunk)


def _skin(laid: _Laid, cloth: Cloth, rng: np.random.Generator) -> Skin:
    """Return printed cloth, darker in its hollows, at its rims and right below the fold that lies before it."""
    colour, gain = printed(cloth, rng), float(rng.uniform(0.94, 1.06))
    ends, columns = np.linspace(0, 1, len(laid.angle)), (laid.angle, laid.top, laid.bottom, laid.hidden)

    def skin(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        angle, top, bottom, hidden = (np.interp(s, ends, column) for column in columns)
        y = laid.height(t, top, bottom)
        hollow = 0.22 * np.clip(-laid.waves(angle, y) / cloth.crease[0], 0, 2)
        rims = 0.25 * np.exp(-(y - top) / 0.05) + 0.3 * np.exp((y - bottom) / 0.07)
        under = 0.5 * np.exp(-np.clip(y - hidden, 0, 9) / 0.13)
        return colour(_ROUND * angle, y) * (gain * (1 - hollow) * (1 - rims) * (1 - under))[:, None]

    return skin
