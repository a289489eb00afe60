"""Results to files: events and frames a row at a time, each readable whenever the process dies."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from multimodal.media.plain import plain
from multimodal.media.record import RunRecord
from multimodal.media.video import VideoSink
from multimodal.results import (
    REGIONS,
    Decision,
    ExpressionResult,
    FaceObservation,
    Frame,
    GestureResult,
    Hand,
)

__all__ = ["FRAME_COLUMNS", "EventsSink", "FramesSink", "RunRecord", "VideoSink"]

FRAME_COLUMNS: tuple[str, ...] = (
    *("frame", "t_ms", "success", "confidence", "yaw", "pitch", "roll", "eye_distance"),
    *(f"visibility_{region}" for region in REGIONS),
    *("hand_gesture", "hand_confidence", "hand_x0", "hand_y0", "hand_x1", "hand_y1"),
    *("affect", "affect_confidence", "decision", "sure", "latency_ms", "source"),
)
"""The columns of ``frames.csv``: pixels, degrees, milliseconds; empty where nothing was seen."""


class _LinesSink:
    """A text file that is flushed after each line."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.rows = 0
        self._file = path.open("w", encoding="utf-8", newline="")

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EventsSink(_LinesSink):
    """``events.jsonl``: one JSON object a line, with ``event`` and ``t_ms`` first.

    Args:
        path: The file; its folder is made if need be.
    """

    def __enter__(self) -> EventsSink:
        return self

    def write(self, event: str, t_ms: float, **fields: object) -> None:
        """Write an event.

        Args:
            event: Its name, such as ``decision`` or ``face_lost``.
            t_ms: When it happened, in the source's time.
            fields: What else is known: result types, arrays, plain values.
        """
        row = {"event": event, "t_ms": round(float(t_ms), 3), **{key: plain(value) for key, value in fields.items()}}
        self._file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()
        self.rows += 1


class FramesSink(_LinesSink):
    """``frames.csv``: one row a frame, with ``FRAME_COLUMNS``.

    Args:
        path: The file; its folder is made if need be.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._write(FRAME_COLUMNS)
        self.rows = 0

    def __enter__(self) -> FramesSink:
        return self

    def write(
        self,
        frame: Frame,
        face: FaceObservation | None = None,
        gesture: GestureResult | None = None,
        expression: ExpressionResult | None = None,
        decision: Decision | None = None,
        latency_ms: float | None = None,
    ) -> None:
        """Write a frame's row.

        Args:
            frame: The frame.
            face: The face in it; None counts as not found.
            gesture: The hands in it; the surest has the row.
            expression: The expression that was named in this very frame.
            decision: What was decided in this very frame.
            latency_ms: From having the frame to knowing all this, wall time.
        """
        hand = gesture.hands[0] if gesture and gesture.hands else None
        self._write(
            [
                *(frame.index, _number(frame.t_ms, 3), *_face_cells(face), *_hand_cells(hand)),
                *(expression.affect if expression else "", _number(expression.confidence if expression else None, 4)),
                *(decision.sentence or "" if decision else "", int(decision.sure) if decision else ""),
                *(_number(latency_ms, 2), frame.source),
            ]
        )

    def _write(self, cells: Sequence[object]) -> None:
        self._writer.writerow(cells)
        self._file.flush()
        self.rows += 1


def _face_cells(face: FaceObservation | None) -> list[object]:
    if face is None or not face.success:
        return [0, _number(face.confidence if face else 0.0, 4), "", "", "", "", *[""] * len(REGIONS)]
    pose = face.pose or (None, None, None)
    seen = [""] * len(REGIONS) if face.visibility is None else [_number(float(value), 3) for value in face.visibility]
    return [
        1,
        _number(face.confidence, 4),
        *(_number(angle, 2) for angle in pose),
        _number(face.eye_distance, 2),
        *seen,
    ]


def _hand_cells(hand: Hand | None) -> list[object]:
    if hand is None:
        return [""] * 6
    return [hand.gesture, _number(hand.confidence, 4), *(_number(side, 1) for side in hand.box)]


def _number(value: float | None, digits: int) -> object:
    return "" if value is None or not math.isfinite(value) else round(float(value), digits)
