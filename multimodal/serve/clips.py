"""Uploaded clips: one at a time, of a known type, in a temporary folder that goes with the server."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

from multimodal.errors import UsageError

LARGEST = 300_000_000
"""Bytes of a clip."""

TYPES = {
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "video/x-msvideo": ".avi",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
}
"""Media types that are taken, each with the ending of its file."""


class Clips:
    """Keeps the newest clip until it is read, replaced, or the server ends; a context manager.

    A clip's name is never used: it gets a random one here, by which the page asks for it.

    Args:
        largest: Bytes of a clip.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self.largest = largest
        self._folder = tempfile.TemporaryDirectory(prefix="veilspeak-clip-")
        self._busy = False
        self._held: tuple[str, Path] | None = None

    async def keep(self, media_type: str, chunks: AsyncIterator[bytes]) -> str:
        """Store a clip as it comes in and return its random name.

        Raises:
            UsageError: Its type is not taken, it is empty or too large, or another one is being uploaded.
        """
        ending = TYPES.get(media_type.partition(";")[0].strip().lower())
        if ending is None:
            known = ", ".join(sorted({end[1:] for end in TYPES.values()}))
            raise UsageError(f"clips of this type are not taken: choose one of {known}")
        if self._busy:
            raise UsageError("another clip is being uploaded: wait until it is here")
        self._busy = True
        name = secrets.token_urlsafe(16)
        path = Path(self._folder.name) / f"clip-{secrets.token_hex(8)}{ending}"
        try:
            await self._store(path, chunks)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            self._busy = False
        self.drop()
        self._held = (name, path)
        return name

    def take(self, name: str | None) -> Path:
        """Return the file of a clip; whoever takes it removes it.

        Raises:
            UsageError: There is no such clip, or it was taken before.
        """
        if self._held is None or name is None or not secrets.compare_digest(name.encode(), self._held[0].encode()):
            raise UsageError("this clip is not here any more: choose it again")
        _, path = self._held
        self._held = None
        return path

    def drop(self) -> None:
        """Remove the clip that nobody took, if there is one."""
        if self._held is not None:
            self._held[1].unlink(missing_ok=True)
            self._held = None

    def __enter__(self) -> Clips:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._folder.cleanup()

    async def _store(self, path: Path, chunks: AsyncIterator[bytes]) -> None:
        size = 0
        with path.open("wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > self.largest:
                    raise UsageError(f"the clip has more than {self.largest // 1_000_000} MB: cut it, or use a camera")
                file.write(chunk)
        if not size:
            raise UsageError("the clip is empty: choose another file")
