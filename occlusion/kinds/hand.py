"""Hands before the face: rendered ones in poses that people hold, or those of the user's green-screen photos."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from occlusion.head import Head
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder
from occlusion.shapes.arm import Arm, bare, sleeve
from occlusion.shapes.complexion import grain, in_tone
from occlusion.shapes.cutout import Cutout, rendered
from occlusion.shapes.hand_photos import pick
from occlusion.shapes.outline import outline_of
from occlusion.shapes.surface import Layer, over, turned

_PALM = 1.35
"""Breadth of an adult's palm in eye distances: 85 mm in 63 mm."""

_NEARER = 1.05
"""How much larger a hand looks than the face behind it, which is farther from the camera."""

_REACH = 5.2
"""From the middle of the hand to the elbow, eye distances."""


_TURNED = 0.3
"""From this sine of the yaw on, a hand can only be at the cheek that is seen."""

_ROLL = 25.0
"""Up to this roll, degrees, a hand rolls with the head."""

_BARE = 0.3
"""How often the arm of a rendered hand is bare."""


@dataclass(frozen=True)
class _Style:
    """Where a pose rests on the face: the middle of ``left`` (landmarks; ``right`` for the other hand) and ``shift``.

    The shift is in eye distances along the head's axes, for a hand from the picture's left. ``lateral`` poses belong to
    one side of the face, and are given to the side that is seen when the head is turned.
    """

    left: tuple[int, ...]
    right: tuple[int, ...] = ()
    shift: tuple[float, float] = (0.0, 0.0)

    @property
    def lateral(self) -> bool:
        return bool(self.right)


STYLES: dict[str, _Style] = {
    "palm-over-mouth": _Style((13, 14)),
    "fingers-over-mouth": _Style((13, 14)),
    "nails-at-teeth": _Style((13, 14)),
    "knuckles-at-mouth": _Style((13, 14)),
    "finger-on-lips": _Style((13, 14)),
    "chin-on-fist": _Style((152,), shift=(0.0, -0.12)),
    "thinking": _Style((199, 152)),
    "hand-on-cheek": _Style((187, 147), (411, 376)),
    "cheek-on-fist": _Style((187, 147), (411, 376)),
    "back-across-nose": _Style((2, 4)),
    "spread-before-face": _Style((4, 195)),
    "stop": _Style((4, 0)),
    "face-in-palm": _Style((168,)),
    "pinch-nose-bridge": _Style((6, 168)),
    "eye-rub": _Style((159, 145), (386, 374)),
    "v-over-eye": _Style((159, 145), (386, 374)),
    "hand-to-brow": _Style((105, 66), (334, 296), (0.0, -0.1)),
    "fingers-at-temple": _Style((162, 127), (389, 356), (-0.05, 0.0)),
}
"""The poses by name, those of the rendered cut-outs."""


@register_occluder("hand", styles=tuple(STYLES))
def draw_hand(scene: Scene) -> Drawing:
    """Draw a hand with its arm; which hand, its tone, size, tilt and exact place, and the sleeve come from chance.

    The option ``hands`` names a folder of photos of hands before a green screen: one of them, chosen by chance, then
    takes the rendered hand's place. The style goes on to say where on the face it rests and from which side the arm
    comes, but not the shape of the hand, which the photo has; nor its colours, which it keeps.

    Raises:
        ValueError: The folder has no usable photo.
    """
    rng, head, style, hand = scene.rng, Head(scene.landmarks), STYLES[scene.style], _held(scene)
    mirror = _other_hand(head, style, rng)
    hand = hand.mirrored() if mirror else hand
    matrix = _matrix(scene, head, _place(scene, head, style, mirror), hand)
    layer = _with_arm(scene, _laid(scene, hand, matrix), _arm(scene, hand, matrix), hand)
    near = style.right if mirror and style.lateral else style.left
    return Drawing(*layer, outline_of(layer[1]), (33, 263, 61, 291, 1, 152, *near), shadow=0.3)


def _held(scene: Scene) -> Cutout:
    """Return the hand, a rendered one in a tone of chance, or a photo turned so that its arm goes the same way."""
    posed, folder = rendered(scene.style), scene.options.get("hands")
    if folder is not None:
        return pick(Path(folder), scene.rng).turned_to(posed.cutout.way)
    colour = in_tone(posed, float(scene.rng.random()), float(scene.rng.normal(0, 0.5)))
    return replace(posed.cutout, colour=colour)


def _other_hand(head: Head, style: _Style, rng: np.random.Generator) -> bool:
    """Choose the hand, the picture's right (True) or left; a turned head's far cheek cannot be reached."""
    chance, aside = bool(rng.random() < 0.5), float(head.axes[2, 0])
    return aside > 0 if style.lateral and abs(aside) > _TURNED else chance


def _place(scene: Scene, head: Head, style: _Style, mirror: bool) -> np.ndarray:
    """Return where the hand rests, (x, y) in pixels."""
    middle = scene.points(*(style.right if mirror and style.lateral else style.left)).mean(axis=0)
    shift = np.array(style.shift) * (-1 if mirror else 1, 1) + scene.rng.normal(0, 0.06, 2)
    return np.asarray(middle + scene.unit * shift @ head.axes[:2, :2])


def _matrix(scene: Scene, head: Head, place: np.ndarray, hand: Cutout) -> np.ndarray:
    """Return the way from the hand's pixels to the picture's.

    The hand rolls with the head, though less than a head that lies on its side, since its arm comes from below; of the
    head's turn and nod it takes half.
    """
    scale = _PALM * _NEARER * scene.unit / hand.palm * float(np.exp(scene.rng.normal(0, 0.05)))
    roll = float(np.degrees(np.arctan2(head.axes[0, 1], head.axes[0, 0])))
    upright = head.axes @ turned(z=roll)
    half = upright + np.eye(3)
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    lean, tip_x, tip_y = scene.rng.normal(0, (5, 7, 7))
    bend = np.clip(roll, -_ROLL, _ROLL)
    roll = bend + 0.4 * (roll - bend)
    pose = turned(z=roll) @ half.T @ turned(tip_x, tip_y, lean)
    linear = scale * pose[:2, :2]
    return np.column_stack([linear, place - linear @ hand.grip])


def _laid(scene: Scene, hand: Cutout, matrix: np.ndarray) -> Layer:
    """Lay the hand into the picture; a rendered one gets the grain of skin, which photos have."""
    colour, alpha = hand.laid(matrix, scene.shape)
    if "hands" not in scene.options:
        colour = np.clip(colour * grain(alpha > 0, scene.unit, scene.rng)[..., None], 0, 1)
    return colour, alpha


def _arm(scene: Scene, hand: Cutout, matrix: np.ndarray) -> Arm:
    """Return how the arm goes on where the cut-out ends."""
    unit, linear = scene.unit, matrix[:, :2]
    end, way = linear @ hand.end + matrix[:, 2], linear @ hand.way
    length = float(np.linalg.norm(way))
    gone = float(np.linalg.norm(linear @ (hand.end - hand.grip)))
    return Arm(end, way / length, hand.width * length, max(_REACH * unit - gone, 1.2 * unit), unit)


def _with_arm(scene: Scene, picture: Layer, arm: Arm, hand: Cutout) -> Layer:
    """Go on where the cut-out ends, bare or in a sleeve; in a sleeve always where a drawn arm would not match."""
    colour, alpha = picture
    if scene.rng.random() < _BARE and "hands" not in scene.options:
        return over((colour, alpha * _fading(scene.shape, arm)), bare(arm, scene.shape, _arm_colour(hand), scene.rng))
    cloth = sleeve(arm, scene.shape, scene.rng)
    dim = cv2.GaussianBlur(cloth[1], (0, 0), max(0.05 * arm.unit, 0.5))
    return over(cloth, (colour * (1 - 0.45 * dim[..., None]), alpha))


def _fading(shape: tuple[int, int], arm: Arm) -> np.ndarray:
    """Return how much of the hand's picture is left towards the place where it ends: 1, then less and less to 0."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    before = -((x - arm.end[0]) * arm.way[0] + (y - arm.end[1]) * arm.way[1])
    return np.asarray(np.clip(before / (0.7 * max(arm.width, 1.0)), 0, 1))


def _arm_colour(hand: Cutout) -> np.ndarray:
    """Return the usual colour of the arm near where it is cut off."""
    y, x = np.mgrid[: hand.alpha.shape[0], : hand.alpha.shape[1]]
    near = np.hypot(x - hand.end[0], y - hand.end[1]) < 0.4 * hand.width
    seen = hand.colour[near & (hand.alpha > 0.9)]
    return np.asarray(np.median(seen, axis=0))
