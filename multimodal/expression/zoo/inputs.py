"""What the networks of the zoo take: the shape of each kind of input, and its name for people. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable

from multimodal.expression.zoo.systems import Input, SystemConfig

SHAPES: dict[Input, tuple[int, ...]] = {
    "flow": (3, 28, 28),
    "apex": (3, 112, 112),
    "frames": (3, 16, 64, 64),
    "flows": (3, 15, 28, 28),
    "onset_flow": (3, 28, 28),
    "strips": (3, 42, 42),
}
"""Of one clip, without the batch axis; see ``systems.Input``."""

WORDS: dict[Input, str] = {
    "flow": "flow map from onset to apex (u, v, strain)",
    "apex": "face at the apex (RGB)",
    "frames": "frames of the face from onset to offset (RGB)",
    "flows": "flow maps from the onset to later frames (u, v, strain)",
    "onset_flow": "for each frame the flow map from the onset to it (u, v, strain)",
    "strips": "for each frame flow of brows over mouth around it (u, v, strain)",
}
"""What each kind is, for people."""


def shapes_of(system: SystemConfig) -> dict[str, tuple[int, ...]]:
    """Return the shapes of what a system takes, by kind, in the order of its network's arguments."""
    return {kind: SHAPES[kind] for kind in system.inputs}


def in_words(kinds: Iterable[Input]) -> str:
    """Return what is taken and its shapes, such as ``face at the apex (RGB) [3, 112, 112]``."""
    return "; ".join(f"{WORDS[kind]} {list(SHAPES[kind])}" for kind in kinds)
