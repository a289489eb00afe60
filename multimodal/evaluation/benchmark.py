"""``veilspeak benchmark``: one table of what every part takes, on this machine, beside a stock detector."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from multimodal import weights
from multimodal.errors import MissingError, UsageError
from multimodal.evaluation.live_speed import measure_live
from multimodal.evaluation.stopwatch import one_core, timed
from multimodal.live import LiveConfig
from multimodal.media.sources import open_source
from multimodal.results import Frame
from multimodal.weights.architectures import architecture_of
from multimodal.weights.onnx_file import open_session

REPEATS = 60
FRAMES = 180
_WARM = 3
_FIRST = 30
"""Of the sample, from where its person shows a sign."""
_LIVE = {
    "face": "live: face and visibility",
    "motion": "live: flow",
    "expression": "live: expression",
    "hands: detector": "live: hand detector",
    "hands: skeleton": "live: hand skeleton",
    "decide": "live: fusion and decision",
    "draw": "live: drawing",
}
_PEER = "yolov5n"

Work = Callable[[], object]


def run_benchmark(config: LiveConfig, *, repeats: int = REPEATS, frames: int = FRAMES) -> dict[str, Any]:
    """Time every part alone on one core, then the live path with all of them over the sample.

    Args:
        config: The live path's.
        repeats: How often each part is timed; they run in turns, so that other work on the machine falls on all alike.
        frames: Of the sample, in the live path; more than 15, in which models warm up.

    Returns:
        ``rows: [{name, median_ms, p95_ms, params, threads}]``, ``params`` None where it is no network of ours or a
        peer's; ``left_out: [{name, why}]``; ``cores``.

    Raises:
        UsageError: There are fewer frames than it takes.
        MissingError: Weights are missing.
    """
    if repeats < 1:
        raise UsageError(f"--repeats {repeats} must be at least 1")
    rows, left_out = _parts(config, repeats)
    rows += _live(measure_live("sample", config, frames))
    return {"rows": rows, "left_out": left_out, "cores": os.cpu_count()}


def report(summary: Mapping[str, Any]) -> str:
    """Return the table as lines for a person."""
    lines = [f"{'part':<32} {'median ms':>10} {'p95 ms':>10} {'parameters':>12} {'threads':>8}"]
    for row in summary["rows"]:
        params = "-" if row["params"] is None else f"{row['params']:,}"
        lines.append(
            f"{row['name']:<32} {row['median_ms']:>10.2f} {row['p95_ms']:>10.2f} {params:>12} {row['threads']:>8}"
        )
    return "\n".join([*lines, *(f"left out: {row['name']}: {row['why']}" for row in summary["left_out"])])


def _parts(config: LiveConfig, repeats: int) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    left_out = []
    with tempfile.TemporaryDirectory() as folder, one_core(), ExitStack() as stack:
        frame = _frame()
        work = {**_of_faces(frame, stack), **_of_hands(config, frame, stack), **_networks(config)}
        params = {name: _params(given) for name, given in _weights_of(config).items()}
        try:
            peer, params[f"peer: stock {_PEER}"] = _stock(config, Path(folder))
            work[f"peer: stock {_PEER}"] = peer
        except MissingError as error:
            left_out.append({"name": f"peer: stock {_PEER}", "why": str(error)})
        times = _in_turns(work, repeats)
    return [_row(name, kept, params.get(name)) for name, kept in times.items()], left_out


def _in_turns(work: Mapping[str, Work], repeats: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in work}
    for repeat in range(-_WARM, repeats):
        for name, do in work.items():
            ms = timed(do)[0]
            if repeat >= 0:
                times[name].append(ms)
    return times


def _frame() -> Frame:
    with open_source("sample") as source:
        return next(frame for frame in source if frame.index == _FIRST)


def _of_faces(frame: Frame, stack: ExitStack) -> dict[str, Work]:
    from multimodal.face.mesh import FaceTracker
    from multimodal.face.visibility import Unjudged, VisibilityEstimator

    tracker = stack.enter_context(FaceTracker(visibility=Unjudged()))
    landmarks = tracker.track(frame).landmarks
    if landmarks is None:
        raise MissingError("no face is found in the packaged sample: reinstall veilspeak")
    judge = VisibilityEstimator(every=1)
    return {
        "face mesh and pose": lambda: tracker.track(frame),
        "visibility": lambda: judge.observe(frame.image, landmarks),
    }


def _of_hands(config: LiveConfig, frame: Frame, stack: ExitStack) -> dict[str, Work]:
    from multimodal.gesture.detector import HandDetector
    from multimodal.gesture.hands import HandTracker

    detector, tracker = HandDetector(config.gesture.detector), stack.enter_context(HandTracker())
    planes = np.random.default_rng(0).random((1, 3, detector.size, detector.size), np.float32)
    session = open_session(weights.find(config.gesture.detector)[0])
    return {
        "hand points": lambda: tracker.find(frame.image),
        "hand detector": lambda: detector.find(frame.image),
        "hand detector, network alone": lambda: session.run(None, {detector.input_name: planes}),
    }


def _networks(config: LiveConfig) -> dict[str, Work]:
    import torch

    from multimodal.expression.export import clip_probe
    from multimodal.expression.reader import ExpressionReader
    from multimodal.fusion.export import fusion_probe
    from multimodal.fusion.head import FusionInput
    from multimodal.fusion.reader import FusionReader

    network = ExpressionReader(config.expression.weights).network.eval()
    head = FusionReader(config.fusion.weights).head
    clip, fields = clip_probe(1, 5, seed=0), FusionInput(**fusion_probe(1, seed=0))
    return {
        "regional expression net": torch.inference_mode()(lambda: network(**clip)),
        "fusion head": torch.inference_mode()(lambda: head(fields)),
    }


def _weights_of(config: LiveConfig) -> dict[str, str]:
    return {
        "hand detector": config.gesture.detector,
        "hand detector, network alone": config.gesture.detector,
        "regional expression net": config.expression.weights,
        "fusion head": config.fusion.weights,
    }


def _params(name: str) -> int | None:
    card = weights.find(name)[1]
    known = architecture_of(card)
    return None if known is None else known.size(card.architecture).params


def _stock(config: LiveConfig, folder: Path) -> tuple[Work, int]:
    """Return a run of Ultralytics' own YOLOv5n, untrained, which takes as long, at our detector's size of input."""
    from multimodal.gesture.detector import HandDetector
    from multimodal.training.gesture_detector import build_network, export_network, set_offline
    from multimodal.training.gesture_sizes import NETWORKS

    set_offline(folder)
    size = HandDetector(config.gesture.detector).size
    params = export_network(build_network(NETWORKS[_PEER]), folder / "peer.onnx", size).params
    session = open_session(folder / "peer.onnx")
    planes = np.random.default_rng(0).random((1, 3, size, size), np.float32)
    return lambda: session.run(None, {"images": planes}), params


def _live(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))
    rows = [
        {"name": _LIVE[part["part"]], "median_ms": part["median_ms"], "p95_ms": part["p95_ms"]}
        for part in found["parts"]
        if part["part"] in _LIVE
    ]
    whole = {"live: whole frame to caption": found["file"]["caption_ms"]}
    heard = {f"speech: first sound, {kind}": row for kind, row in found["first_audio_ms"].items() if row["sentences"]}
    rows += [{"name": name, "median_ms": row["p50"], "p95_ms": row["p95"]} for name, row in {**whole, **heard}.items()]
    return [{**row, "params": None, "threads": threads} for row in rows]


def _row(name: str, times: list[float], params: int | None) -> dict[str, Any]:
    median, p95 = (round(float(value), 3) for value in np.percentile(times, (50, 95)))
    return {"name": name, "median_ms": median, "p95_ms": p95, "params": params, "threads": 1}
