"""``evaluate gesture``: a labelled photo folder -> how well its hands are found and named, by each part and by both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from multimodal.data.yolo_checks import check_pictures, require_classes, require_samples
from multimodal.data.yolo_folder import Sample, boxes_of, read_rgb, read_yolo_folder
from multimodal.evaluation.detection import (
    FLOOR,
    Boxes,
    confusion,
    image_hits,
    image_top1,
    largest,
    mean_average_precision,
)
from multimodal.evaluation.gesture_groups import by_group
from multimodal.evaluation.gesture_known import by_known, known_of
from multimodal.evaluation.gesture_peer import BORDERS, PeerRun
from multimodal.evaluation.skin_tone import Look, look_of
from multimodal.evaluation.stopwatch import median_ms, one_core, timed
from multimodal.gesture.merge import combine
from multimodal.gesture.reader import GestureConfig, GestureReader
from multimodal.results import GESTURES, Hand

PARTS = ("both", "detector", "skeleton")


@dataclass
class _Run:
    """What was found so far, one entry a photo in every list.

    Attributes:
        found: What each part found.
        truths: What is labelled.
        looks: How the photo looks; None where nothing is labelled.
        ms: How long each part took, in milliseconds.
    """

    found: dict[str, list[Boxes]] = field(default_factory=lambda: {part: [] for part in PARTS})
    truths: list[Boxes] = field(default_factory=list)
    looks: list[Look | None] = field(default_factory=list)
    ms: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})


def evaluate_gesture(
    data_yaml: Path,
    out: Path,
    split: str = "val",
    config: GestureConfig | None = None,
    peer: Path | None = None,
    borders: Sequence[float] = BORDERS,
) -> dict[str, Any]:
    """Measure the gesture room on one split of a YOLO folder, each picture read as a photo of its own.

    Every hand counts as one prediction for each sign to which it gives at least .01, with its probability as the
    score, as detectors are measured. Times are those of one core.

    Args:
        data_yaml: The data set's ``data.yaml``, or its folder.
        out: ``gesture.json`` and ``gesture_predictions.csv`` go here.
        split: Which split.
        config: How hands are read; the detector's threshold is lowered to .01 for the measurement.
        peer: Folder of the peer's two networks, which then reads every photo too; see ``gesture_peer``.
        borders: The peer's borders.

    Returns:
        ``images``, ``map50``, ``map50_95``, ``image_top1``, ``by_class: {name: {images, boxes, ap50, top1}}``,
        the same figures of each part under ``detector`` and ``skeleton``,
        ``confused: [[label, found, count]]``, ``by_tone`` and ``by_light: {group: {images, image_top1, ci95}}``,
        where an ``index.csv`` of ``synth gestures`` lies beside it ``by_known`` (see there),
        ``ms: {both, detector, skeleton}`` (medians a photo), ``ms_per_image`` (the mean of both), ``problems``; with a
        peer, ``peer`` (see ``PeerRun.figures``) and ``lead_top1``: by how much ours is ahead of its best border.

    Raises:
        MissingError: The data set, the weights or the peer's networks are missing.
        UsageError: Class names are not gestures, no photo is sound, or an ``index.csv`` is of another kind.
    """
    folder = read_yolo_folder(data_yaml, split)
    require_classes(folder, GESTURES)
    folder = check_pictures(folder)
    require_samples(folder)
    known = known_of(folder.root)
    with one_core():
        rival = None if peer is None else PeerRun(peer, borders)
        quick = (config or GestureConfig()).model_copy(update={"threshold": FLOOR})
        with GestureReader(quick, live=False) as reader:
            run = _read_all(reader, folder.samples, rival)
    result = _figures(run.found["both"], run.truths)
    for part in PARTS[1:]:
        result[part] = {key: value for key, value in _figures(run.found[part], run.truths).items() if key != "by_class"}
    result["confused"] = _confused(run.found["both"], run.truths)
    result |= by_group(image_hits(run.found["both"], run.truths), run.looks)
    if known:
        hits = {part: image_hits(run.found[part], run.truths) for part in PARTS}
        result["by_known"] = by_known([sample.image.stem for sample in folder.samples], hits, known)
    result["ms"] = {part: median_ms(run.ms[part]) for part in PARTS}
    result["ms_per_image"] = round(float(np.mean(run.ms["both"])), 2)
    result["problems"] = folder.report()
    if rival is not None:
        result["peer"] = rival.figures(run.truths)
        result["lead_top1"] = round(result["image_top1"] - result["peer"]["image_top1"], 4)
    _write(result, run, folder.samples, out)
    return result


def predictions_of(hands: Sequence[Hand]) -> Boxes:
    """Return each hand as one prediction for every sign to which it gives at least .01."""
    if not hands:
        return Boxes.empty()
    scores = [hand.probabilities * (hand.confidence / float(hand.probabilities.max())) for hand in hands]
    return Boxes.spread(np.array([hand.box for hand in hands], np.float64), np.stack(scores))


def _read_all(reader: GestureReader, samples: Sequence[Sample], rival: PeerRun | None) -> _Run:
    run = _Run()
    for sample in samples:
        image = read_rgb(sample.image)
        truth = truth_of(sample, image.shape[1], image.shape[0])
        run.truths.append(truth)
        run.looks.append(look_of(image, truth.boxes[largest(truth)]) if len(truth.classes) else None)
        _read(reader, image, run)
        if rival is not None:
            rival.look(image)
    return run


def _read(reader: GestureReader, image: UInt8[np.ndarray, "height width 3"], run: _Run) -> None:
    detector_ms, detections = timed(lambda: reader.detections(image))
    skeleton_ms, opinions = timed(lambda: reader.opinions(image))
    merge_ms, hands = timed(lambda: combine(detections, opinions, reader.merge, reader.config.pairing))
    alone = {"detector": combine(detections, [], reader.merge), "skeleton": combine([], opinions, reader.merge)}
    for part, seen in {"both": hands, **alone}.items():
        run.found[part].append(predictions_of(seen))
    whole = detector_ms + skeleton_ms + merge_ms
    for part, spent in {"both": whole, "detector": detector_ms, "skeleton": skeleton_ms}.items():
        run.ms[part].append(spent)


def truth_of(sample: Sample, width: int, height: int) -> Boxes:
    """Return a sample's labelled boxes in pixels of a picture of that size."""
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


def _write(result: dict[str, Any], run: _Run, samples: Sequence[Sample], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "gesture.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    lines = ["image,label,found,score,tone,light"]
    for boxes, truth, look, sample in zip(run.found["both"], run.truths, run.looks, samples, strict=True):
        best = int(boxes.scores.argmax()) if len(boxes.scores) else None
        name, score = ("", "") if best is None else (GESTURES[boxes.classes[best]], f"{boxes.scores[best]:.4f}")
        label = GESTURES[truth.classes[largest(truth)]] if len(truth.classes) else ""
        tone, light = ("", "") if look is None else (look.tone, look.light)
        lines.append(f"{sample.image.name},{label},{name},{score},{tone},{light}")
    (out / "gesture_predictions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
