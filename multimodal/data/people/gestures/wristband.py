"""A watch or a band about a bare wrist."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from multimodal.data.people.gestures.figure import ArmPose, limb_weight
from multimodal.data.people.gestures.model import Body
from multimodal.data.people.gestures.props import box_at, solid, textured
from multimodal.data.people.gestures.walls import any_colour

_SIDES = 24
_NEAR = 0.12


def wristband(body: Body, side: str, pose: ArmPose, rng: np.random.Generator) -> Body:
    """Return a band that fits the wrist of a posed arm, perhaps with a watch on the hand's back.

    Args:
        body: The person's, in the world.
        side: Which arm, as ``figure.ARMS`` names it.
        pose: How that arm is held.
        rng: Gives breadth, place and colours.
    """
    flip = np.array([1.0 if side == "r" else -1.0, 1.0, 1.0])
    axes = _axes(pose) * flip[:, None]
    place = pose.reach.wrist * flip - axes[:, 0] * float(rng.uniform(0.25, 0.6))
    middle, half = _girth(body, side, place, axes)
    wide, angle = float(rng.uniform(0.06, 0.28)), np.arange(_SIDES) / _SIDES * 2 * np.pi
    ring = middle + np.cos(angle)[:, None] * axes[:, 1] * half[0] + np.sin(angle)[:, None] * axes[:, 2] * half[1]
    points = np.concatenate([ring - axes[:, 0] * wide / 2, ring + axes[:, 0] * wide / 2])
    k = np.arange(_SIDES)
    quads = np.stack([k, (k + 1) % _SIDES, (k + 1) % _SIDES + _SIDES, k + _SIDES], axis=1)
    colour = any_colour(rng)
    band = solid(points, quads[:, ::-1] if side == "r" else quads, textured(colour))
    if rng.random() < 0.5:
        return band
    back = middle - axes[:, 2] * (half[1] + 0.02)
    watch = box_at(back, axes * (1, 1, -1) if side == "r" else axes, np.array([0.17, 0.15, 0.04]))
    return joined(band, solid(*watch, textured(any_colour(rng) * 0.5)))


def joined(first: Body, second: Body) -> Body:
    """Return two bodies as one."""
    shift = len(first.vertices)
    layers = [(layer.moved_by(shift), stuff) for layer, stuff in second.layers]
    return Body(np.concatenate([first.vertices, second.vertices]), [*first.layers, *layers])


def _axes(pose: ArmPose) -> Float[np.ndarray, "3 3"]:
    """Return, as columns, the forearm's direction to the hand, across it to the thumb, and out of its inside."""
    fore = pose.reach.wrist - pose.reach.elbow
    fore /= np.linalg.norm(fore)
    across = pose.turn[:, 0] - (pose.turn[:, 0] @ fore) * fore
    across /= np.linalg.norm(across)
    return np.stack([fore, across, np.cross(across, fore)], axis=1)


def _girth(body: Body, side: str, place: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of the arm near a place, and half its breadth along the second and third axis."""
    away = (body.vertices[:, :3] - place) @ axes
    arm = (limb_weight(side) > 0.5) & (body.vertices[:, 6] >= 0)
    near = away[arm & (np.abs(away[:, 0]) < _NEAR) & (np.abs(away[:, 1:]).max(axis=1) < 0.6)][:, 1:]
    if len(near) < 6:
        near = np.array([[-0.28, -0.2], [0.28, 0.2]])
    low, high = near.min(axis=0), near.max(axis=0)
    return place + axes[:, 1:] @ ((low + high) / 2), (high - low) / 2 + 0.025
