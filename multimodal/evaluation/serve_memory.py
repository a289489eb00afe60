"""Whether streaming to ``veilspeak serve`` keeps its memory flat.

python -m multimodal.evaluation.serve_memory [--minutes N] [--set KEY=VALUE ...] [--record CSV]

The server runs in a process of its own, as for a user; the packaged sample is sent to it over and over in its own time,
as a page sends its camera. What the process holds is read off ``/proc``, so this needs Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from multimodal.errors import VeilspeakError
from multimodal.evaluation.ledger import record
from multimodal.live import load_live_config
from multimodal.media.sources import open_source

FPS = 30.0
WARM = 0.1
"""Share of the time after which memory counts as it should stay."""
MOST_GROWTH = 0.05
_READINGS = 60


def resident_mb(pid: int) -> float:
    """Return what a process holds in memory, millions of bytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise VeilspeakError(f"process {pid} has ended")


def sample_jpegs(quality: int = 92) -> list[bytes]:
    """Return the sample's frames as the page would send them."""
    from PIL import Image

    with open_source("sample") as source:
        return [_packed(Image.fromarray(frame.image), quality) for frame in source]


def stream(address: str, pid: int, frames: Sequence[bytes], minutes: float, fps: float = FPS) -> dict[str, Any]:
    """Send frames to a page's address in their own time and watch the server's memory.

    Args:
        address: With its token.
        pid: The server's process.
        frames: JPEGs, which are sent over and over.
        minutes: How long.
        fps: Frames a second.

    Returns:
        ``minutes``, ``sent``, ``read`` (frames that were answered), ``captions``, ``sounds``, ``resident_mb`` (after
        the warm-up: ``first``, ``last``, ``most``), ``growth`` (last over first, less 1) and whether it is ``flat``.
    """
    counts = {"sent": 0, "read": 0, "captions": 0, "sounds": 0}
    readings: list[float] = []
    begin, seconds = time.monotonic(), 60 * minutes
    with _opened(address) as socket:
        socket.send(json.dumps({"type": "start", "source": "camera"}))
        for jpeg in cycle(frames):
            since = time.monotonic() - begin
            if since >= seconds:
                break
            socket.send(struct.pack("<d", 1e3 * since) + jpeg)
            counts["sent"] += 1
            _take(socket, begin + counts["sent"] / fps, counts)
            if since >= seconds * (WARM + len(readings) * (1 - WARM) / _READINGS):
                readings.append(resident_mb(pid))
    return {"minutes": minutes, **counts, **judged(readings)}


def judged(readings: Sequence[float]) -> dict[str, Any]:
    """Return what was held after the warm-up, MB, how much it grew, and whether that is flat."""
    first, last = readings[0], readings[-1]
    growth = last / first - 1
    held = {"first": round(first, 1), "last": round(last, 1), "most": round(max(readings), 1)}
    return {"resident_mb": held, "growth": round(growth, 4), "flat": growth <= MOST_GROWTH}


def measure(minutes: float, overrides: Sequence[str]) -> dict[str, Any]:
    """Start ``veilspeak serve``, stream the sample to it, and end it; returns what ``stream`` does."""
    options = [word for override in overrides for word in ("--set", override)]
    words = [sys.executable, "-m", "cli", "serve", "--port", "0", *options]
    running = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        assert running.stderr is not None
        address = next((line.strip() for line in running.stderr if line.startswith("http://")), None)
        if address is None:
            raise VeilspeakError("veilspeak serve does not start: start it by itself to see why")
        return stream(address, running.pid, sample_jpegs(), minutes)
    finally:
        running.terminate()
        running.wait()


def _packed(picture: Any, quality: int) -> bytes:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=quality)
    return content.getvalue()


@contextlib.contextmanager
def _opened(address: str) -> Iterator[Any]:
    from websockets.sync.client import connect

    parts = urlsplit(address)
    origin: Any = f"http://{parts.netloc}"
    with connect(f"ws://{parts.netloc}/stream?{parts.query}", origin=origin, compression=None, max_size=None) as socket:
        yield socket


def _take(socket: Any, until: float, counts: dict[str, int]) -> None:
    """Take what the server says until it is time for the next frame."""
    while (left := until - time.monotonic()) > 0:
        try:
            message = socket.recv(left)
        except TimeoutError:
            return
        told = {"type": "speech"} if isinstance(message, bytes) else json.loads(message)
        name = {"step": "read", "caption": "captions", "speech": "sounds"}.get(told["type"])
        if name:
            counts[name] += 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and if wanted enter the figures into a ledger."""
    parser = argparse.ArgumentParser(description="Stream to veilspeak serve and watch its memory.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE of the live config")
    parser.add_argument("--record", type=Path)
    given = parser.parse_args(arguments)
    figures = measure(given.minutes, given.set)
    print(json.dumps(figures, indent=2))
    if given.record:
        command = ["python", "-m", "multimodal.evaluation.serve_memory", "--minutes", str(given.minutes)]
        config = load_live_config(None, given.set).model_dump(mode="json")
        record(given.record, {"serve_memory": figures}, config=config, command=command)


if __name__ == "__main__":
    main()
