"""A page without a browser: the application with light rooms, and what a page sends and gets."""

from __future__ import annotations

import io
import json
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from light_rooms import LightHands, LightLive, light_config
from PIL import Image
from starlette.testclient import TestClient, WebSocketTestSession

from multimodal.live import Live
from multimodal.results import GESTURES
from multimodal.serve.app import Server
from multimodal.serve.clips import Clips
from multimodal.serve.stage import Stage
from multimodal.serve.words import Words

PORT = 8477
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"
TOKEN = "the-secret"
STEP_MS = 1000 / 30
_SHADE = 12
"""Signs are this many grey levels apart, more than JPEG blurs."""


class ShadeHands(LightHands):
    """Reads the sign off the shade of the whole picture; 0 is none."""

    def sign(self, image: np.ndarray) -> int:
        return round(float(image.mean()) / _SHADE) - 1


class PageLive(LightLive):
    """``LightLive`` whose signs survive a JPEG."""

    def _build(self, stack: ExitStack) -> None:
        super()._build(stack)
        self._gestures = ShadeHands()  # type: ignore[assignment]


class Served:
    """A running application and its parts."""

    def __init__(self, client: TestClient, stage: Stage, words: Words, clips: Clips) -> None:
        self.client, self.stage, self.words, self.clips = client, stage, words, clips

    def connect(self, token: str = TOKEN, origin: str | None = ORIGIN, host: str = HOST) -> WebSocketTestSession:
        headers = {"host": host} | ({"origin": origin} if origin else {})
        return self.client.websocket_connect(f"ws://{HOST}/stream?token={token}", headers=headers)

    def ask(self, method: str, path: str, **options: Any) -> Any:
        headers = {"authorization": f"Bearer {TOKEN}", "origin": ORIGIN} | options.pop("headers", {})
        return self.client.request(method, path, headers=headers, **options)


@contextmanager
def parts(
    folder: Path, live: Live | None = None, engine: str = "null", largest: int = 1_000_000
) -> Iterator[tuple[Stage, Words, Clips]]:
    """Make what the application needs; the personal lexicon lies in ``folder``."""
    with ExitStack() as stack:
        config = light_config(f'speech.engine="{engine}"')
        live = stack.enter_context(live or PageLive(config))
        stage = Stage(live, config.voice())
        stack.callback(stage.close)
        yield stage, Words("en", folder / "own" / "lexicon-en.yaml"), stack.enter_context(Clips(largest))


@contextmanager
def served(folder: Path, live: Live | None = None, **options: Any) -> Iterator[Served]:
    """Run the application without a socket."""
    with parts(folder, live, **options) as (stage, words, clips):
        app = Server(stage, words, clips).app(TOKEN, PORT)
        with TestClient(app, base_url=ORIGIN) as client:
            yield Served(client, stage, words, clips)


def shade(sign: str | None) -> int:
    """Return the grey that stands for a sign, or for none."""
    return 0 if sign is None else _SHADE * (GESTURES.index(sign) + 1)


def jpeg(sign: str | None = None, size: tuple[int, int] = (64, 48)) -> bytes:
    """Return a JPEG in which a sign is shown, or none."""
    content = io.BytesIO()
    Image.new("RGB", size, (shade(sign),) * 3).save(content, "JPEG", quality=95)
    return content.getvalue()


def frame(t_ms: float, content: bytes) -> bytes:
    """Return a frame's message."""
    return struct.pack("<d", t_ms) + content


def start(socket: WebSocketTestSession, source: str = "camera", **rest: Any) -> None:
    """Begin a stream."""
    socket.send_text(json.dumps({"type": "start", "source": source, **rest}))


def heard(socket: WebSocketTestSession) -> tuple[dict[str, Any], bytes]:
    """Return the next message: its header, and what follows it."""
    message = socket.receive()
    if message["type"] == "websocket.close":
        return {"type": "close", "code": message["code"]}, b""
    if message.get("text") is not None:
        return json.loads(message["text"]), b""
    content = message["bytes"]
    (length,) = struct.unpack_from("<I", content)
    return json.loads(content[4 : 4 + length]), content[4 + length :]


def until(socket: WebSocketTestSession, kind: str) -> tuple[dict[str, Any], bytes]:
    """Return the next message of a type; a socket that closes before it came fails the test."""
    while True:
        header, payload = heard(socket)
        if header["type"] == kind:
            return header, payload
        assert header["type"] != "close", f"closed with {header}"


def soon(true: Callable[[], bool]) -> None:
    """Wait until something holds; what does not within ten seconds fails the test."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "not within ten seconds"
        time.sleep(0.02)


def show(socket: WebSocketTestSession, sign: str | None, frames: int, begin_ms: float = 0.0) -> list[dict[str, Any]]:
    """Send frames of a sign, each after the last one's answer, and return all that was told meanwhile."""
    content, told = jpeg(sign), []
    for number in range(frames):
        socket.send_bytes(frame(begin_ms + number * STEP_MS, content))
        while True:
            header, _ = heard(socket)
            told.append(header)
            if header["type"] == "step":
                break
    return told
