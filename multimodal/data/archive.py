"""Unpacking archives of data sets, so that nothing is written outside the folder that the caller names.

Refused are ways out of the folder (``..``, absolute paths, drive letters), links, devices, names that meet twice,
encrypted
files, and bombs: archives that unpack to far more than they say, than they could or than fits the disk.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from multimodal.errors import DecodeError, MissingError, UsageError

Opened = zipfile.ZipFile | tarfile.TarFile

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
"""Endings of the files that are taken for archives."""

_BLOCK = 1 << 20

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError)


@dataclass(frozen=True)
class Limits:
    """What an archive may grow to.

    Attributes:
        ratio: How many times its own size; pictures and text stay far below.
        free_bytes: That many never count as a bomb, whatever the ratio.
        members: Files and folders in it.
        reserve: Bytes of the disk that are left alone.
    """

    ratio: float = 200.0
    free_bytes: int = 100_000_000
    members: int = 5_000_000
    reserve: int = 500_000_000


@dataclass(frozen=True)
class _Member:
    """A file or folder of an archive; ``size`` is what the archive says."""

    name: str
    folder: bool
    size: int
    handle: zipfile.ZipInfo | tarfile.TarInfo


def is_archive(path: Path) -> bool:
    """Tell by its name whether a file is an archive."""
    return path.name.lower().endswith(SUFFIXES)


def extract(path: Path, cache: Path, limits: Limits | None = None) -> Path:
    """Unpack an archive into a folder of its own under ``cache``, or find it there from before.

    Args:
        path: A zip or tar file.
        cache: Where unpacked archives are kept; made if need be.
        limits: What it may grow to.

    Returns:
        The folder; it is there whole or not at all.

    Raises:
        MissingError: There is no such file.
        DecodeError: It is damaged, encrypted, or no archive.
        UsageError: It holds something that is refused; the member is named.
    """
    if not path.is_file():
        raise MissingError(f"no archive {path}: check the path")
    target = cache / _folder_name(path)
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=cache))
    try:
        _unpack(path, part, limits or Limits())
        part.chmod(0o755)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _folder_name(path: Path) -> str:
    """Return a name that another, or a changed, archive does not have."""
    status = path.stat()
    mark = f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
    stem = next(path.name[: -len(end)] for end in SUFFIXES if path.name.lower().endswith(end))
    return f"{stem}-{hashlib.sha256(mark.encode()).hexdigest()[:12]}"


def _unpack(path: Path, folder: Path, limits: Limits) -> None:
    with _opened(path) as archive:
        budget = _Budget(path, folder, limits)
        members = _checked(path, _members(archive), budget, limits)
        for member in members:
            target = folder / PurePosixPath(member.name)
            (target if member.folder else target.parent).mkdir(parents=True, exist_ok=True)
            if not member.folder:
                with _content(archive, member) as content, target.open("xb") as file:
                    budget.copy(content, file, member)


@contextmanager
def _opened(path: Path) -> Iterator[Opened]:
    """Open an archive; whatever its reader finds wrong becomes one error."""
    try:
        with zipfile.ZipFile(path) if path.name.lower().endswith(".zip") else tarfile.open(path) as archive:
            yield archive
    except (*_DAMAGE, NotImplementedError, RuntimeError, ValueError) as error:
        raise _undecodable(path, error) from error
    except OSError as error:
        if error.errno is not None:  # the disk's own
            raise
        raise _undecodable(path, error) from error


def _undecodable(path: Path, error: Exception) -> DecodeError:
    why = " ".join(str(error).split())
    return DecodeError(f"{path.name} cannot be unpacked ({why}): fetch it anew, or unpack it by hand")


def _members(archive: Opened) -> Iterator[_Member]:
    if isinstance(archive, zipfile.ZipFile):
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise UsageError(f"{info.filename!r} is a link or a device: refused")
            yield _Member(info.filename, info.is_dir(), info.file_size, info)
    else:
        for member in archive:
            if not (member.isreg() or member.isdir()):
                raise UsageError(f"{member.name!r} is a link or a device: refused")
            yield _Member(member.name, member.isdir(), member.size, member)


def _checked(path: Path, members: Iterator[_Member], budget: _Budget, limits: Limits) -> list[_Member]:
    """Return all members, once each of them has been found harmless."""
    taken: dict[PurePosixPath, bool] = {}
    kept = []
    try:
        for member in members:
            budget.plan(member)
            name = _safe_name(member.name)
            _claim(taken, PurePosixPath(name.casefold()), member)
            kept += [] if name == "." else [_Member(name, member.folder, member.size, member.handle)]
            if len(kept) > limits.members:
                raise UsageError(f"over {limits.members} members: refused as a bomb")
    except UsageError as error:
        raise UsageError(f"{path.name}: {error}; nothing was unpacked") from None
    return kept


def _claim(taken: dict[PurePosixPath, bool], name: PurePosixPath, member: _Member) -> None:
    """Note that a name, and the folders above it, are taken; true stands for a folder."""
    twice = name in taken and not (member.folder and taken[name])
    if twice or any(not taken.setdefault(above, True) for above in name.parents):
        raise UsageError(f"{member.name!r} stands there twice: refused")
    taken[name] = member.folder


def _safe_name(name: str) -> str:
    """Return a member's name; refuse one that may lead out of the folder, here or on another system."""
    plain = PurePosixPath(name)
    outside = plain.is_absolute() or ".." in plain.parts or ".." in name.split("\\")
    if outside or name.startswith("\\") or name[1:2] == ":" or "\0" in name or not name:
        raise UsageError(f"{name!r} leads out of the folder: refused")
    return plain.as_posix()


@contextmanager
def _content(archive: Opened, member: _Member) -> Iterator[io.BufferedIOBase]:
    opened: object = None
    if isinstance(archive, zipfile.ZipFile) and isinstance(member.handle, zipfile.ZipInfo):
        opened = archive.open(member.handle)
    elif isinstance(archive, tarfile.TarFile) and isinstance(member.handle, tarfile.TarInfo):
        opened = archive.extractfile(member.handle)
    assert isinstance(opened, io.BufferedIOBase)
    with opened:
        yield opened


class _Budget:
    """Counts what an archive says it holds, and what is really written."""

    def __init__(self, path: Path, folder: Path, limits: Limits) -> None:
        self._own = max(path.stat().st_size, 1)
        self._most = max(int(self._own * limits.ratio), limits.free_bytes)
        self._room = shutil.disk_usage(folder).free - limits.reserve
        self._said = self._written = 0

    def plan(self, member: _Member) -> None:
        """Add a member that is to be written."""
        self._said += member.size
        if self._said > self._most:
            times = self._said / self._own
            raise UsageError(f"it unpacks to over {self._said} bytes, {times:.0f} times its size: refused as a bomb")
        if self._said > self._room:
            raise UsageError(
                f"it unpacks to over {self._said} bytes, and {max(self._room, 0)} are free: clear the disk"
            )

    def copy(self, source: io.BufferedIOBase, target: io.BufferedIOBase, member: _Member) -> None:
        """Copy one file, no further than its size and the whole allow."""
        left = member.size
        while block := source.read(_BLOCK):
            left -= len(block)
            self._written += len(block)
            if left < 0 or self._written > self._most:
                raise UsageError(f"{member.name!r} unpacks to more than it says: refused as a bomb")
            target.write(block)
        if left:
            raise EOFError(f"{member.name!r} ends too early")
