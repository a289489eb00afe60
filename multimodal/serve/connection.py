"""One page's socket: what comes in is checked, what goes out waits in a bounded box."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from multimodal.errors import UsageError
from multimodal.serve.clips import Clips
from multimodal.serve.outbox import Outbox
from multimodal.serve.protocol import LARGEST_FRAME, End, Notice, ProtocolError, Quiet, Request, Start, parse
from multimodal.serve.stage import Stage
from multimodal.serve.stream import Stream

FAULTS = 20
"""After so many messages that are none, the socket is closed."""

TOO_LARGE, REFUSED = 1009, 1008


class Connection:
    """A page's socket from its opening to its end.

    Args:
        socket: Not yet accepted.
        stage: Who reads and speaks.
        clips: The uploads.
    """

    def __init__(self, socket: WebSocket, stage: Stage, clips: Clips) -> None:
        self._socket, self._stage, self._clips = socket, stage, clips
        self._outbox = Outbox(asyncio.get_running_loop())
        self._stream: Stream | None = None
        self._faults = 0

    async def serve(self) -> None:
        """Accept the socket and serve it; returns when it is closed, by whichever side."""
        await self._socket.accept()
        writer = asyncio.create_task(self._write())
        try:
            await self._read()
        finally:
            writer.cancel()
            if self._stream is not None:
                await asyncio.shield(asyncio.to_thread(self._stage.end, self._stream))  # also where this is cancelled
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await writer

    async def _write(self) -> None:
        while True:
            packet = await self._outbox.get()
            if isinstance(packet, str):
                await self._socket.send_text(packet)
            else:
                await self._socket.send_bytes(packet)

    async def _read(self) -> None:
        while self._socket.client_state is WebSocketState.CONNECTED:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            content, text = message.get("bytes"), message.get("text")
            if len(content or text or "") > LARGEST_FRAME:
                await self._close(TOO_LARGE, "too large")
                return
            if content is not None:
                self._push(content)
            elif not await self._obey(text or ""):
                await self._close(REFUSED, "too many wrong messages")
                return

    def _push(self, content: bytes) -> None:
        """Pass a frame on; before a start, and after another tab has taken over, nobody wants it."""
        if self._stream is not None:
            self._stream.push(content)

    async def _obey(self, text: str) -> bool:
        """Do what a message asks; False where the page has sent too many that are none."""
        try:
            await self._do(parse(text))
        except (ProtocolError, UsageError) as error:
            self._faults += isinstance(error, ProtocolError)
            self._outbox.put(Notice(kind="refused", message=str(error)).model_dump_json())
        return self._faults < FAULTS

    async def _do(self, request: Request) -> None:
        if isinstance(request, Start):
            await self._start(request)
        elif self._stream is not None and isinstance(request, Quiet):
            self._stage.quiet(self._stream, request.number)
        elif self._stream is not None and isinstance(request, End):
            await asyncio.to_thread(self._stage.end, self._stream)

    async def _start(self, request: Start) -> None:
        clip = self._clips.take(request.clip) if request.source == "clip" else None
        if self._stream is not None:
            await asyncio.to_thread(self._stage.end, self._stream)
        self._stream = Stream(self._outbox, clip, request.number)
        await asyncio.to_thread(self._stage.begin, self._stream)

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self._socket.close(code, reason)
