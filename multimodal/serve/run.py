"""``veilspeak serve``: everything is loaded, the address is printed, and the page is served until Ctrl-C."""

from __future__ import annotations

import errno
import secrets
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from multimodal.errors import UsageError, VeilspeakError
from multimodal.live import Live, load_live_config

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

HOST = "127.0.0.1"


def run_serve(port: int, config: Path | None, overrides: list[str]) -> None:
    """Serve the page on this machine alone until Ctrl-C.

    Args:
        port: 0 takes any that is free.
        config: A live config, or None for the shipped one.
        overrides: ``key=value`` strings that win over the config.

    Raises:
        UsageError: The port is in use, the config or the personal lexicon is wrong.
        MissingError: Weights or the voice are missing.
        KeyboardInterrupt: Ctrl-C.
    """
    from multimodal.serve.app import Server
    from multimodal.serve.clips import Clips
    from multimodal.serve.stage import Stage
    from multimodal.serve.words import Words, personal_path

    settings = load_live_config(config, overrides)
    fusion = settings.fusion
    words = Words(fusion.language, fusion.lexicon or personal_path(fusion.language))
    with ExitStack() as stack:
        listening = stack.enter_context(listen(port))
        _tell("loading ...")
        live = stack.enter_context(Live(settings))
        live.speak_from(words.lexicon)
        stage = Stage(live, settings.voice())
        stack.callback(stage.close)
        clips = stack.enter_context(Clips())
        token, actual = secrets.token_urlsafe(32), int(listening.getsockname()[1])
        _tell(f"open this address in a browser on this machine (Ctrl-C ends):\nhttp://{HOST}:{actual}/?token={token}")
        web_server(Server(stage, words, clips).app(token, actual)).run(sockets=[listening])


def web_server(app: ASGIApp) -> uvicorn.Server:
    """Return what serves the application: it writes no log of who asked for what, and takes no larger message."""
    import uvicorn

    from multimodal.serve.protocol import LARGEST_FRAME

    options = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws_max_size=LARGEST_FRAME + 8,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(options)


def listen(port: int) -> socket.socket:
    """Return a socket that is bound to this machine's own address.

    Raises:
        UsageError: The port is in use, or needs rights that the user lacks.
        VeilspeakError: Anything else.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
        bound.listen(16)
    except OSError as error:
        bound.close()
        raise _refusal(port, error) from error
    return bound


def _refusal(port: int, error: OSError) -> VeilspeakError:
    remedy = "choose another with --port, or 0 for any that is free"
    if error.errno == errno.EADDRINUSE:
        return UsageError(f"port {port} is in use, maybe by another veilspeak: end that, or {remedy}")
    if error.errno == errno.EACCES:
        return UsageError(f"port {port} is not allowed to you: {remedy}")
    return VeilspeakError(f"cannot listen on port {port} ({error.strerror}): {remedy}")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
