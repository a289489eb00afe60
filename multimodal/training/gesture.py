"""``train gesture``: photos -> skeleton classifier -> checked labels -> detector -> the merge of both, with cards.

Every stage leaves its result in the output folder, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from multimodal.config import load_config
from multimodal.data.yolo_folder import Sample, read_yolo_folder
from multimodal.errors import MissingError, UsageError
from multimodal.evaluation.gesture import evaluate_gesture
from multimodal.gesture.detector import HandDetector
from multimodal.gesture.merge import Merge
from multimodal.gesture.reader import GestureConfig
from multimodal.results import GESTURES
from multimodal.training import gesture_skeleton as skeletons
from multimodal.training.gesture_cards import write_detector_card, write_skeleton_card
from multimodal.training.gesture_config import GestureTraining, PhotoSet
from multimodal.training.gesture_detector import epochs_done, export, set_offline, train_detector
from multimodal.training.gesture_merge import Opinions, detector_opinions, fit_merge
from multimodal.training.gesture_photos import TrainingFolder, check_labels, composite
from multimodal.training.gesture_skeleton import LabelledHands


@dataclass(frozen=True)
class Photos:
    """One set's photos and the hands found in them."""

    origin: PhotoSet
    samples: list[Sample]
    hands: LabelledHands


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
    _check_trusted(settings)
    base = config.parent if data is None else data
    out.mkdir(parents=True, exist_ok=True)
    set_offline(out / "settings")
    photos = [_read(entry, base, out, settings) for entry in settings.sets]
    trusted = _trusted(photos)
    tensors, opinions = _fit_skeleton(trusted, settings, out)
    report: dict[str, Any] = {"skeleton": _skeleton_figures(trusted.hands, opinions)}
    write_skeleton_card(out, settings, report)
    aside = held_out(trusted, settings)
    folder, report["labels"] = _prepare(photos, aside, tensors, settings, out)
    checkpoint = train_detector(settings.detector, folder, out / "detector", base)
    size = export(checkpoint, out / "gesture-detector.onnx", settings.detector.image_size)
    report["parameters"], report["multiply_adds"] = size.params, size.flops
    report["epochs"] = epochs_done(out / "detector")
    merge, report["held_out"] = _fit_merge(trusted, opinions, sorted(aside), settings, out, report)
    report["merge"] = merge.to_dict()
    _test(settings, base, out, report)
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def held_out(trusted: Photos, settings: GestureTraining) -> set[int]:
    """Return the numbers of the trusted photos that the detector does not see, the same number for each class."""
    rng = np.random.default_rng(settings.seed)
    aside: set[int] = set()
    for name in GESTURES:
        group = [n for n, sample in enumerate(trusted.samples) if sample.labels and sample.labels[0].name == name]
        aside.update(int(number) for number in rng.permutation(group)[: settings.held_out])
    return aside


def _read(entry: PhotoSet, base: Path, out: Path, settings: GestureTraining) -> Photos:
    folder = read_yolo_folder(base / entry.folder, entry.split)
    folder.require_sound()
    if set(folder.names) - set(GESTURES):
        raise UsageError(f"{folder.root}: unknown gestures {sorted(set(folder.names) - set(GESTURES))}: rename them")
    samples = list(folder.samples)
    if entry.limit is not None and entry.limit < len(samples):
        samples = [samples[i] for i in np.linspace(0, len(samples) - 1, entry.limit).astype(int)]
    cache = out / f"hands-{entry.folder.replace('/', '_')}-{entry.split}.npz"
    return Photos(entry, samples, skeletons.find_hands(samples, cache, settings.skeleton.overlap))


def _check_trusted(settings: GestureTraining) -> None:
    count = sum(entry.labels == "trusted" for entry in settings.sets)
    if count != 1:
        raise UsageError(f"{count} sets have 'labels: trusted': give exactly one, which the skeleton learns from")


def _trusted(photos: Sequence[Photos]) -> Photos:
    return next(entry for entry in photos if entry.origin.labels == "trusted")


def _fit_skeleton(
    trusted: Photos, settings: GestureTraining, out: Path
) -> tuple[dict[str, np.ndarray], Float[np.ndarray, "boxes 19"]]:
    """Return the tensors fitted on all trusted hands, and the out-of-fold log-probabilities of each box.

    A box without a skeleton has equal probabilities.
    """
    hands = trusted.hands
    if hands.found.sum() < settings.skeleton.folds:
        raise MissingError(f"hands were found in only {hands.found.sum()} trusted photos: give more photos")
    points, labels = hands.points[hands.found], hands.labels[hands.found]
    opinions = np.full((len(hands.labels), len(GESTURES)), -np.log(len(GESTURES)))
    opinions[hands.found] = skeletons.out_of_fold(
        points, labels, hands.images[hands.found], settings.skeleton, settings.seed
    )
    tensors = skeletons.fit(points, labels, settings.skeleton, settings.seed)
    skeletons.save(tensors, out / "gesture-skeleton.safetensors")
    return tensors, opinions


def _fit_merge(
    trusted: Photos,
    opinions: Float[np.ndarray, "boxes 19"],
    aside: Sequence[int],
    settings: GestureTraining,
    out: Path,
    report: Mapping[str, Any],
) -> tuple[Merge, dict[str, Any]]:
    """Fit the merge on the held-out photos and write it into the detector's card; return it with its figures."""
    write_detector_card(out, settings, {**report, "merge": Merge().to_dict()})
    detector = HandDetector(str(out / "gesture-detector.onnx"), threshold=0.05)
    seen = detector_opinions([trusted.samples[number] for number in aside], detector)
    order = [int(row) for number in aside for row in np.flatnonzero(trusted.hands.images == number)]
    labels = trusted.hands.labels
    merge = fit_merge(Opinions(opinions, trusted.hands.found), seen, labels, order)
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


def _skeleton_figures(hands: LabelledHands, opinions: Float[np.ndarray, "boxes 19"]) -> dict[str, Any]:
    right = opinions.argmax(axis=1) == hands.labels
    return {
        "boxes": len(hands.labels),
        "found": int(hands.found.sum()),
        "top1_out_of_fold": round(float(right[hands.found].mean()), 4),
    }


def _prepare(
    photos: Sequence[Photos], aside: set[int], tensors: dict[str, np.ndarray], settings: GestureTraining, out: Path
) -> tuple[Path, dict[str, Any]]:
    """Write the detector's training folder; return its ``data.yaml`` and what became of the labels."""
    folder, report, scenes = TrainingFolder(out / "photos"), {}, []
    for entry in photos:
        if entry.origin.labels == "green":
            continue
        samples, report[entry.origin.folder] = _usable(entry, tensors, settings)
        for number, sample in enumerate(samples):
            test = entry.origin.labels == "trusted" and number in aside
            folder.link("val" if test else "train", sample, 1 if test else entry.origin.repeat)
            if not test:
                scenes.append(sample)
    rng = np.random.default_rng(settings.seed)
    for entry in photos:
        if entry.origin.labels == "green":
            report[entry.origin.folder] = {"photos": _composites(entry, scenes, folder, rng)}
    return folder.finish(), report


def _usable(
    entry: Photos, tensors: dict[str, np.ndarray], settings: GestureTraining
) -> tuple[list[Sample], dict[str, int]]:
    if entry.origin.labels != "loose":
        return entry.samples, {"photos": len(entry.samples)}
    opinions = skeletons.opinion(tensors, entry.hands.points)
    checked = check_labels(entry.samples, entry.hands, opinions, settings.alike, settings.keep_at, settings.rename_at)
    counts = {"confirmed": checked.confirmed, "renamed": checked.renamed, "unclear": checked.unclear}
    return checked.samples, {"photos": len(checked.samples), **counts}


def _composites(entry: Photos, scenes: Sequence[Sample], folder: TrainingFolder, rng: np.random.Generator) -> int:
    made = 0
    for sample in entry.samples:
        for _ in range(entry.origin.repeat):
            found = composite(sample, scenes[int(rng.integers(len(scenes)))], rng)
            if found is not None:
                folder.write("train", *found)
                made += 1
    return made
