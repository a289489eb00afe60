"""The page as a browser gets it: over a real socket, with light rooms, in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from serve.pages import TOKEN, parts

from multimodal.serve.app import Server
from multimodal.serve.clips import Clips
from multimodal.serve.run import HOST, listen, web_server
from multimodal.serve.stage import Stage
from multimodal.serve.words import Words


class Site:
    """A running site, which can be cut off and come back under the same address."""

    def __init__(self, stage: Stage, words: Words, clips: Clips) -> None:
        self.stage, self.words, self.clips = stage, words, clips
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/?token={TOKEN}"

    def begin(self) -> None:
        """Serve, at the port of before if there was one."""
        listening = listen(self.port)
        self.port = int(listening.getsockname()[1])
        self._server: uvicorn.Server = web_server(Server(self.stage, self.words, self.clips).app(TOKEN, self.port))
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="site", daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def end(self) -> None:
        """Close all sockets."""
        self._server.should_exit = True
        self._thread.join()


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Run the site; the personal lexicon lies in ``folder``."""
    with parts(folder, engine="hibari") as (stage, words, clips):
        running = Site(stage, words, clips)
        running.begin()
        yield running
        running.end()
