"""``train gesture``: photos -> skeleton classifier -> checked labels -> detector -> the merge of both, with cards.

Every stage leaves its result in the output folder, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.config import load_config
from multimodal.evaluation.gesture import evaluate_gesture
from multimodal.gesture.detector import HandDetector
from multimodal.gesture.merge import Merge
from multimodal.gesture.reader import GestureConfig
from multimodal.training.gesture_cards import write_detector_card, write_skeleton_card
from multimodal.training.gesture_config import GestureTraining
from multimodal.training.gesture_detector import epochs_done, export, set_offline, train_detector
from multimodal.training.gesture_merge import Opinions, detector_opinions, fit_merge
from multimodal.training.gesture_prepare import Prepared, prepare


def train_gesture(config: Path, data: Path | None, out: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Train both parts of the gesture room.

    Args:
        config: A YAML file of ``GestureTraining``.
        data: The folder that the sets' folders are relative to; None: the config's own folder.
        out: Where everything goes: ``gesture-detector.onnx`` and ``gesture-skeleton.safetensors`` with their cards,
            ``report.json``, and what the stages leave.
        overrides: ``key=value`` strings that win over the file.

    Returns:
        The report: hands found, labels checked, figures on photos that were held out of training.

    Raises:
        MissingError: A data set, the starting tensors or Ultralytics is missing.
        UsageError: The config is wrong, a data set is unsound, or ``out`` holds another run.
    """
    settings = load_config(GestureTraining, config, overrides)
    base = config.parent if data is None else data
    out.mkdir(parents=True, exist_ok=True)
    set_offline(out / "settings")
    ready = prepare(settings, base, out)
    report: dict[str, Any] = dict(ready.report)
    write_skeleton_card(out, settings, report)
    checkpoint = train_detector(settings.detector, ready.data_yaml, out / "detector", base)
    size = export(checkpoint, out / "gesture-detector.onnx", settings.detector.image_size)
    report["parameters"], report["multiply_adds"] = size.params, size.flops
    report["epochs"] = epochs_done(out / "detector")
    merge, report["held_out"] = _fit_merge(ready, settings, out, report)
    report["merge"] = merge.to_dict()
    _test(settings, base, out, report)
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def _fit_merge(
    ready: Prepared, settings: GestureTraining, out: Path, report: Mapping[str, Any]
) -> tuple[Merge, dict[str, Any]]:
    """Fit the merge on the held-out photos and write it into the detector's card; return it with its figures."""
    trusted, aside = ready.trusted, sorted(ready.aside)
    write_detector_card(out, settings, {**report, "merge": Merge().to_dict()})
    detector = HandDetector(str(out / "gesture-detector.onnx"), threshold=0.05)
    seen = detector_opinions([trusted.samples[number] for number in aside], detector)
    order = [int(row) for number in aside for row in np.flatnonzero(trusted.hands.images == number)]
    labels = trusted.hands.labels
    merge = fit_merge(Opinions(ready.opinions, trusted.hands.found), seen, labels, order)
    right = (seen.logs.argmax(axis=1) == labels[order]) & seen.found
    figures = {"boxes": len(order), "found": int(seen.found.sum()), "detector_top1": round(float(right.mean()), 4)}
    write_detector_card(out, settings, {**report, "merge": merge.to_dict(), "held_out": figures})
    return merge, figures


def _test(settings: GestureTraining, base: Path, out: Path, report: dict[str, Any]) -> None:
    """Measure what came out on the test split, once everything is settled, and write the figures into both cards."""
    if settings.test is None:
        return
    config = GestureConfig(
        detector=str(out / "gesture-detector.onnx"), skeleton=str(out / "gesture-skeleton.safetensors")
    )
    report["test"] = evaluate_gesture(base / settings.test.folder, out / "test", settings.test.split, config)
    write_skeleton_card(out, settings, report)
    write_detector_card(out, settings, report)
