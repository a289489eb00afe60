"""One rendered photo: a person in a room, hands that show something, a camera, and where the hands are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.data.people.gestures.camera import photograph
from multimodal.data.people.gestures.clothes import Outfit, sample_outfit
from multimodal.data.people.gestures.draw import FINE, Drawn, draw
from multimodal.data.people.gestures.frame import (
    BoxPixels,
    Framing,
    box_of,
    cut,
    frame,
    hand_vertices,
    sample_framing,
    seen_mask,
    whole_area,
)
from multimodal.data.people.gestures.hand_texture import Adornment, sample_adornment
from multimodal.data.people.gestures.hold import Held, keep_at_rest, show
from multimodal.data.people.gestures.lamps import Mood, sample_mood
from multimodal.data.people.gestures.model import Body, Model
from multimodal.data.people.gestures.props import held_thing
from multimodal.data.people.gestures.signs import SPECS
from multimodal.data.people.gestures.veil import Veil, sample_veil, wall_shadow
from multimodal.data.people.gestures.wristband import wristband
from multimodal.data.people.hand_bones import about
from multimodal.data.people.person import Pose
from multimodal.data.people.render import Camera
from multimodal.data.people.units import UNITS

MakeRoom = Callable[[np.random.Generator, int], Float[np.ndarray, "size size 3"]]

_TRIES = 8
_LEAST_SEEN = 0.5
_HARDLY = 0.03
_GLOVES, _WATCHES = 0.06, 0.3


@dataclass(frozen=True)
class Hand:
    """One labelled hand.

    Attributes:
        sign: Its name, ``no_gesture`` for a hand at rest.
        side: The person's, as it is seen: ``left`` or ``right``.
        box: In the picture, cut to it.
        visible: Which share of it is seen.
        held: How it is held.
    """

    sign: str
    side: str
    box: BoxPixels
    visible: float
    held: Held


@dataclass(frozen=True)
class Shot:
    """A photo.

    Attributes:
        image: RGB.
        mask: Where a labelled hand is seen, 0 to 1.
        hands: What is labelled, the hand that the photo is about first.
        mood, outfit, worn: Light and dress.
    """

    image: UInt8[np.ndarray, "size size 3"]
    mask: Float[np.ndarray, "size size"]
    hands: tuple[Hand, ...]
    mood: Mood
    outfit: Outfit
    worn: Adornment


@dataclass
class _Scene:
    """A person who holds both hands somehow, framed and drawn."""

    arms: dict[str, Held]
    camera: Camera
    bodies: list[Body]
    drawn: Drawn
    veil: Veil | None
    hands: list[Hand] = field(default_factory=list)


def take(model: Model, sign: str | None, size: int, rng: np.random.Generator, make_room: MakeRoom) -> Shot:
    """Take a photo.

    Args:
        model: Who is on it.
        sign: What the hand shows that it is about; None for a person none of whose hands is seen.
        size: Side of the picture, pixels.
        rng: Where chance comes from.
        make_room: Gives the room behind.
    """
    outfit, mood = sample_outfit(rng), sample_mood(rng)
    worn = sample_adornment(rng, bool(rng.random() < _GLOVES))
    scene = _scene(model, sign, size, rng, outfit, worn, mood)
    room = make_room(rng, size) * np.array(mood.room, np.float32)
    room = wall_shadow(room, scene.drawn.alpha, mood, rng)
    light = scene.drawn.light + room * (1 - scene.drawn.alpha[..., None])
    if scene.veil is not None:
        light = light + scene.veil.alpha[..., None] * (scene.veil.light - light)
    image, mask = photograph(light.astype(np.float32), mood.aim, rng), _mask(scene, size)
    if rng.random() < 0.5:
        image, mask = np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(mask[:, ::-1])
        scene.hands = [_mirrored(hand, size) for hand in scene.hands]
    return Shot(image, mask, tuple(scene.hands), mood, outfit, worn)


def _scene(
    model: Model, sign: str | None, size: int, rng: np.random.Generator, outfit: Outfit, worn: Adornment, mood: Mood
) -> _Scene:
    """Draw scenes until the hand can be told: more than half of it is seen."""
    for attempt in range(_TRIES):
        scene = _try(model, sign, size, rng, outfit, worn, mood, last=attempt == _TRIES - 1)
        if _good(scene, sign):
            break
    scene.hands = [hand for hand in scene.hands if hand.visible >= _HARDLY]
    return scene


def _good(scene: _Scene, sign: str | None) -> bool:
    """Return whether what is labelled can be told, and no other hand is half seen."""
    if sign is None:
        return all(hand.visible < _HARDLY for hand in scene.hands)
    hands = {hand.side: hand for hand in scene.hands}
    shown = hands.pop("right", None)
    if shown is None or shown.visible < _LEAST_SEEN:
        return False
    return not any(_HARDLY < hand.visible < (0.4 if hand.sign == "no_gesture" else 0.6) for hand in hands.values())


def _try(
    model: Model, sign: str | None, size: int, rng: np.random.Generator, outfit: Outfit, worn: Adornment, mood: Mood,
    last: bool,
) -> _Scene:  # fmt: skip
    view = _view(rng)
    pose = _head(rng, view, masked=bool(rng.random() < 0.06) and sign != "mute")
    mouth = model.person.surface(pose)[model.person.landmarks()["lip_upper"]].astype(np.float64)
    arms = _arms(model, sign, view, mouth, rng, last)
    bodies = model.posed(pose, {side: held.pose for side, held in arms.items()}, outfit, worn)
    bodies += [_thing(held, side, rng) for side, held in arms.items() if held.holds]
    if outfit.sleeve != "long" and worn.glove is None and rng.random() < _WATCHES:
        side = str(rng.choice(list(arms)))
        bodies.append(wristband(bodies[0], side, arms[side].pose, rng))
    framing = sample_framing(rng)
    if last:
        framing = Framing(0.5, (0.5, 0.5), framing.distance)
    centre = bodies[0].vertices[hand_vertices("r"), :3].astype(np.float64) if sign else _face(mouth, rng)
    camera, target = frame(centre, view, framing, size)
    bodies = [body.moved(view.T, -view.T @ target) for body in bodies]
    drawn = draw(bodies, camera, mood.lighting, bodies[0].vertices[hand_vertices("r"), :3].mean(axis=0), mood.soft)
    box = cut(box_of(bodies[0], "r", camera), size)
    veil = sample_veil(rng, size, box) if sign and not last and rng.random() < 0.04 else None
    scene = _Scene(arms, camera, bodies, drawn, veil)
    scene.hands = [hand for side in arms if (hand := _hand(scene, side, size)) is not None]
    return scene


def _arms(
    model: Model, sign: str | None, view: np.ndarray, mouth: np.ndarray, rng: np.random.Generator, last: bool
) -> dict[str, Held]:
    """Hold the right hand as the photo wants it, the other somehow: at rest, or showing a sign too."""
    thick, rigs = float(np.clip(rng.normal(1.12, 0.06), 1.0, 1.3)), model.figure.arms
    mirror = np.diag([-1.0, 1.0, 1.0])
    arms = {}
    if sign is not None and sign in SPECS:
        arms["r"] = show(sign, rigs["r"], view, mouth, thick, rng)
    else:
        arms["r"] = keep_at_rest(rigs["r"], mouth, thick, rng, "hanging" if sign is None else "")
    if sign is not None and sign in SPECS and sign != "mute" and rng.random() < 0.08 and not last:
        second = sign if rng.random() < 0.5 else str(rng.choice([name for name in SPECS if name != "mute"]))
        arms["l"] = show(second, rigs["l"], mirror @ view @ mirror, mouth, thick, rng)
    else:
        quiet = last or sign is None or rng.random() < 0.5
        arms["l"] = keep_at_rest(rigs["l"], mouth, thick, rng, "hanging" if quiet else "")
    return arms


def _hand(scene: _Scene, side: str, size: int) -> Hand | None:
    """Return one hand as it is seen, or None where nothing of it is."""
    box = cut(box_of(scene.bodies[0], side, scene.camera), size)
    mask = seen_mask(scene.drawn, scene.bodies[0], side)
    open_ = 1.0 if scene.veil is None else 1 - cv2.resize(scene.veil.alpha, mask.shape[::-1])
    visible = float((mask * open_).sum()) / max(whole_area(scene.bodies[0], side, scene.camera), 1.0)
    if min(box[2] - box[0], box[3] - box[1]) < 1 or visible < 0.01:
        return None
    held = scene.arms[side]
    sign = held.style if held.style in SPECS else "no_gesture"
    return Hand(sign, "right" if side == "r" else "left", box, min(visible, 1.0), held)


def _mask(scene: _Scene, size: int) -> np.ndarray:
    fine = np.zeros((size * FINE, size * FINE), np.float32)
    for hand in scene.hands:
        fine = np.maximum(fine, seen_mask(scene.drawn, scene.bodies[0], hand.side[0]))
    return cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA)


def _mirrored(hand: Hand, size: int) -> Hand:
    x0, y0, x1, y1 = hand.box
    side = "left" if hand.side == "right" else "right"
    return replace(hand, box=(size - x1, y0, size - x0, y1), side=side)


def _view(rng: np.random.Generator) -> np.ndarray:
    """Draw from where the camera looks: rotation from its axes to the world."""
    yaw, pitch, roll = (np.clip(rng.normal(0, 1, 3), -2.2, 2.2) * (17, 9, 4) + (0, -2, 0)).tolist()
    return about((0, 1, 0), yaw) @ about((1, 0, 0), pitch) @ about((0, 0, 1), roll)


def _head(rng: np.random.Generator, view: np.ndarray, masked: bool) -> Pose:
    """Draw how the head is held: mostly to the camera, the face a little moved."""
    yaw = float(np.degrees(np.arctan2(view[0, 2], view[2, 2]))) * float(rng.uniform(0.2, 1.0))
    turn = (yaw + float(rng.normal(0, 8)), float(rng.normal(2, 6)), float(rng.normal(0, 5)))
    units: dict[tuple[int, str], float] = {}
    for unit in rng.choice(UNITS, int(rng.integers(0, 4)), replace=False).tolist():
        level = float(rng.uniform(0.1, 0.8))
        units |= {(unit, "left"): level, (unit, "right"): level}
    gaze = (float(rng.normal(0, 8)), float(rng.normal(0, 5)))
    return Pose(units=units, gaze=gaze, turn=turn, mask=0.0 if masked else None)


def _thing(held: Held, side: str, rng: np.random.Generator) -> Body:
    body = held_thing(held.holds, held.pose.reach.wrist, held.pose.turn, rng)
    return body if side == "r" else body.mirrored()


def _face(mouth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what a photo without hands is about: the head, or the shoulders."""
    return np.asarray(mouth + rng.normal(0, 0.5, 3) + np.array([[-0.9, -0.9, -0.5], [0.9, 0.9, 0.5]]))
