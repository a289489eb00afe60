"""Who may talk to the server: pages that it sent itself, from this machine, with the token."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost")
"""What the browser may call this machine. Any other name in ``Host`` is a foreign name that was bent to point here."""

_PUBLIC = "/static/"
_SAFE = ("GET", "HEAD")
_NO_TOKEN = "this page needs its token: open the whole address that veilspeak printed in the terminal\n"


class Guard:
    """ASGI middleware: refuses foreign hosts, foreign origins and wrong tokens, and sets the security headers.

    The token is in the query (``?token=``) of the page and of the socket, and in ``Authorization: Bearer`` of all else
    but the files under ``/static/``, which hold nothing of the user's.

    Args:
        app: What is guarded.
        token: The secret.
        port: Where the server listens.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token = app, token.encode()
        self._hosts = {f"{name}:{port}" for name in NAMES} | (set(NAMES) if port == 80 else set())
        self._origins = {f"http://{host}" for host in self._hosts}
        self._headers = security_headers(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it; lifespan events pass."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, self._with_headers(scope, send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: HTTP 403
        else:
            status, text = refusal
            response = PlainTextResponse(text, status)
            await response(scope, receive, self._with_headers(scope, send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        if headers.get("host") not in self._hosts:
            return 421, "veilspeak answers to 127.0.0.1 and localhost only\n"
        if not self._from_here(scope, headers):
            return 403, "another site asked for this: veilspeak answers its own page only\n"
        if not self._knows_token(scope, headers):
            return 403, _NO_TOKEN
        return None

    def _from_here(self, scope: Scope, headers: Headers) -> bool:
        needed = scope["type"] == "websocket" or scope["method"] not in _SAFE
        origin = headers.get("origin")
        if origin not in self._origins and (needed or origin is not None):
            return False
        return needed or headers.get("sec-fetch-site", "none") in ("none", "same-origin") or scope["path"] == "/"

    def _knows_token(self, scope: Scope, headers: Headers) -> bool:
        if scope["path"].startswith(_PUBLIC):
            return True
        if scope["type"] == "websocket" or scope["path"] == "/":
            given = parse_qs(scope["query_string"]).get(b"token", [b""])[0]
        else:
            given = headers.get("authorization", "").removeprefix("Bearer ").encode("latin-1", "replace")
        return hmac.compare_digest(given, self._token)

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        return sending


def security_headers(port: int) -> dict[str, str]:
    """Return the headers that every answer carries."""
    sockets = " ".join(f"ws://{name}:{port}" for name in NAMES)  # Safari does not count them among 'self'
    policy: dict[str, Any] = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": f"'self' {sockets}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
