"""``veilspeak doctor``: each part works, or what to do."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from multimodal import weights
from multimodal.errors import VeilspeakError
from multimodal.offline import no_socket_probe


@dataclass(frozen=True)
class Finding:
    """One part and how it is.

    Attributes:
        part: Its name.
        ok: Whether it works.
        detail: What was found, or what to do.
        optional: Whether veilspeak does its main job without it.
    """

    part: str
    ok: bool
    detail: str
    optional: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON types."""
        return asdict(self)


LIBRARIES = ("numpy", "cv2", "av", "mediapipe", "onnxruntime", "torch", "torch_geometric")


EXTRAS = {"onnx": "export", "pyarrow": "parquet", "ultralytics": "gesture-training", "ray": "cluster"}
"""Packages that single verbs need -> the extra that brings them."""


NEEDED = ("fusion-head", "gesture-detector", "gesture-skeleton", "region-visibility", "regional-synthetic")
"""Weights that the live path reads as it is shipped."""


def examine() -> list[Finding]:
    """Check all parts; a check that fails is a finding, never an exception."""
    return [finding for check in CHECKS for finding in check()]


def report(summary: dict[str, Any]) -> str:
    """Return findings (``{"parts": [..]}``) as lines for a person."""
    lines = []
    for part in summary["parts"]:
        mark = "ok" if part["ok"] else "--" if part["optional"] else "NO"
        lines.append(f"{mark}  {part['part']:<22} {part['detail']}")
    return "\n".join(lines)


def _python() -> Iterator[Finding]:
    fits = (3, 10) <= sys.version_info[:2] <= (3, 12)
    detail = f"{platform.python_version()}, {os.cpu_count()} cores"
    yield Finding("python", fits, detail if fits else f"{detail}: install Python 3.10 to 3.12")


def _config_folder() -> Iterator[Finding]:
    """Look whether Matplotlib, which MediaPipe brings along, can keep its settings and its list of fonts.

    This comes before the libraries: where it cannot, Matplotlib names another folder as soon as it is imported.
    """
    try:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser())
        folder = Path(os.environ.get("MPLCONFIGDIR") or base / "matplotlib")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            yield Finding("config folder", True, f"{folder} can be written to", optional=True)
    except (OSError, RuntimeError) as error:
        remedy = "set MPLCONFIGDIR to a folder that can be written to, or every start makes a list of fonts anew"
        yield Finding("config folder", False, f"{error}: {remedy}", optional=True)


def _libraries() -> Iterator[Finding]:
    for name in LIBRARIES:
        try:
            with no_socket_probe():
                module = importlib.import_module(name)
        except Exception as error:  # a broken library raises whatever it likes
            yield Finding(name, False, f"{error}: reinstall with pip install --force-reinstall veilspeak")
        else:
            yield Finding(name, True, str(getattr(module, "__version__", "installed")))


def _optical_flow() -> Iterator[Finding]:
    remedy = "pip install --force-reinstall --no-deps opencv-contrib-python==4.11.0.86"
    try:
        cv2 = importlib.import_module("cv2")
    except Exception:  # told by _libraries
        return
    has = hasattr(cv2, "optflow")
    yield Finding("tv-l1 flow", has, "opencv-contrib is whole" if has else f"only DIS flow: {remedy}", optional=True)


def _solutions() -> Iterator[Finding]:
    """Look for MediaPipe's older interface, which the face mesh and the hands' points come from."""
    try:
        with no_socket_probe():
            solutions = importlib.import_module("mediapipe.python.solutions")
        has = hasattr(solutions, "face_mesh") and hasattr(solutions, "hands")
    except Exception:  # told by _libraries where all of it is broken
        has = False
    remedy = "pip install --force-reinstall --no-deps mediapipe==0.10.21"
    yield Finding("mediapipe solutions", has, "face mesh and hands are there" if has else remedy)


def _extras() -> Iterator[Finding]:
    for name, extra in EXTRAS.items():
        has = importlib.util.find_spec(name) is not None
        detail = importlib.metadata.version(name) if has else f"pip install 'veilspeak[{extra}]'"
        yield Finding(f"extra {extra}", has, detail, optional=True)


def _weights() -> Iterator[Finding]:
    for name in sorted({*weights.names(), *NEEDED}):
        try:
            path, _ = weights.find(name)
        except VeilspeakError as error:
            yield Finding(f"weights {name}", False, str(error))
        else:
            yield Finding(f"weights {name}", True, f"{path.stat().st_size / 1e6:.2f} MB, hash as in the card")


def _sample() -> Iterator[Finding]:
    from multimodal.media.sources import open_source

    try:
        with open_source("sample") as source:
            frames = sum(1 for _ in source)
    except VeilspeakError as error:
        yield Finding("sample clip", False, str(error))
    else:
        yield Finding("sample clip", frames > 0, f"{frames} frames decoded")


def _speech() -> Iterator[Finding]:
    from multimodal.speech.doctor import check

    yield from (Finding(row.part, row.ok, row.detail, row.optional) for row in check())


def _camera() -> Iterator[Finding]:
    from multimodal.media.sources import open_source

    try:
        with open_source("0") as source:
            yield Finding("camera 0", True, f"{source.width} x {source.height}", optional=True)
    except VeilspeakError as error:
        yield Finding("camera 0", False, str(error), optional=True)


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    *(_python, _config_folder, _libraries, _optical_flow, _solutions, _extras),
    *(_weights, _sample, _speech, _camera),
)
"""In the order in which they are made."""
