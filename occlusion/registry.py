"""Kinds of occluders and degradations by name, each with its styles.

Adding one is one file in ``occlusion/kinds/`` with one function; one elsewhere is entered by importing it.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from occlusion.occluder import Drawing, Scene

Drawer = Callable[[Scene], Drawing]
"""Draws a kind of occluder for a face, in the style ``scene.style``; all chance comes from ``scene.rng``."""

Change = Callable[[np.ndarray, np.ndarray | None], np.ndarray]
"""Turns a frame (RGB ``uint8 [height, width, 3]``) and its landmarks (``[468, 3]``, pixels, or None where no face was
found) into a worse frame."""

Spoiler = Callable[[Scene], Change]
"""Draws a kind of degradation: what it returns is applied to every frame of the clip, in order."""

_T = TypeVar("_T", Drawer, Spoiler)


@dataclass(frozen=True)
class Entry:
    """A kind.

    Attributes:
        kind: Its name.
        styles: Names of its styles.
        draw: Its function.
        degrades: Whether it worsens the whole picture rather than hiding part of it.
    """

    kind: str
    styles: tuple[str, ...]
    draw: Callable[[Scene], Drawing | Change]
    degrades: bool


_ENTRIES: dict[str, Entry] = {}


def register_occluder(kind: str, styles: Sequence[str]) -> Callable[[Drawer], Drawer]:
    """Return a decorator that enters a drawing function under ``kind``.

    Args:
        kind: A name without spaces.
        styles: Names of what the function can draw, told by ``scene.style``.

    Raises:
        ValueError: The kind is taken, or has no styles.
    """
    return _enter(kind, styles, degrades=False)


def register_degradation(kind: str, styles: Sequence[str]) -> Callable[[Spoiler], Spoiler]:
    """Return a decorator that enters a function that worsens the whole picture; see ``register_occluder``."""
    return _enter(kind, styles, degrades=True)


def entry_of(kind: str) -> Entry:
    """Return what is known of a kind.

    Raises:
        ValueError: There is no such kind; the message lists those that there are.
    """
    _discover()
    if kind not in _ENTRIES:
        raise ValueError(f"unknown occluder kind {kind!r}: choose one of {', '.join(kinds())}")
    return _ENTRIES[kind]


def kinds() -> list[str]:
    """Return the registered kinds, sorted."""
    _discover()
    return sorted(_ENTRIES)


def styles(kind: str) -> tuple[str, ...]:
    """Return the styles of a kind.

    Raises:
        ValueError: There is no such kind.
    """
    return entry_of(kind).styles


@functools.lru_cache(maxsize=1)
def _discover() -> None:
    """Import every module of ``occlusion/kinds/``: each enters what it draws."""
    folder = importlib.import_module("occlusion.kinds")
    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"occlusion.kinds.{module.name}")


def _enter(kind: str, styles: Sequence[str], degrades: bool) -> Callable[[_T], _T]:
    if kind in _ENTRIES:
        raise ValueError(f"occluder kind {kind!r} is registered twice")
    if not styles or len(set(styles)) < len(styles):
        raise ValueError(f"occluder kind {kind!r} needs styles, each once")

    def enter(function: _T) -> _T:
        _ENTRIES[kind] = Entry(kind, tuple(styles), function, degrades)
        return function

    return enter
