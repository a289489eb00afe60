"""What the page draws of a step."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from multimodal.live import Step
from multimodal.serve.protocol import HandSeen, Seen

_LARGEST_SHOWN = 960
"""Longer side of a clip's pictures on the page, pixels; they are read at their own size."""


def seen_of(step: Step, dropped: int) -> Seen:
    """Return what the page draws of a step."""
    from multimodal.face.regions import region_polygons

    height, width = step.frame.image.shape[:2]
    found = step.face.landmarks
    outlines = [] if found is None else [np.nan_to_num(points).round(1) for points in region_polygons(found)]
    return Seen(
        index=step.frame.index,
        t_ms=round(step.frame.t_ms, 3),
        width=int(width),
        height=int(height),
        face=step.face.success,
        regions=[[(float(x), float(y)) for x, y in points] for points in outlines],
        visibility=_numbers(step.face.visibility),
        attention=_numbers(None if step.expression is None else step.expression.attention),
        hands=[
            HandSeen(box=_box(hand.box), gesture=hand.gesture, confidence=round(float(hand.confidence), 4))
            for hand in step.gesture.hands
        ],
        latency_ms=round(step.latency_ms, 2),
        dropped=dropped,
    )


def jpeg_of(image: UInt8[np.ndarray, "height width 3"]) -> bytes:
    """Return an RGB picture as JPEG, its longer side at most 960 pixels."""
    import cv2

    scale = min(1.0, _LARGEST_SHOWN / max(image.shape[:2]))
    small = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    done, content = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return content.tobytes() if done else b""


def _numbers(values: np.ndarray | None) -> list[float]:
    return [] if values is None else [round(float(value), 3) for value in values]


def _box(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (round(float(side), 1) for side in box)
    return left, top, right, bottom
