"""How long hands take over live clips, on one core: the detector, the skeleton, and both as live video is read.

python -m multimodal.evaluation.gesture_speed --video sample CLIP ... [--repeats N] [--frames N] [--size N]
    [--detector NAME] [--record CSV]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from multimodal import weights
from multimodal.errors import UsageError
from multimodal.evaluation.ledger import record
from multimodal.evaluation.stopwatch import one_core, timed
from multimodal.gesture.detector import WEIGHTS, HandDetector
from multimodal.gesture.reader import GestureConfig, GestureReader
from multimodal.media.sources import open_source
from multimodal.results import Frame, GestureResult

SIZE = 320
"""Side of the network's input, pixels, that the detector's speed is compared at."""
REPEATS = 3
FRAMES = 300
"""At most so many frames of a clip: they are kept in memory, so that decoding is not timed."""
_WARM = 10


@dataclass(frozen=True)
class _Parts:
    """What is timed: the detector as it is and at the other size, a reader for the skeleton and one for both."""

    detector: HandDetector
    resized: HandDetector
    skeleton: GestureReader
    live: GestureReader


def measure_speed(
    clips: Sequence[str],
    config: GestureConfig | None = None,
    *,
    repeats: int = REPEATS,
    frames: int = FRAMES,
    size: int = SIZE,
) -> dict[str, Any]:
    """Time every part on every frame of every clip, the parts in turns, ``repeats`` times.

    Args:
        clips: What ``open_source`` takes: videos, or ``sample``.
        config: How hands are read.
        repeats: How often.
        frames: At most so many frames of each clip.
        size: Another size of the detector's input. Where the weights have another, their network is built anew with
            untrained weights, which take as long; this needs Ultralytics.

    Returns:
        ``threads, repeats, detector_size, size``; ``weights_mb: {detector, skeleton, mediapipe}``;
        ``clips: {name: {frames, width, height, hands (share of frames with one, as read live), signs: {name: frames},
        detector_ms, detector_SIZE_ms, skeleton_ms, live_ms}}``, each time a ``{median, mean, p95, cpu_mean}`` a frame,
        the median over the repeats. ``cpu_mean`` is the processor's time, which other work on the machine leaves
        alone; the others are those of the clock.

    Raises:
        MissingError: Weights, or what builds the network, are missing.
        UsageError, DecodeError: See ``open_source``.
    """
    config = config or GestureConfig()
    with tempfile.TemporaryDirectory() as folder, one_core():
        detector = HandDetector(config.detector, config.threshold, config.suppression)
        resized = detector if detector.size == size else _at_size(detector, size, Path(folder))
        with GestureReader(config) as skeleton, GestureReader(config) as live:
            parts = _Parts(detector, resized, skeleton, live)
            table = {_name(clip): _measure_clip(_frames(clip, frames), parts, repeats) for clip in clips}
    return {
        "threads": 1,
        "repeats": repeats,
        "detector_size": detector.size,
        "size": size,
        "weights_mb": _megabytes(config),
        "clips": table,
    }


@dataclass(frozen=True)
class _Round:
    """One pass over a clip: milliseconds of each frame, of the processor a frame, and what came of each."""

    times: list[float]
    cpu: float
    results: list[Any]


def _measure_clip(frames: Sequence[Frame], parts: _Parts, repeats: int) -> dict[str, Any]:
    work: dict[str, Callable[[Frame], object]] = {
        "detector_ms": lambda frame: parts.detector.find(frame.image),
        f"detector_{parts.resized.size}_ms": lambda frame: parts.resized.find(frame.image),
        "skeleton_ms": lambda frame: parts.skeleton.opinions(frame.image),
        "live_ms": parts.live.read,
    }
    rounds: dict[str, list[_Round]] = {name: [] for name in work}
    for repeat in range(repeats + 1):
        for name, read in work.items():
            parts.skeleton.reset()
            parts.live.reset()
            rounds[name].append(_go(read, frames if repeat else frames[:_WARM]))
    shown = {"frames": len(frames), "width": frames[0].image.shape[1], "height": frames[0].image.shape[0]}
    # The first round was short and is not kept: models load when they first see a hand.
    return {
        **shown,
        **_seen(rounds["live_ms"][-1].results),
        **{name: _summary(kept[1:]) for name, kept in rounds.items()},
    }


def _go(read: Callable[[Frame], object], frames: Sequence[Frame]) -> _Round:
    begin = time.process_time()
    rows = [timed(lambda frame=frame: read(frame)) for frame in frames]  # type: ignore[misc]
    cpu = 1000 * (time.process_time() - begin) / len(frames)
    return _Round([ms for ms, _ in rows], cpu, [result for _, result in rows])


def _seen(results: Sequence[GestureResult]) -> dict[str, Any]:
    signs = Counter(result.hands[0].gesture for result in results if result.hands)
    return {"hands": round(sum(signs.values()) / len(results), 4), "signs": dict(signs.most_common())}


def _summary(rounds: Sequence[_Round]) -> dict[str, float]:
    """Return a frame's median, mean, 95th percentile and mean time of the processor: medians over the rounds."""
    each = np.array([(np.median(r.times), np.mean(r.times), np.percentile(r.times, 95), r.cpu) for r in rounds])
    values = np.median(each, axis=0).round(2).tolist()
    return dict(zip(("median", "mean", "p95", "cpu_mean"), values, strict=True))


def _frames(clip: str, limit: int) -> list[Frame]:
    with open_source(clip) as source:
        if source.kind != "video":
            raise UsageError(f"{clip} is no video: live reading needs frames that follow each other")
        return [frame for frame, _ in zip(source, range(limit), strict=False)]


def _name(clip: str) -> str:
    return Path(clip).stem


def _at_size(detector: HandDetector, size: int, folder: Path) -> HandDetector:
    """Return the detector's network with another size of input; its weights are random, its arithmetic the same."""
    from multimodal.training.gesture_detector import build_network, export_network, set_offline

    name = str(detector.card.architecture.get("name"))
    if size % 32:
        raise UsageError(f"--size {size} must be a multiple of 32, or {detector.size}, the size of the weights")
    set_offline(folder / "settings")
    path = folder / f"{name}-{size}.onnx"
    export_network(build_network(f"gesture/{name}.yaml"), path, size)
    weights.write_card(path.with_suffix(".json"), replace(detector.card, file=path.name, sha256=weights.sha256(path)))
    return HandDetector(str(path), detector.threshold, detector.overlap)


def _megabytes(config: GestureConfig) -> dict[str, float]:
    """Return the sizes of the weight files in millions of bytes, MediaPipe's two models inside its wheel too."""
    found = {
        part: [weights.find(name)[0]] for part, name in (("detector", config.detector), ("skeleton", config.skeleton))
    }
    origin = importlib.util.find_spec("mediapipe")
    if origin is not None and origin.origin is not None:
        modules = Path(origin.origin).parent / "modules"
        found["mediapipe"] = [
            modules / "palm_detection" / "palm_detection_full.tflite",
            modules / "hand_landmark" / "hand_landmark_full.tflite",
        ]
    sizes = {part: sum(path.stat().st_size for path in paths if path.is_file()) for part, paths in found.items()}
    return {part: round(size / 1e6, 3) for part, size in sizes.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and if wanted enter the figures into a ledger, each clip's with the hash of that clip."""
    parser = argparse.ArgumentParser(description="Time the reading of hands over live clips, on one core.")
    parser.add_argument("--video", nargs="+", required=True, help="videos, or 'sample'")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--frames", type=int, default=FRAMES, help="at most so many frames of a clip")
    parser.add_argument("--size", type=int, default=SIZE, help="another size of the detector's input")
    parser.add_argument("--detector", default=WEIGHTS, help="shipped weights, or an ONNX file with its card")
    parser.add_argument("--record", type=Path)
    given = parser.parse_args(arguments)
    config = GestureConfig(detector=given.detector)
    figures = measure_speed(given.video, config, repeats=given.repeats, frames=given.frames, size=given.size)
    print(json.dumps(figures, indent=2))
    if given.record:
        _record(given.record, figures, given.video, config)


def _record(path: Path, figures: dict[str, Any], clips: Sequence[str], config: GestureConfig) -> None:
    numbers = config.model_dump(mode="json")
    command = ["python", "-m", "multimodal.evaluation.gesture_speed", "--video"]
    record(path, {"gesture_speed": {"weights_mb": figures["weights_mb"]}}, config=numbers, command=[*command, *clips])
    for clip in clips:
        row = {"gesture_speed": {_name(clip): figures["clips"][_name(clip)]}}
        data = Path(clip) if Path(clip).is_file() else None
        record(path, row, data=data, config=numbers, command=[*command, clip])


if __name__ == "__main__":
    main()
