"""Results to files: events and frames a row at a time, each readable whenever the process dies."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import TracebackType

from multimodal.media.plain import plain
from multimodal.media.record import RunRecord
from multimodal.media.tables import Columns, CsvTable
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

__all__ = [
    "FRAME_COLUMNS",
    "READ_COLUMNS",
    "EventsSink",
    "FramesSink",
    "RunRecord",
    "VideoSink",
    "frame_cells",
]

READ_COLUMNS: Columns = {
    **{"frame": int, "t_ms": float, "success": int, "confidence": float},
    **dict.fromkeys(("yaw", "pitch", "roll", "eye_distance"), float),
    **dict.fromkeys((f"visibility_{region}" for region in REGIONS), float),
    **{"hand_gesture": str, "hand_confidence": float},
    **dict.fromkeys(("hand_x0", "hand_y0", "hand_x1", "hand_y1"), float),
    **{"affect": str, "affect_confidence": float, "decision": str, "sure": int, "source": str},
}
"""What is read in a frame, column by column: pixels, degrees, milliseconds; empty where nothing was seen."""

FRAME_COLUMNS: tuple[str, ...] = (*tuple(READ_COLUMNS)[:-1], "latency_ms", "source")
"""The columns of ``frames.csv``: those, and how long the reading took."""


class EventsSink:
    """``events.jsonl``: one JSON object a line, with ``event`` and ``t_ms`` first; flushed after each line.

    Args:
        path: The file; its folder is made if need be.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.rows = 0
        self._file = path.open("w", encoding="utf-8", newline="")

    def __enter__(self) -> EventsSink:
        return self

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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


class FramesSink:
    """``frames.csv``: one row a frame, with ``FRAME_COLUMNS``.

    Args:
        path: The file; its folder is made if need be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._table = CsvTable(path, {name: READ_COLUMNS.get(name, float) for name in FRAME_COLUMNS})

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return self._table.rows

    def __enter__(self) -> FramesSink:
        return self

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._table.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(
        self,
        frame: Frame,
        face: FaceObservation | None = None,
        gesture: GestureResult | None = None,
        expression: ExpressionResult | None = None,
        decision: Decision | None = None,
        latency_ms: float | None = None,
    ) -> None:
        """Write a frame's row; the arguments are those of ``frame_cells``, and ``latency_ms`` is wall time."""
        *read, source = frame_cells(frame, face, gesture, expression, decision)
        self._table.write([*read, _number(latency_ms, 2), source])


def frame_cells(
    frame: Frame,
    face: FaceObservation | None = None,
    gesture: GestureResult | None = None,
    expression: ExpressionResult | None = None,
    decision: Decision | None = None,
) -> list[object]:
    """Return a frame's row: the cells of ``READ_COLUMNS``, None where nothing was seen.

    Args:
        frame: The frame.
        face: The face in it; None counts as not found.
        gesture: The hands in it; the surest has the row.
        expression: The expression that was named in this very frame.
        decision: What was decided in this very frame.
    """
    hand = gesture.hands[0] if gesture and gesture.hands else None
    return [
        *(frame.index, _number(frame.t_ms, 3), *_face_cells(face), *_hand_cells(hand)),
        *(expression.affect if expression else None, _number(expression.confidence if expression else None, 4)),
        *(decision.sentence if decision else None, int(decision.sure) if decision else None),
        frame.source,
    ]


def _face_cells(face: FaceObservation | None) -> list[object]:
    if face is None or not face.success:
        return [0, _number(face.confidence if face else 0.0, 4), *[None] * (4 + len(REGIONS))]
    pose = face.pose or (None, None, None)
    seen = [None] * len(REGIONS) if face.visibility is None else [_number(float(value), 3) for value in face.visibility]
    return [
        1,
        _number(face.confidence, 4),
        *(_number(angle, 2) for angle in pose),
        _number(face.eye_distance, 2),
        *seen,
    ]


def _hand_cells(hand: Hand | None) -> list[object]:
    if hand is None:
        return [None] * 6
    return [hand.gesture, _number(hand.confidence, 4), *(_number(side, 1) for side in hand.box)]


def _number(value: float | None, digits: int) -> object:
    return None if value is None or not math.isfinite(value) else round(float(value), digits)
