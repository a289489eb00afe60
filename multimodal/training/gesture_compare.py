"""Detectors of hands side by side: each trained on the same photos with the same epochs and seed, one row each.

python -m multimodal.training.gesture_compare --config configs/gesture/train.yaml --data DIR --out DIR
    [--models A,B,...] [--epochs N] [--imgsz N] [--seed N] [--start scratch|coco] [--test DIR[:SPLIT]]...
    [--set KEY=VALUE]... [--sizes] [--record CSV]

The training folder is the one of ``train gesture``. Nothing is chosen on the held-out photos: the last epoch's weights
are measured. All networks start alike: from scratch, or (``coco``) each from those tensors of ``detector.start`` among
its first eleven layers whose name and shape agree, which gives stock YOLOv5n and ours the same backbone and others
little; ``start_tensors`` says how many. No layer is frozen. A run that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.config import load_config, shipped
from multimodal.data.yolo_checks import check_pictures, require_classes, require_samples
from multimodal.data.yolo_folder import YoloFolder, read_rgb, read_yolo_folder
from multimodal.errors import UsageError
from multimodal.evaluation.detection import FLOOR, Boxes, image_top1, mean_average_precision
from multimodal.evaluation.gesture import truth_of
from multimodal.evaluation.ledger import record
from multimodal.gesture.detector import HandDetector
from multimodal.results import GESTURES
from multimodal.training.gesture_config import GestureTraining
from multimodal.training.gesture_detector import (
    DetectorTraining,
    build_network,
    checkpoint_network,
    epochs_done,
    fitting,
    set_offline,
    starting_tensors,
    train_detector,
)
from multimodal.training.gesture_prepare import prepare
from multimodal.training.gesture_sizes import DEFAULT, measure_sizes, median_times, networks, size_row
from multimodal.weights import Card, sha256, write_card


@dataclass(frozen=True)
class Comparison:
    """What is compared, and how.

    Attributes:
        settings: The config of ``train gesture``; its detector's ``model`` and ``freeze`` are not used.
        data: What the sets' folders are relative to.
        out: Where everything goes.
        models: Names of ``gesture_sizes.NETWORKS``.
        tests: Further YOLO folders to measure on, each with its split; by folder name.
    """

    settings: GestureTraining
    data: Path
    out: Path
    models: tuple[str, ...]
    tests: Mapping[str, tuple[Path, str]] = field(default_factory=dict)


def compare(run: Comparison) -> dict[str, dict[str, Any]]:
    """Train and measure every network, and write ``compare.json`` and ``compare.csv``.

    Returns:
        By name: ``epochs, image_size, seed, epochs_before, start_tensors``, what ``size_row`` gives, ``images,
        map50, map50_95, image_top1`` on the held-out photos, the same on each test with its name before, ``ms`` and
        ``cpu_ms``.

    Raises:
        MissingError: A data set, the starting tensors or Ultralytics is missing.
        UsageError: A name or the config is wrong, a data set is unsound, or ``out`` holds another run.
    """
    chosen = networks(run.models)
    run.out.mkdir(parents=True, exist_ok=True)
    set_offline(run.out / "settings")
    photos = _prepared(run)
    splits = {"": (photos, "val")} | {f"{name}_": place for name, place in run.tests.items()}
    folders = {prefix: _checked(path, split) for prefix, (path, split) in splits.items()}
    rows: dict[str, dict[str, Any]] = {}
    for name, yaml in chosen.items():
        rows[name] = _row(name, yaml, run, photos, folders)
        write_table(rows, run.out / "compare")
    paths = {name: run.out / name / f"{name}.onnx" for name in rows}
    times = median_times(paths, run.settings.detector.image_size)
    table = {name: {**row, **times[name]} for name, row in rows.items()}
    write_table(table, run.out / "compare")
    return table


def write_table(table: dict[str, dict[str, Any]], stem: Path) -> None:
    """Write rows by name as ``STEM.json`` and ``STEM.csv``."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    stem.with_suffix(".json").write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    with stem.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        columns = ["model", *dict.fromkeys(key for row in table.values() for key in row)]
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({"model": name, **row} for name, row in table.items())


def detector_scores(detector: HandDetector, folder: YoloFolder) -> dict[str, Any]:
    """Return ``images, map50, map50_95, image_top1`` of a detector by its own scores, on sound photos."""
    found, truths = [], []
    for sample in folder.samples:
        image = read_rgb(sample.image)
        hands = detector.find(image)
        boxes = np.array([hand.box for hand in hands], np.float64).reshape(-1, 4)
        found.append(Boxes.spread(boxes, np.array([hand.scores for hand in hands]).reshape(-1, len(GESTURES))))
        truths.append(truth_of(sample, image.shape[1], image.shape[0]))
    map50, map50_95, _ = mean_average_precision(found, truths, len(GESTURES))
    figures = {"map50": map50, "map50_95": map50_95, "image_top1": image_top1(found, truths)}
    return {"images": len(truths), **{name: round(value, 4) for name, value in figures.items()}}


def _prepared(run: Comparison) -> Path:
    """Return the training folder's ``data.yaml``; it is prepared once, since preparing it takes minutes.

    The config is kept beside it, and another one is refused: rows of one table have seen the same photos.
    """
    kept, photos = run.out / "prepared.json", run.out / "photos" / "data.yaml"
    now = {
        **run.settings.model_dump(mode="json", exclude={"detector", "test", "note"}),
        "data": str(run.data.resolve()),
    }
    if kept.is_file() and photos.is_file():
        if json.loads(kept.read_text(encoding="utf-8")) != now:
            raise UsageError(f"{run.out} holds a comparison on other photos: choose a new --out, or remove it")
        return photos
    photos = prepare(run.settings, run.data, run.out).data_yaml
    kept.write_text(json.dumps(now), encoding="utf-8")
    return photos


def _checked(path: Path, split: str) -> YoloFolder:
    folder = read_yolo_folder(path, split)
    require_classes(folder, GESTURES)
    folder = check_pictures(folder)
    require_samples(folder)
    return folder


def _row(name: str, yaml: str, run: Comparison, photos: Path, folders: Mapping[str, YoloFolder]) -> dict[str, Any]:
    """Train a network, or go on with it, and return its row without the time."""
    config = run.settings.detector.model_copy(update={"model": yaml, "freeze": 0})
    home = run.out / name
    checkpoint = train_detector(config, photos, home / "run", run.data)
    row = {"epochs": epochs_done(home / "run"), "image_size": config.image_size, "seed": config.seed}
    row["epochs_before"] = sum(course.epochs for course in config.before)
    row["start_tensors"] = _taken(config, run.data)
    row |= size_row(checkpoint_network(checkpoint), home / f"{name}.onnx", config.image_size)
    _write_card(home / f"{name}.onnx", name, row)
    detector = HandDetector(str(home / f"{name}.onnx"), threshold=FLOOR)
    for prefix, folder in folders.items():
        row |= {f"{prefix}{key}": value for key, value in detector_scores(detector, folder).items()}
    return row


def _taken(config: DetectorTraining, data: Path) -> int:
    start = starting_tensors(config, data)
    return len(fitting(start, build_network(config.model).state_dict())) if start else 0


def _write_card(path: Path, name: str, row: Mapping[str, Any]) -> None:
    """Write a card, without which no weights are read; it says that these are for comparison."""
    limits = "Trained for a comparison of networks; not for use."
    architecture = {"name": name, **{key: row[key] for key in ("image_size", "parameters", "multiply_adds")}}
    card = Card(
        path.stem, "gesture", architecture, path.name, sha256(path), "AGPL-3.0-or-later", [], {}, "", "", limits, ""
    )
    write_card(path.with_suffix(".json"), card)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare, print the rows, and if wanted enter them into a ledger."""
    given = _parser().parse_args(arguments)
    names = tuple(given.models.split(","))
    settings = _settings(given)
    if given.sizes:
        set_offline(given.out / "settings")
        table = measure_sizes(names, given.out, settings.detector.image_size)
        write_table(table, given.out / "sizes")
    else:
        if given.data is None:
            raise UsageError("name the folder of the sets with --data, or ask for --sizes alone")
        table = compare(Comparison(settings, given.data, given.out, names, _tests(given.test)))
    print(json.dumps(table, indent=2))
    if given.record:
        numbers = settings.model_dump(mode="json")
        kind = "gesture_sizes" if given.sizes else "gesture_compare"
        options = sys.argv[1:] if arguments is None else arguments
        command = ["python", "-m", "multimodal.training.gesture_compare", *options]
        record(given.record, {kind: table}, config=numbers, seed=settings.detector.seed, command=command)


def _settings(given: argparse.Namespace) -> GestureTraining:
    """Return the config with the command line's numbers in it; ``--start scratch`` leaves the starting tensors out."""
    named = {"detector.epochs": given.epochs, "detector.image_size": given.imgsz, "detector.seed": given.seed}
    changes = [f"{key}={value}" for key, value in named.items() if value is not None]
    changes += ["detector.start=null"] if given.start == "scratch" else []
    changes += given.set
    return load_config(GestureTraining, given.config, changes)


def _tests(given: Sequence[str]) -> dict[str, tuple[Path, str]]:
    """Return the folders of ``DIR[:SPLIT]`` with their splits (``val`` unless named), by folder name."""
    found = {}
    for text in given:
        path, _, split = text.rpartition(":") if text.endswith((":train", ":val", ":test")) else (text, "", "val")
        name = Path(path).parent.name if path.endswith(".yaml") else Path(path).name
        if name in found:
            raise UsageError(f"two tests are in folders called {name!r}: rename one")
        found[name] = (Path(path), split)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Set detectors of hands side by side.")
    parser.add_argument("--config", type=Path, default=shipped("gesture/train.yaml"))
    parser.add_argument("--data", type=Path, help="what the config's sets are relative to")
    parser.add_argument("--out", type=Path, default=Path("out/gesture_compare"))
    parser.add_argument("--models", default=",".join(DEFAULT), help="names with commas between them")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--imgsz", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--start", choices=("scratch", "coco"), default="scratch")
    parser.add_argument("--test", action="append", default=[], help="DIR[:SPLIT], a further YOLO folder to measure on")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE, another number of the config")
    parser.add_argument("--sizes", action="store_true", help="sizes and times alone, without training")
    parser.add_argument("--record", type=Path)
    return parser


if __name__ == "__main__":
    main()
