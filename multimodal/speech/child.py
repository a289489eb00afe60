"""The parent's end of the engine's process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import multimodal
from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import SpeechEngine
from multimodal.speech.messages import receive, send

# The process gets the parent's module path as it is and nothing else: neither the working directory nor the parent's
# main module, which a multiprocessing child would run again, can get in its way.
_BOOT = "import sys, os, json; sys.path[:] = json.loads(os.environ.pop('VEILSPEAK_PATH')); "
_BOOT += "from multimodal.speech.worker import main; main()"

Message = tuple[dict[str, Any], bytes]


class Child:
    """A running engine process.

    Args:
        engine: The engine that it loads.
        config: What the engine is told.
        play: Whether it plays what it makes.
        inform: Called from a thread with the child and each message, and with None once when it has ended.
    """

    def __init__(
        self,
        engine: type[SpeechEngine],
        config: SpeechConfig,
        play: bool,
        inform: Callable[[Child, Message | None], None],
    ) -> None:
        self._inform = inform
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="speech-messages", daemon=True)
        self._reader.start()
        setup = {"engine": engine.name, "module": engine.__module__, "play": play}
        self.send({**setup, "config": config.model_dump(mode="json")})

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def send(self, message: dict[str, Any]) -> None:
        """Send a short message; a child that is gone is told by ``inform``, not here."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            send(self._process.stdin, message)

    def end(self, patience_s: float) -> None:
        """Close its input, upon which it ends by itself; kill it where it does not."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        self._reader.join(1.0)

    def _kill(self) -> None:
        # The process leads a group of its own, in which the programs that an engine starts are too.
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            while (message := receive(answers)) is not None:
                self._inform(self, message)
        self._inform(self, None)


def _environment() -> dict[str, str]:
    here = str(Path(multimodal.__file__).resolve().parents[1])
    path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 - '' means the working directory
    return {**os.environ, "VEILSPEAK_PATH": json.dumps([*path, here]), "OMP_NUM_THREADS": "1"}
