"""``evaluate gesture``: a labelled photo folder -> how well its hands are found and named, by each part and by both."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.data.yolo_folder import Sample, boxes_of, read_rgb, read_yolo_folder
from multimodal.errors import UsageError
from multimodal.evaluation.detection import Boxes, confusion, image_top1, mean_average_precision
from multimodal.gesture.merge import combine
from multimodal.gesture.reader import GestureConfig, GestureReader
from multimodal.results import GESTURES, Hand

PARTS = ("both", "detector", "skeleton")
_FLOOR = 0.01


def evaluate_gesture(
    data_yaml: Path, out: Path, split: str = "val", config: GestureConfig | None = None
) -> dict[str, Any]:
    """Measure the gesture room on one split of a YOLO folder, each picture read as a photo of its own.

    Every hand counts as one prediction for each sign to which it gives at least .01, with its probability as the
    score, as detectors are measured.

    Args:
        data_yaml: The data set's ``data.yaml``, or its folder.
        out: ``gesture.json`` and ``gesture_predictions.csv`` go here.
        split: Which split.
        config: How hands are read; the detector's threshold is lowered to .01 for the measurement.

    Returns:
        ``images``, ``map50``, ``map50_95``, ``image_top1``, ``by_class: {name: {images, boxes, ap50, top1}}``,
        the same figures of each part under ``detector`` and ``skeleton``,
        ``confused: [[label, found, count]]``, ``ms_per_image``, ``problems``.

    Raises:
        MissingError: The data set or the weights are missing.
        UsageError: Class names are not gestures.
    """
    folder = read_yolo_folder(data_yaml, split)
    unknown = set(folder.names) - set(GESTURES)
    if unknown:
        raise UsageError(f"{data_yaml}: unknown gestures {sorted(unknown)}: use HaGRID's names")
    reader = GestureReader((config or GestureConfig()).model_copy(update={"threshold": _FLOOR}), live=False)
    with reader:
        found, truths, seconds = _read_all(reader, folder.samples)
    result = _figures(found["both"], truths)
    for part in PARTS[1:]:
        result[part] = {key: value for key, value in _figures(found[part], truths).items() if key != "by_class"}
    result["confused"] = _confused(found["both"], truths)
    result["ms_per_image"] = round(1000 * seconds / max(1, len(truths)), 2)
    result["problems"] = folder.report()
    _write(result, found["both"], folder.samples, out)
    return result


def predictions_of(hands: Sequence[Hand]) -> Boxes:
    """Return each hand as one prediction for every sign to which it gives at least .01."""
    rows = []
    for hand in hands:
        sure = hand.confidence / float(hand.probabilities.max())
        rows += [(hand.box, number, p * sure) for number, p in enumerate(hand.probabilities) if p * sure >= _FLOOR]
    if not rows:
        return Boxes.empty()
    boxes, classes, scores = zip(*rows, strict=True)
    return Boxes(np.array(boxes, np.float64), np.array(classes), np.array(scores, np.float64))


def _read_all(reader: GestureReader, samples: Sequence[Sample]) -> tuple[dict[str, list[Boxes]], list[Boxes], float]:
    found: dict[str, list[Boxes]] = {part: [] for part in PARTS}
    truths, seconds = [], 0.0
    for sample in samples:
        image = read_rgb(sample.image)
        start = time.perf_counter()
        detections, opinions = reader.look(image)
        seconds += time.perf_counter() - start
        for part, seen in zip(PARTS, ((detections, opinions), (detections, []), ([], opinions)), strict=True):
            found[part].append(predictions_of(combine(*seen, reader.merge, reader.config.pairing)))
        truths.append(_truth(sample, image.shape[1], image.shape[0]))
    return found, truths, seconds


def _truth(sample: Sample, width: int, height: int) -> Boxes:
    classes = np.array([GESTURES.index(label.name) for label in sample.labels], np.int64)
    return Boxes(boxes_of(sample, width, height), classes, np.ones(len(classes)))


def _figures(found: Sequence[Boxes], truths: Sequence[Boxes]) -> dict[str, Any]:
    map50, map50_95, table = mean_average_precision(found, truths, len(GESTURES))
    counts = confusion(found, truths, len(GESTURES))
    by_class = {}
    for number, name in enumerate(GESTURES):
        images = int(counts[number].sum())
        if images:
            boxes = sum(int((truth.classes == number).sum()) for truth in truths)
            top1 = round(float(counts[number, number] / images), 4)
            by_class[name] = {"images": images, "boxes": boxes, "ap50": round(float(table[number, 0]), 4), "top1": top1}
    return {
        "images": len(truths),
        "map50": round(map50, 4),
        "map50_95": round(map50_95, 4),
        "image_top1": round(image_top1(found, truths), 4),
        "by_class": by_class,
    }


def _confused(found: Sequence[Boxes], truths: Sequence[Boxes]) -> list[list[Any]]:
    counts = confusion(found, truths, len(GESTURES))
    np.fill_diagonal(counts, 0)
    names = [*GESTURES, "nothing"]
    pairs = [[GESTURES[row], names[column], int(counts[row, column])] for row, column in np.argwhere(counts)]
    return sorted(pairs, key=lambda pair: -pair[2])


def _write(result: dict[str, Any], found: Sequence[Boxes], samples: Sequence[Sample], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "gesture.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    lines = ["image,label,found,score"]
    for boxes, sample in zip(found, samples, strict=True):
        best = int(boxes.scores.argmax()) if len(boxes.scores) else None
        name, score = ("", "") if best is None else (GESTURES[boxes.classes[best]], f"{boxes.scores[best]:.4f}")
        label = sample.labels[0].name if sample.labels else ""
        lines.append(f"{sample.image.name},{label},{name},{score}")
    (out / "gesture_predictions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
