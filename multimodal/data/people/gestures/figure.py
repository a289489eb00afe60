"""A whole body whose arms can be posed: shoulder to finger tips, by linear blend skinning with the rig's weights.

World: decimetres; the person faces +z, y is up, the person's right arm is on the picture's left (-x). A hand frame has
y to the middle knuckle, z out of the palm, x to the thumb's side. The left arm is posed as the mirror of a right one.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from multimodal.data.people.body import data_folder, load_body
from multimodal.data.people.gestures.elbow import ArmRig, Reach
from multimodal.data.people.hand_bones import Bone, Fingers, Thumb, about, between, finger_bones

ARMS: tuple[str, str] = ("r", "l")
"""The person's right arm and left arm, as the mesh names them."""

_MIRROR = np.array([-1.0, 1.0, 1.0])
_PALM = ("wrist", *(f"metacarpal{k}" for k in range(1, 5)))
_BONES = (("clavicle", "shoulder01"), ("upperarm01",), ("upperarm02",), ("lowerarm01",), ("lowerarm02",), _PALM,
          *((f"finger{k}-{j}",) for k in range(1, 6) for j in range(1, 4)))  # fmt: skip
_PALM_COLUMN = 5
# Of the twist of a limb, how much each of its two bones takes: skin turns little by little.
_SHARES = {"upper": (0.45, 0.95), "fore": (0.3, 0.75)}

_FLESH = (0.5, 1.0, 1.0, 1.1, 1.4)
_SQUEEZE = 0.18


@dataclass(frozen=True)
class ArmPose:
    """How one arm is held, as if it were the right one: the left arm's is the mirror of what is meant.

    Attributes:
        reach: Where shoulder, elbow and wrist are.
        turn: Rotation from the hand frame to the world.
        fingers, thumb: The hand's shape, as in ``hands.Sign``.
        roll: How far the index turns about its length, degrees.
        thick: How much thicker the fingers are than the mesh's.
    """

    reach: Reach
    turn: Float[np.ndarray, "3 3"]
    fingers: Fingers
    thumb: Thumb
    roll: float = 0.0
    thick: float = 1.0


class Figure:
    """One person's body.

    Args:
        vertices: ``[V, 3]``, its shape, such as from ``sample_identity``.

    Attributes:
        vertices: The same.
        arms: The unposed arms by ``ARMS``; the left one is mirrored into a right one.
    """

    def __init__(self, vertices: Float[np.ndarray, "vertices 3"]) -> None:
        self.vertices = vertices.astype(np.float64)
        self.arms = {side: _arm_rig(self.vertices * (1.0 if side == "r" else _MIRROR), side) for side in ARMS}

    def posed(
        self, vertices: Float[np.ndarray, "vertices 3"], arms: dict[str, ArmPose]
    ) -> Float[np.ndarray, "vertices 3"]:
        """Return the vertices with the arms posed.

        Args:
            vertices: The body with its arms unposed; the head may be turned already.
            arms: By ``ARMS``; an arm that is not named stays as it is.
        """
        table = np.zeros((1 + len(ARMS) * len(_BONES), 3, 4))
        table[:, :, :3] = np.eye(3)
        for number, side in enumerate(ARMS):
            if side in arms:
                start = 1 + number * len(_BONES)
                table[start : start + len(_BONES)] = _matrices(self._bones(side, arms[side]), side)
        mixed = (bone_weights() @ table.reshape(len(table), 12)).reshape(-1, 3, 4)
        return np.einsum("vij,vj->vi", mixed[..., :3], vertices) + mixed[..., 3]

    def _bones(self, side: str, pose: ArmPose) -> list[Bone]:
        rig, reach = self.arms[side], pose.reach
        return [*_limb_bones(rig, reach, pose.turn), *_hand_bones(rig, reach, pose)]


@functools.lru_cache(maxsize=1)
def bone_weights() -> Float[np.ndarray, "vertices bones"]:
    """Return how much each bone holds each vertex: the rest of the body first, then 21 bones of each arm.

    Of an arm: girdle, upper arm (2), forearm (2), palm, then three for each finger, the thumb first.
    """
    path = data_folder() / "mpfb2" / "rigs" / "standard" / "weights.default.json"
    table = json.loads(path.read_text())["weights"]
    weights = np.zeros((len(load_body().vertices), 1 + len(ARMS) * len(_BONES)), np.float64)
    for number, (side, names) in enumerate((side, names) for side in ARMS for names in _BONES):
        for vertex, weight in (row for name in names for row in table[f"{name}.{side.upper()}"]):
            weights[vertex, 1 + number] += weight
    arms = weights.sum(axis=1)
    weights /= np.maximum(arms, 1.0)[:, None]
    weights[:, 0] = 1 - np.minimum(arms, 1.0)
    return weights


def hand_weight(side: str) -> Float[np.ndarray, "vertices"]:
    """Return how far each vertex belongs to a hand, from the wrist to the finger tips, 0 to 1."""
    start = 1 + ARMS.index(side) * len(_BONES) + _PALM_COLUMN
    return bone_weights()[:, start : start + 16].sum(axis=1)


def limb_weight(side: str) -> Float[np.ndarray, "vertices"]:
    """Return how far each vertex belongs to an arm, from the shoulder to the finger tips, 0 to 1."""
    start = 1 + ARMS.index(side) * len(_BONES)
    return bone_weights()[:, start + 1 : start + len(_BONES)].sum(axis=1)


def _limb_bones(rig: ArmRig, reach: Reach, turn: np.ndarray) -> list[Bone]:
    girdle = Bone(reach.girdle, rig.clavicle, rig.clavicle)
    upper0, fore0 = _unit(rig.elbow - rig.shoulder), _unit(rig.wrist - rig.elbow)
    upper, fore = _unit(reach.elbow - reach.shoulder), _unit(reach.wrist - reach.elbow)
    hinge0, hinge = _unit(np.cross(upper0, fore0)), _unit(np.cross(upper, fore) + 1e-6)
    swing = between(upper0, upper)
    full = _basis(upper, hinge) @ _basis(upper0, hinge0).T
    bent = _basis(fore, hinge) @ _basis(fore0, hinge0).T
    bones = [girdle]
    twist = _twist(full @ swing.T, upper)
    for share in _SHARES["upper"]:
        bones.append(Bone(about(tuple(upper), share * twist) @ swing, rig.shoulder, reach.shoulder))
    twist = _twist(turn @ rig.frame @ bent.T, fore)
    for share in _SHARES["fore"]:
        bones.append(Bone(about(tuple(fore), share * twist) @ bent, rig.elbow, reach.elbow))
    return bones


def _hand_bones(rig: ArmRig, reach: Reach, pose: ArmPose) -> list[Bone]:
    """Carry the fingers' bones from the hand frame to the world."""
    bones = [Bone(pose.turn @ rig.frame, rig.wrist, reach.wrist)]
    for number, bone in enumerate(finger_bones(rig.joints, pose.fingers, pose.thumb, pose.roll)):
        rotation = pose.turn @ bone.rotation @ _thickened(rig, number, pose) @ rig.frame
        bones.append(Bone(rotation, rig.wrist + rig.frame.T @ bone.origin, reach.wrist + pose.turn @ bone.target))
    return bones


def _thickened(rig: ArmRig, number: int, pose: ArmPose) -> np.ndarray:
    """Return what makes a finger's bone thicker, most where it is bent: flesh goes sideways there."""
    finger, bone = divmod(number, 3)
    along = _unit(rig.joints[finger, bone + 1] - rig.joints[finger, bone])
    bent = min(sum(pose.fingers[finger - 1][1:]) / 240, 1.0) if finger else 0.0
    factor = 1 + _FLESH[finger] * (pose.thick - 1) + _SQUEEZE * max(bent, 0.0)
    return np.asarray(factor * np.eye(3) + (1 - factor) * np.outer(along, along))


def _matrices(bones: Sequence[Bone], side: str) -> np.ndarray:
    """Return each bone as ``[3, 4]``, rotation and shift, mirrored for the left arm."""
    flip = np.ones(3) if side == "r" else _MIRROR
    table = np.zeros((len(bones), 3, 4))
    for row, bone in zip(table, bones, strict=True):
        row[:, :3] = flip[:, None] * bone.rotation * flip
        row[:, 3] = flip * (bone.target - bone.rotation @ bone.origin)
    return table


def _arm_rig(vertices: np.ndarray, side: str) -> ArmRig:
    def joint(name: str) -> np.ndarray:
        return np.asarray(vertices[load_body().groups[f"joint-{side}-{name}"]].mean(axis=0))

    joints = np.stack([[joint(f"finger-{k}-{j}") for j in range(1, 5)] for k in range(1, 6)])
    wrist = joint("hand")
    y = _unit(joints[2, 0] - wrist)
    z = _unit(np.cross(y, joints[4, 0] - joints[1, 0]))
    frame = np.stack([np.cross(y, z), y, z])
    return ArmRig(joint("clavicle"), joint("shoulder"), joint("elbow"), wrist, frame, (joints - wrist) @ frame.T)


def _twist(rotation: np.ndarray, axis: np.ndarray) -> float:
    """Return how far a rotation turns about an axis, degrees (its twist part)."""
    odd = rotation - rotation.T
    vector = np.array([odd[2, 1], odd[0, 2], odd[1, 0]])
    return float(np.degrees(2 * np.arctan2(vector @ axis, 1 + np.trace(rotation))))


def _basis(along: np.ndarray, hinge: np.ndarray) -> np.ndarray:
    return np.stack([along, hinge, np.cross(along, hinge)], axis=1)


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / np.maximum(np.linalg.norm(vector), 1e-12))
