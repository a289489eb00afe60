"""What the face itself hides of things beside and behind it, such as the far arm of spectacles on a turned head."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from occlusion.head import Head

_ROUND = (
    *(127, 162, 34, 139, 156, 143, 35, 226, 116, 117, 70, 105, 55, 168),
    *(356, 389, 264, 368, 383, 372, 265, 446, 345, 346, 300, 334, 285),
)
"""Landmarks round the face at the height of the eyes, from ear to ear."""


def hidden_by_face(
    head: Head, points: Float[np.ndarray, "points 3"], slack: float = 0.03
) -> Bool[np.ndarray, "points"]:
    """Return which points lie behind the face as the camera sees it.

    At the height of the eyes the face is taken for a wall between its two outermost places, upright as the head is:
    what lies on the skin is before it, however rough its depth, and what has gone round the far cheek is behind it.

    Args:
        head: The head.
        points: In the head's coordinates.
        slack: By so much, in eye distances, a point may lie behind the wall and still be seen.
    """
    toward = -head.axes[[0, 2], 2]
    toward = toward / max(float(np.linalg.norm(toward)), 1e-6)
    frame = np.stack([toward[::-1] * (-1, 1), toward], axis=1)
    section = head.points[list(_ROUND)][:, [0, 2]] @ frame
    across, along = (points[:, [0, 2]] @ frame).T
    ends = section[[int(np.argmin(section[:, 0])), int(np.argmax(section[:, 0]))]]
    inside = (across > ends[0, 0]) & (across < ends[1, 0])
    return np.asarray(inside & (along < np.interp(across, ends[:, 0], ends[:, 1]) - slack))
