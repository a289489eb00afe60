"""``veilspeak models fetch``: files that a manifest names, over https, each checked before it gets its name.

This is the only module that uses the network.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints

from multimodal import weights
from multimodal.config import Config, read_yaml, validate
from multimodal.errors import UsageError, VeilspeakError

_CHUNK = 1 << 20
_TIMEOUT_S = 30.0

Opener = Callable[[urllib.request.Request], Any]
"""Opens a request: a response with ``read``, ``status`` and ``close``, or an ``URLError``."""


class Entry(Config):
    """A file of a manifest.

    Attributes:
        name: What it is to be called: a plain name with one of the suffixes of weights and cards.
        url: Where it is, https.
        sha256: Its hash in hex.
        bytes: Its size; nothing more is taken in.
        licence: SPDX name.
        source: Who made it.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*\.(safetensors|onnx|json)$")]
    url: Annotated[str, StringConstraints(pattern=r"^https://[^/@\s]+/\S*$")]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    bytes: int = Field(gt=0)
    licence: str = Field(min_length=1)
    source: str = Field(min_length=1)


class Manifest(Config):
    """Files to fetch."""

    files: list[Entry]


def read_manifest(path: Path) -> Manifest:
    """Read a manifest, YAML or JSON.

    Raises:
        UsageError: There is none, or a key is wrong; the message names it.
    """
    if not path.is_file():
        raise UsageError(f"no manifest {path}")
    manifest = validate(Manifest, read_yaml(path), str(path))
    names = [entry.name for entry in manifest.files]
    if len(set(names)) < len(names):
        raise UsageError(f"{path}: two files have one name")
    return manifest


def fetch(manifest: Manifest, out: Path, opener: Opener | None = None) -> dict[str, Any]:
    """Fetch what is not there yet; what was begun goes on where it was.

    Returns:
        ``files: [{name, fetched, bytes, licence, source}]`` and ``outputs``, the files.

    Raises:
        UsageError: Another file stands under a name.
        VeilspeakError: The network is away, or what came is not what the manifest describes.
    """
    _refuse_others(manifest.files, out)
    out.mkdir(parents=True, exist_ok=True)
    rows = [_fetched(entry, out, opener or _over_https()) for entry in manifest.files]
    return {"files": rows, "outputs": [str(out / entry.name) for entry in manifest.files]}


def report(summary: dict[str, Any]) -> str:
    """Return a summary as lines for a person."""
    return "\n".join(
        f"{path}: {'fetched' if row['fetched'] else 'there already'}, {row['bytes'] / 1e6:.2f} MB, {row['licence']}, "
        f"{row['source']}"
        for path, row in zip(summary["outputs"], summary["files"], strict=True)
    )


def _refuse_others(entries: Sequence[Entry], out: Path) -> None:
    for entry in entries:
        path = out / entry.name
        if path.exists() and weights.sha256(path) != entry.sha256:
            raise UsageError(f"{path} is another file than the manifest's: move it away, or name another --out")


def _fetched(entry: Entry, out: Path, opener: Opener) -> dict[str, Any]:
    path = out / entry.name
    missing = not path.exists()
    if missing:
        part = path.with_name(f"{path.name}.part")
        _download(entry, part, opener)
        _check(entry, part)
        part.replace(path)
    about = entry.model_dump(include={"name", "bytes", "licence", "source"})
    return {**about, "fetched": missing}


def _download(entry: Entry, part: Path, opener: Opener) -> None:
    """Bring a part up to the whole file."""
    had = part.stat().st_size if part.exists() else 0
    if had >= entry.bytes:
        return
    request = urllib.request.Request(entry.url, headers={"Range": f"bytes={had}-"} if had else {})
    host = urlsplit(entry.url).hostname
    try:
        response = opener(request)
        try:
            going_on = had > 0 and response.status == 206
            with part.open("ab" if going_on else "wb") as file:
                _copy(response, file, entry.bytes - (had if going_on else 0))
        finally:
            response.close()
    except urllib.error.HTTPError as error:
        raise VeilspeakError(f"{entry.name}: {host} answers {error.code} {error.reason}") from error
    except OSError as error:  # URLError is one
        reason = getattr(error, "reason", error)
        raise VeilspeakError(f"{entry.name}: {host} cannot be reached ({reason}): run it again when online") from error


def _copy(response: Any, file: IO[bytes], limit: int) -> None:
    """Copy at most one byte more than ``limit``, by which too large a file is told."""
    left = limit + 1
    while left > 0 and (chunk := response.read(min(_CHUNK, left))):
        file.write(chunk)
        left -= len(chunk)


def _check(entry: Entry, part: Path) -> None:
    size = part.stat().st_size
    if size < entry.bytes:
        raise VeilspeakError(f"{entry.name}: only {size} of {entry.bytes} bytes came: run it again to go on")
    if size > entry.bytes or weights.sha256(part) != entry.sha256:
        part.unlink()
        raise VeilspeakError(
            f"{entry.name}: what came is not the file of the manifest (size or sha256): it was deleted"
        )


class OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to any host, as release pages do, but only over https: the hash vouches for what comes."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """Refuse a redirect that leaves https."""
        if urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError(f"it redirects to {urlsplit(newurl).scheme}, not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _over_https() -> Opener:
    opener = urllib.request.build_opener(OnlyHttps())
    return lambda request: opener.open(request, timeout=_TIMEOUT_S)
