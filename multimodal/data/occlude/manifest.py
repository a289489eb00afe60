"""``manifest.jsonl``: one line a clip, appended as clips are finished, put in order when the run ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any


class Manifest:
    """The manifest of a copy; a context manager. Lines stay on the disk, since they hold every frame's polygon.

    A line that was cut off when the machine stopped is dropped.

    Args:
        path: The file; it is made if need be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[str, int] = {}
        path.touch()
        end = self._index()
        self._file = path.open("r+b")
        self._file.truncate(end)
        self._file.seek(end)

    def __contains__(self, clip: str) -> bool:
        return clip in self._places

    def row(self, clip: str) -> dict[str, Any] | None:
        """Return the newest line of a clip, by its path; None where there is none."""
        if clip not in self._places:
            return None
        with self.path.open("rb") as file:
            return self._read(file, clip)

    def append(self, row: dict[str, Any]) -> None:
        """Write a clip's line; it is on the disk before this returns."""
        place = self._file.tell()
        self._file.write((json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n").encode())
        self._file.flush()
        self._places[row["path"]] = place

    def put_in_order(self, clips: list[str]) -> None:
        """Keep one line a clip, in this order, and no others."""
        part = self.path.with_name(f"{self.path.name}.part")
        with self.path.open("rb") as old, part.open("wb") as new:
            for clip in clips:
                if clip in self._places:
                    old.seek(self._places[clip])
                    new.write(old.readline())
        self._file.close()
        part.replace(self.path)
        self._places.clear()
        self._file = self.path.open("r+b")
        self._file.seek(self._index())

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _index(self) -> int:
        """Note where each clip's newest line begins, and return where the last whole line ends."""
        end = 0
        with self.path.open("rb") as file:
            for line in file:
                try:
                    row = json.loads(line) if line.endswith(b"\n") else None
                except ValueError:
                    row = None
                if not isinstance(row, dict) or not isinstance(row.get("path"), str):
                    break
                self._places[row["path"]] = end
                end += len(line)
        return end

    def _read(self, file: Any, clip: str) -> dict[str, Any]:
        file.seek(self._places[clip])
        row: dict[str, Any] = json.loads(file.readline())
        return row


def read_manifest(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a finished copy's ``manifest.jsonl``."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
