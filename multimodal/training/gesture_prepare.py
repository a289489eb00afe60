"""Photos -> the detector's training folder: sets checked, hands found, the skeleton classifier fitted, labels checked.

Nothing is trained on a folder of which a part is unsound: all sets are looked through first, and all that is wrong with
them is told at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from multimodal.data.people.gestures.gesture_set import synth_gestures
from multimodal.data.yolo_checks import check_pictures, require_all_sound, require_classes
from multimodal.data.yolo_folder import Sample, YoloFolder, read_yolo_folder
from multimodal.errors import MissingError, UsageError
from multimodal.results import GESTURES
from multimodal.training import gesture_skeleton as skeletons
from multimodal.training.gesture_config import GestureTraining, PhotoSet, Rendered
from multimodal.training.gesture_photos import TrainingFolder, check_labels, composite
from multimodal.training.gesture_skeleton import LabelledHands


@dataclass(frozen=True)
class Photos:
    """One set's photos and the hands found in them."""

    origin: PhotoSet
    samples: list[Sample]
    hands: LabelledHands


@dataclass(frozen=True)
class Prepared:
    """What the detector is trained on, and what the merge is fitted on.

    Attributes:
        data_yaml: Of the training folder; its ``val`` split holds the photos that are held out.
        trusted: The trusted photos.
        opinions: Out-of-fold log-probabilities of each of their boxes by the skeleton classifier.
        aside: Numbers of those that are held out.
        report: What was found: ``skeleton`` and ``labels``.
    """

    data_yaml: Path
    trusted: Photos
    opinions: Float[np.ndarray, "boxes 19"]
    aside: set[int]
    report: dict[str, Any]


def prepare(settings: GestureTraining, base: Path, out: Path) -> Prepared:
    """Check the sets, fit the skeleton classifier, and write the detector's training folder.

    Args:
        settings: Which sets, and how far they are trusted.
        base: What the sets' folders are relative to.
        out: ``gesture-skeleton.safetensors``, the hands that were found, and the folders ``photos`` and ``rendered`` go
            here.

    Raises:
        MissingError: A data set is missing, or hands were found in too few trusted photos.
        UsageError: The sets are unsound, or not exactly one is trusted.
    """
    _check_trusted(settings)
    folders = [_open(entry, base) for entry in settings.sets]
    require_all_sound(folders)
    pairs = zip(settings.sets, folders, strict=True)
    photos = [_find_hands(entry, folder, out, settings) for entry, folder in pairs]
    trusted = _trusted(photos)
    tensors, opinions = _fit_skeleton(trusted, settings, out)
    aside = held_out(trusted, settings)
    data_yaml, labels = _write_folder(photos, aside, tensors, settings, out)
    figures = _skeleton_figures(trusted.hands, opinions)
    return Prepared(data_yaml, trusted, opinions, aside, {"skeleton": figures, "labels": labels})


def held_out(trusted: Photos, settings: GestureTraining) -> set[int]:
    """Return the numbers of the trusted photos that the detector does not see, the same number for each class."""
    rng = np.random.default_rng(settings.seed)
    aside: set[int] = set()
    for name in GESTURES:
        group = [n for n, sample in enumerate(trusted.samples) if sample.labels and sample.labels[0].name == name]
        aside.update(int(number) for number in rng.permutation(group)[: settings.held_out])
    return aside


def _open(entry: PhotoSet, base: Path) -> YoloFolder:
    folder = read_yolo_folder(base / entry.folder, entry.split)
    require_classes(folder, GESTURES)
    return check_pictures(folder)


def _find_hands(entry: PhotoSet, folder: YoloFolder, out: Path, settings: GestureTraining) -> Photos:
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


def _skeleton_figures(hands: LabelledHands, opinions: Float[np.ndarray, "boxes 19"]) -> dict[str, Any]:
    right = opinions.argmax(axis=1) == hands.labels
    return {
        "boxes": len(hands.labels),
        "found": int(hands.found.sum()),
        "top1_out_of_fold": round(float(right[hands.found].mean()), 4),
    }


def _write_folder(
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
    if settings.rendered is not None:
        report["rendered"] = {"photos": _link_rendered(settings.rendered, out / "rendered", folder)}
    return folder.finish(), report


def _link_rendered(wanted: Rendered, out: Path, folder: TrainingFolder) -> int:
    """Render the photos that are not there yet, and return how many were added to the training folder."""
    made = synth_gestures(out, wanted.photos, wanted.seed, workers=wanted.workers, size=wanted.size)
    samples = read_yolo_folder(made, "train").samples[: wanted.photos]
    for sample in samples:
        folder.link("train", sample)
    return len(samples)


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
