"""The ledger: figures as rows of a CSV, each with what is needed to get it again."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from multimodal.media.record import revision, versions

COLUMNS = ("date", "figure", "value", "command", "revision", "config", "data", "seed", "threads", "versions")

_PACKAGES = ("multimodal", "occlusion")


def record(
    path: Path,
    figures: Mapping[str, Any],
    *,
    data: Path | None = None,
    config: Mapping[str, Any] | None = None,
    seed: int | None = None,
    command: Sequence[str] | None = None,
) -> int:
    """Append a row for every number in ``figures``.

    Args:
        path: The CSV; it is made with its header if need be.
        figures: Numbers by name, in groups of any depth; a number's row is named by its path, ``latency_ms.frame_p50``.
            Items of a list are named by their ``occlusion``, ``part``, ``unit``, ``method`` or place.
        data: The file or folder that they were measured on; its hash is kept, not its path.
        config: The resolved config; its hash is kept.
        seed: Of the run.
        command: By default this process's command line.

    Returns:
        The number of rows.
    """
    rows = list(_flatten(figures))
    shared = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(tidy(sys.argv if command is None else command)),
        "revision": revision(),
        "config": "" if config is None else _sha(json.dumps(config, sort_keys=True, default=str).encode())[:16],
        "data": "" if data is None else hash_of(data)[:16],
        "seed": "" if seed is None else seed,
        "threads": os.environ.get("OMP_NUM_THREADS", "1"),
        "versions": " ".join(f"{name}={version}" for name, version in versions().items() if version),
    }
    fresh = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerows({**shared, "figure": name, "value": value} for name, value in rows)
    return len(rows)


def hash_of(data: Path) -> str:
    """Return a hash of a file, or over the names and contents of a folder's files, or of those that fit a pattern."""
    if data.is_file():
        return _sha(data.read_bytes())
    base, pattern = (data, "**/*") if data.is_dir() else (data.parent, data.name)
    total = hashlib.sha256()
    for path in sorted(path for path in base.glob(pattern) if path.is_file()):
        total.update(f"{path.relative_to(base).as_posix()}\0{_sha(path.read_bytes())}\n".encode())
    return total.hexdigest()


def _flatten(value: Any, name: str = "") -> list[tuple[str, float | int]]:
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        items = [(_label(item, place), item) for place, item in enumerate(value)]
    else:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return [(name, value)] if number else []
    return [row for key, item in items for row in _flatten(item, f"{name}.{key}" if name else key)]


def _label(item: Any, place: int) -> str:
    if isinstance(item, Mapping):
        named = (item.get(key) for key in ("occlusion", "part", "unit", "method"))
        return str(next(filter(None, named), place))
    return str(place)


def tidy(command: Sequence[str]) -> list[str]:
    """Return a command with the program by its name: where it lies on this machine helps nobody.

    A module of ours that was run by itself is named as ``python -m``, everything else is ``veilspeak``.
    """
    if list(command[1:2]) == ["-m"]:
        return ["python", *command[1:]]
    program = Path(command[0])
    parts = program.parent.parts
    rooms = [place for place, part in enumerate(parts) if part in _PACKAGES]
    if not rooms or program.suffix != ".py" or program.stem == "cli":
        return ["veilspeak", *command[1:]]
    return ["python", "-m", ".".join([*parts[rooms[-1] :], program.stem]), *command[1:]]


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
