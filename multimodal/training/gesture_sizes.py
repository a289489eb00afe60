"""How big and how quick detectors of hands are: parameters, multiply-adds, bytes and milliseconds, trained or not.

Arithmetic does not hang on the weights, so that a network just built tells all of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from multimodal.errors import UsageError
from multimodal.evaluation.stopwatch import median_ms, one_core, timed
from multimodal.training.gesture_detector import build_network, export_network
from multimodal.weights.measure import size_of
from multimodal.weights.onnx_file import open_session

NETWORKS = {
    "veilspeak_yolo_n": "gesture/veilspeak_yolo_n.yaml",
    "veilspeak_yolo_n_v2": "gesture/veilspeak_yolo_n_v2.yaml",
    "veilspeak_yolo_s": "gesture/veilspeak_yolo_s.yaml",
    "yolov5n": "yolov5n.yaml",
    "yolov5s": "yolov5s.yaml",
    "yolo11n": "yolo11n.yaml",
    "yolo26n": "yolo26n.yaml",
}
"""Name in the table -> YAML: ours, or one that lies inside Ultralytics (its v5 has its anchor-free head)."""

DEFAULT = ("veilspeak_yolo_n", "veilspeak_yolo_s", "yolov5n", "yolov5s", "yolo26n")
_TABLES = 640
"""Input side, pixels, at which published tables of YOLOs count."""
_ROUNDS = 40


def networks(names: Sequence[str]) -> dict[str, str]:
    """Return name -> YAML for names of ``NETWORKS``, each once, in order.

    Raises:
        UsageError: There is no such network, or none is named.
    """
    unknown = [name for name in names if name not in NETWORKS]
    if unknown or not names:
        raise UsageError(f"no network {', '.join(unknown) or 'is named'}: there are {', '.join(NETWORKS)}")
    return {name: NETWORKS[name] for name in names}


def size_row(network: Any, path: Path, image_size: int) -> dict[str, Any]:
    """Write a ``DetectionModel`` as ONNX, which alters it, and return what it takes.

    Returns:
        ``parameters`` and ``multiply_adds`` (at ``image_size``), normalisations folded in; ``gflops_640``: 2e-9 times
        the multiply-adds at 640 pixels, as tables of YOLOs have them; ``onnx_bytes``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    size = export_network(network, path, image_size)
    large = size_of(lambda: network, (3, _TABLES, _TABLES), device="cpu")  # its anchors stay there
    return {
        "parameters": size.params,
        "multiply_adds": size.flops,
        "gflops_640": round(2e-9 * large.flops, 2),
        "onnx_bytes": path.stat().st_size,
    }


def measure_sizes(names: Sequence[str], out: Path, image_size: int) -> dict[str, dict[str, Any]]:
    """Build each network untrained and return its ``size_row`` and times, by name; call ``set_offline`` first.

    Args:
        names: Of ``NETWORKS``.
        out: The ONNX files go into ``sizes`` in it.
        image_size: Side of the input, pixels.
    """
    chosen = networks(names)
    paths = {name: out / "sizes" / f"{name}.onnx" for name in chosen}
    rows = {name: size_row(build_network(yaml), paths[name], image_size) for name, yaml in chosen.items()}
    times = median_times(paths, image_size)
    return {name: {"image_size": image_size, **row, **times[name]} for name, row in rows.items()}


def median_times(paths: Mapping[str, Path], image_size: int, rounds: int = _ROUNDS) -> dict[str, dict[str, float]]:
    """Return the median ``ms`` and ``cpu_ms`` of each network through ONNX Runtime on one thread, by name.

    They run in turns, so that what else the machine does falls on all alike; ``cpu_ms``, the processor's time, it
    leaves alone. Fitting the picture in and decoding are the same for all and not counted.
    """
    planes = np.random.default_rng(0).random((1, 3, image_size, image_size), np.float32)
    with one_core():
        sessions = {name: open_session(path) for name, path in paths.items()}
        laps: dict[str, list[tuple[float, float]]] = {name: [] for name in paths}
        for _ in range(rounds):
            for name, session in sessions.items():
                laps[name].append(_lap(session, planes))
    pairs = {name: tuple(zip(*kept, strict=True)) for name, kept in laps.items()}
    return {name: {"ms": median_ms(clock), "cpu_ms": median_ms(cpu)} for name, (clock, cpu) in pairs.items()}


def _lap(session: Any, planes: Float[np.ndarray, "1 3 size size"]) -> tuple[float, float]:
    """Return the milliseconds of one run: of the clock, and of the processor."""
    begin = time.process_time()
    clock, _ = timed(lambda: session.run(None, {"images": planes}))
    return clock, 1000 * (time.process_time() - begin)
