"""``run.json``: what was run, on what, with which versions, and how it ended."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any

from multimodal import __version__
from multimodal.config import Config
from multimodal.media.plain import plain

SCHEMA = 1
_LIBRARIES = ("av", "hibari-tts", "mediapipe", "numpy", "onnxruntime", "opencv-contrib-python", "torch")


class RunRecord:
    """Written when it begins, when it is updated and when it ends, each time as a whole.

    ``status`` is ``running``, ``done``, ``interrupted`` or ``failed``; a process that was killed leaves ``running``.

    Args:
        path: The file; its folder is made if need be.
        config: The resolved config.
        source: What is known about the source (``Source.to_dict()``), or None.
        command: The command line, by default this process's.
    """

    def __init__(
        self,
        path: Path,
        config: Config | Mapping[str, Any],
        source: Mapping[str, Any] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.content: dict[str, Any] = {
            "schema": SCHEMA,
            "status": "running",
            "started": _now(),
            "ended": None,
            "command": list(sys.argv if command is None else command),
            "versions": versions(),
            "git": revision(),
            "machine": {"system": platform.platform(), "cores": os.cpu_count()},
            "config": config.model_dump(mode="json") if isinstance(config, Config) else dict(config),
            "source": None if source is None else dict(source),
        }
        self._write()

    def update(self, **items: object) -> None:
        """Add or replace entries, such as ``frames=472`` or ``source=source.to_dict()``, and write the file."""
        self.content.update(items)
        self._write()

    def close(self, status: str = "done") -> None:
        """Say how it ended."""
        self.update(status=status, ended=_now())

    def __enter__(self) -> RunRecord:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        elif issubclass(kind, KeyboardInterrupt):
            self.close("interrupted")
        else:
            self.update(error=f"{kind.__name__}: {error}")
            self.close("failed")

    def _write(self) -> None:
        text = json.dumps(plain(self.content), indent=2, ensure_ascii=False, default=str)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(self.path)


def versions() -> dict[str, str | None]:
    """Return the versions of Python, veilspeak and the libraries that decide on results, without importing them."""
    found: dict[str, str | None] = {"veilspeak": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def revision() -> str | None:
    """Return the git revision that this code runs from, with ``-dirty`` where files differ; None outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
