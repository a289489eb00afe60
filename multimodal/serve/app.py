"""The routes: one page, its socket, the lexicon, and a clip's upload."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from multimodal import __version__
from multimodal.errors import UsageError
from multimodal.serve.clips import Clips
from multimodal.serve.connection import Connection
from multimodal.serve.guard import Guard
from multimodal.serve.stage import Stage
from multimodal.serve.words import FieldErrors, Words

STATIC = Path(__file__).parent / "static"
LARGEST_BODY = 16_000
"""Bytes of what is sent to change a sign."""


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    sentences: dict[str, str] = Field(max_length=8)


class Server:
    """The routes' common knowledge.

    Args:
        stage: Who reads and speaks.
        words: The lexicon.
        clips: The uploads.
    """

    def __init__(self, stage: Stage, words: Words, clips: Clips) -> None:
        self._stage, self._words, self._clips = stage, words, clips

    def app(self, token: str, port: int) -> ASGIApp:
        """Return the application, guarded."""
        routes = [
            Route("/", self.page),
            Route("/state", self.state),
            Route("/lexicon", self.lexicon),
            Route("/lexicon/{gesture}", self.change, methods=["PUT"]),
            Route("/lexicon/{gesture}", self.restore, methods=["DELETE"]),
            Route("/clip", self.clip, methods=["POST"]),
            WebSocketRoute("/stream", self.stream),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
        return Guard(Starlette(routes=routes), token, port)

    async def page(self, request: Request) -> Response:
        """Send the page."""
        return FileResponse(STATIC / "index.html")

    async def state(self, request: Request) -> Response:
        """Tell version, language and voice; the page also asks this to see whether its token still holds."""
        return JSONResponse(
            {"version": __version__, "language": self._words.language, "voice": self._stage.speaker.engine}
        )

    async def lexicon(self, request: Request) -> Response:
        """Send all signs with their sentences."""
        return await self._answer(self._words.table)

    async def change(self, request: Request) -> Response:
        """Save what a sign means, and say so from the next decision on."""
        try:
            change = _Change.model_validate_json(await _body(request))
        except (ValidationError, UsageError):
            return _error("send {sentences: {affect: text}}, not longer than 16 kB", 400)
        gesture = request.path_params["gesture"]
        return await self._answer(lambda: self._words.change(gesture, change.sentences))

    async def restore(self, request: Request) -> Response:
        """Forget the user's own sentences of a sign."""
        gesture = request.path_params["gesture"]
        return await self._answer(lambda: self._words.restore(gesture))

    async def clip(self, request: Request) -> Response:
        """Store a clip and send its name; it is opened when the page starts it."""
        try:
            name = await self._clips.keep(request.headers.get("content-type", ""), _chunks(request))
        except UsageError as error:
            return _error(str(error), 422)
        except ClientDisconnect:
            return Response(status_code=400)
        return JSONResponse({"clip": name})

    async def stream(self, socket: WebSocket) -> None:
        """Serve one page's socket to its end."""
        await Connection(socket, self._stage, self._clips).serve()

    async def _answer(self, work: Callable[[], object]) -> Response:
        """Do something with the lexicon beside the loop, and send the lexicon or what was wrong."""
        try:
            await asyncio.to_thread(work)
        except FieldErrors as error:
            return JSONResponse({"error": str(error), "fields": error.fields}, 422)
        except UsageError as error:
            return _error(str(error), 422)
        self._stage.live.speak_from(self._words.lexicon)
        return JSONResponse(await asyncio.to_thread(self._words.table))


async def _body(request: Request) -> bytes:
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise UsageError("too long")
    return content


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(request.stream()) as stream:
        async for chunk in stream:
            yield chunk


def _error(message: str, status: int) -> JSONResponse:
    return JSONResponse({"error": message}, status)
