"""Occluder kinds by name. Adding a kind is one file with one decorated function."""

from __future__ import annotations

from collections.abc import Callable

from occlusion.occluder import Drawing, Scene

Drawer = Callable[[Scene], Drawing]
"""Draws a kind of occluder for a face; all chance comes from ``scene.rng``."""

_DRAWERS: dict[str, Drawer] = {}


def register_occluder(kind: str) -> Callable[[Drawer], Drawer]:
    """Return a decorator that enters a drawing function under ``kind``.

    Raises:
        ValueError: The kind is taken.
    """

    def enter(drawer: Drawer) -> Drawer:
        if kind in _DRAWERS:
            raise ValueError(f"occluder kind {kind!r} is registered twice")
        _DRAWERS[kind] = drawer
        return drawer

    return enter


def drawer_of(kind: str) -> Drawer:
    """Return the drawing function of a kind.

    Raises:
        ValueError: There is no such kind; the message lists those that there are.
    """
    if kind not in _DRAWERS:
        raise ValueError(f"unknown occluder kind {kind!r}: choose one of {', '.join(kinds())}")
    return _DRAWERS[kind]


def kinds() -> list[str]:
    """Return the registered kinds, sorted."""
    return sorted(_DRAWERS)
