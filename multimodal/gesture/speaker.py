"""Whose hand counts where several are in the picture: the nearest person speaks, with the hand nearest to the face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from multimodal.fusion.vote import REST
from multimodal.gesture.boxes import iou
from multimodal.results import FaceObservation, Hand

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels."""

STAY = 1.4
"""Another hand takes over only if it is so many times nearer, or larger, than the one that is followed."""

SURE = 0.6
"""A hand must be so sure, as a share of the surest one's confidence, to come before others."""

_SAME = 0.1
_FACE = 2.0
"""A face from brows to chin is about so many eye distances high."""


def choose(hands: Sequence[Hand], face: FaceObservation | None, followed: Box | None) -> tuple[Hand, ...]:
    """Return the speaker's hands, the one that counts first.

    A hand that is nearer to another face, each distance in units of that face, is somebody else's and left out. Signs
    come before resting hands and sure ones before unsure ones, then the nearest to the speaker's face counts. Where no
    face is known, the largest hand does.

    Args:
        hands: Those of one frame.
        face: The speaker's face, with ``others``; None or without success: nobody's is known.
        followed: Box of the hand that counted in the last frame; see ``STAY``.
    """
    speaker = face if face is not None and face.success else None
    mine = [hand for hand in hands if speaker is None or not _somebody_elses(hand, speaker)]
    if len(mine) < 2:
        return tuple(mine)
    surest = max(hand.confidence for hand in mine)

    def rank(hand: Hand) -> tuple[bool, bool, float]:
        far = 1 / max(_side(hand.box), 1e-6) if speaker is None else _distance(hand.box, *_place(speaker))
        same = followed is not None and _overlap(hand.box, followed) > _SAME
        return hand.gesture == REST, hand.confidence < SURE * surest, far / STAY if same else far

    return tuple(sorted(mine, key=rank))


def painted_over(
    image: UInt8[np.ndarray, "height width 3"], boxes: Sequence[Box]
) -> UInt8[np.ndarray, "height width 3"]:
    """Return the picture with boxes painted grey, so that what is in them is not found; without boxes, itself."""
    if not boxes:
        return image
    painted = image.copy()
    for x0, y0, x1, y1 in boxes:
        painted[max(int(y0), 0) : max(int(y1) + 1, 0), max(int(x0), 0) : max(int(x1) + 1, 0)] = 127
    return painted


def _somebody_elses(hand: Hand, speaker: FaceObservation) -> bool:
    mine = _distance(hand.box, *_place(speaker))
    for other in speaker.others:
        # The detector takes some hands for faces: a face where the hand is, is none.
        middle = ((other[0] + other[2]) / 2, (other[1] + other[3]) / 2)
        if _overlap(hand.box, other) <= _SAME and _distance(hand.box, middle, _side(other)) < mine:
            return True
    return False


def _place(face: FaceObservation) -> tuple[tuple[float, float], float]:
    """Return the middle of a face and its height, pixels."""
    assert face.landmarks is not None
    assert face.eye_distance is not None
    x, y = face.landmarks[:, :2].mean(axis=0)
    return (float(x), float(y)), _FACE * face.eye_distance


def _distance(box: Box, place: tuple[float, float], unit: float) -> float:
    x, y = (box[0] + box[2]) / 2 - place[0], (box[1] + box[3]) / 2 - place[1]
    return float(np.hypot(x, y)) / max(unit, 1e-6)


def _side(box: Box) -> float:
    return max(box[2] - box[0], box[3] - box[1])


def _overlap(one: Box, other: Box) -> float:
    return float(iou(np.array([one], np.float64), np.array([other], np.float64))[0, 0])
