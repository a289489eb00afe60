"""The folder of the copy: whether it may be written to, and throwing an earlier copy away."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

from multimodal.data.occlude.layouts import OURS
from multimodal.data.occlude.writer import PARTS
from multimodal.errors import UsageError, VeilspeakError


def open_target(out: Path, mark: str, overwrite: bool) -> None:
    """Make the folder ready.

    Going on with a run of the same settings is always allowed. With ``overwrite`` the files of an earlier copy are
    removed, those that its manifest lists; other files are never touched.

    Args:
        out: The folder.
        mark: The settings' hash.
        overwrite: Whether an earlier copy may go.

    Raises:
        UsageError: There is something else in it.
        VeilspeakError: It cannot be made.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file: name a folder for the copy")
    if out.is_dir() and any(out.iterdir()):
        known = _mark_of(out)
        if overwrite:
            _clear(out)
        elif known is None:
            raise UsageError(f"{out} exists and is not empty: choose another folder, or add --overwrite")
        elif known != mark:
            raise UsageError(f"{out} holds a copy with other settings: choose another folder, or add --overwrite")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VeilspeakError(f"cannot make the folder {out} ({error.strerror}): choose another one") from error
    shutil.rmtree(out / PARTS, ignore_errors=True)


def _mark_of(out: Path) -> str | None:
    """Return the settings' hash of the copy that is there, or None where there is no copy."""
    try:
        content = json.loads((out / "occlude.json").read_text(encoding="utf-8"))
        return str(content["config"]["mark"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _clear(out: Path) -> None:
    with suppress(OSError), (out / "manifest.jsonl").open(encoding="utf-8") as file:
        for line in file:
            with suppress(ValueError, KeyError, TypeError):
                for name in json.loads(line)["files"]:
                    _remove(out, str(name))
    for name in OURS:
        (out / name).unlink(missing_ok=True)


def _remove(out: Path, name: str) -> None:
    """Remove a file of the copy and the folders that it leaves empty; nothing outside is touched."""
    path = out / name
    if out.resolve() not in path.resolve().parents:
        return
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == out:
            return
        with suppress(OSError):
            folder.rmdir()
