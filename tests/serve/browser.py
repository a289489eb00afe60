"""Debian's Chromium with a camera that plays a file; what is needed for it is asked for plainly."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--mute-audio"]
ALLOWED = ["--use-fake-ui-for-media-stream"]
DENIED = ["--deny-permission-prompts"]
PATIENCE_MS = 30_000

EARS = """
    window.loudest = 0;
    window.sounding = 0;
    const Context = window.AudioContext;
    window.AudioContext = class extends Context {
        constructor() { super(); window.context = this; }
        createBufferSource() {
            const node = super.createBufferSource();
            const start = node.start.bind(node);
            node.start = () => {
                window.sounding += 1;
                window.loudest = Math.max(...node.buffer.getChannelData(0));
                start();
            };
            node.addEventListener("ended", () => { window.sounding -= 1; });
            return node;
        }
    };
"""
"""Notes what sounds, and how loud it is."""


def chromium() -> str:
    """Return where Chromium lies, or skip."""
    found = os.environ.get("VEILSPEAK_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no chromium: apt-get install chromium, or name one in VEILSPEAK_CHROMIUM")
    return found


def axe() -> str:
    """Return the text of axe-core, or skip."""
    named = os.environ.get("VEILSPEAK_AXE")
    root = Path(__file__).resolve().parents[2]
    path = Path(named) if named else root / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        pytest.skip("no axe-core: npm install --no-save axe-core, or name an axe.min.js in VEILSPEAK_AXE")
    return path.read_text(encoding="utf-8")


@contextmanager
def browser(driver: Any, camera: Path, permission: list[str] = ALLOWED) -> Iterator[Any]:
    """Run a browser whose camera plays a Y4M file over and over; ``driver`` is the fixture of that name."""
    device = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera}"]
    running = driver.chromium.launch(executable_path=chromium(), args=[*QUIET, *permission, *device])
    try:
        yield running
    finally:
        running.close()


def until(page: Any, true: str, patience_ms: int = PATIENCE_MS) -> None:
    """Wait until an expression holds in the page. (Playwright's own way needs an eval, which the page forbids.)"""
    end = time.monotonic() + patience_ms / 1e3
    while not page.evaluate(true):
        assert time.monotonic() < end, f"not within {patience_ms} ms: {true}"
        page.wait_for_timeout(20)


def write_y4m(path: Path, frames: Iterable[np.ndarray], fps: int = 30) -> Path:
    """Write RGB frames as Y4M, 8 bits, 4:2:0: what the browser's camera can play."""
    import cv2

    with path.open("wb") as file:
        for number, image in enumerate(frames):
            height, width = image.shape[:2]
            if number == 0:
                file.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1\n".encode())
            file.write(b"FRAME\n")
            file.write(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420).tobytes())
    return path
