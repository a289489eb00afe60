"""Over real sockets: what does harm is refused, and the stream beside it goes on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from serve.pages import TOKEN, frame, jpeg
from serve.site import Site, site
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(120)]


CUT_OFF = 1006
"""What a client sees that still sends while the server has closed."""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as running:
        yield running


def opened(here: Site, token: str = TOKEN, **options: Any) -> ClientConnection:
    own = {"origin": f"http://127.0.0.1:{here.port}", "max_size": None, "compression": None}
    return connect(f"ws://127.0.0.1:{here.port}/stream?token={token}", **(own | options))


@contextmanager
def stream_beside(here: Site) -> Iterator[None]:
    """Run a stream beside what is done meanwhile; it must go on after that with its next frame."""
    with opened(here) as good:
        good.send(json.dumps({"type": "start", "source": "camera"}))
        assert step(good, 0.0)["index"] == 0
        yield
        assert step(good, 100.0)["index"] == 1


def step(socket: ClientConnection, t_ms: float) -> dict[str, Any]:
    socket.send(frame(t_ms, jpeg("ok")))
    while (told := json.loads(socket.recv(20)))["type"] != "step":
        pass
    return told


@pytest.mark.parametrize(
    "wrong",
    [{"token": "wrong"}, {"token": ""}, {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": None}],
)
def test_who_does_not_belong_here_gets_no_socket(here: Site, wrong: dict[str, Any]) -> None:
    with stream_beside(here), pytest.raises(InvalidStatus, match="403"):
        opened(here, **wrong)


def test_a_frame_of_50_mb_closes_its_own_socket(here: Site) -> None:
    with stream_beside(here), opened(here) as bad:
        assert close_code(bad, [bytes(50_000_000)]) in (1009, CUT_OFF)


def test_ten_thousand_messages_of_garbage_close_their_own_socket(here: Site) -> None:
    with stream_beside(here), opened(here) as bad:
        assert close_code(bad, [f"garbage {number}" for number in range(10_000)]) in (1008, CUT_OFF)


def test_no_file_outside_the_uploads_is_read(here: Site, tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"secret")
    with stream_beside(here), opened(here) as bad:
        for name in (str(secret), f"../{secret.name}", "/etc/passwd"):
            bad.send(json.dumps({"type": "start", "source": "clip", "clip": name[:64]}))
            told = json.loads(bad.recv(20))
            assert (told["type"], told["kind"]) == ("notice", "refused")
    assert secret.exists()


def close_code(socket: ClientConnection, messages: list[str | bytes]) -> int | None:
    """Send messages and return with which code the server closes the socket; one that it does not close fails."""
    with contextlib.suppress(ConnectionClosed):
        for message in messages:
            socket.send(message)
        while True:
            socket.recv(20)
    return socket.close_code
