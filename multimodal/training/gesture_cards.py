"""The model cards of the gesture room's two weight files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from multimodal.results import GESTURES
from multimodal.training.gesture_config import GestureTraining, PhotoSet
from multimodal.weights import Card, sha256, write_card

_LICENCE = "AGPL-3.0-or-later"
_INTENDED = "To read one of 18 hand signs (or none) from a camera or photo, shown on purpose by the person."
_PROHIBITED = "To watch people who do not know of it; to recognise who somebody is; as the only means in an emergency."
_COMMAND = "veilspeak train gesture --config configs/gesture/train.yaml --data DIR --out DIR"


def write_skeleton_card(out: Path, settings: GestureTraining, report: Mapping[str, Any]) -> None:
    """Write ``gesture-skeleton.json`` beside its weights; ``report`` is what the training has measured so far."""
    path = out / "gesture-skeleton.safetensors"
    architecture = {"name": "perceptron", "features": 121, "hidden": settings.skeleton.hidden, "embedding": 64}
    card = Card(
        name=path.stem,
        kind="gesture",
        architecture={**architecture, "classes": len(GESTURES)},
        file=path.name,
        sha256=sha256(path),
        licence=_LICENCE,
        data=_data([entry for entry in settings.sets if entry.labels == "trusted"]),
        figures={"training": report["skeleton"], **_tested(report, "skeleton")},
        intended=_INTENDED,
        prohibited=_PROHIBITED,
        limits="Learnt from about ten photos a sign. Needs MediaPipe Hands to find the hand, which fails in the dark, "
        "in gloves and where fingers hide each other; the test photos flatter it, since they were chosen, and their "
        "boxes made, by hand landmarks. Signs outside the 19 are forced into one of them: a hand before the mouth may "
        "be read as mute, its back as stop_inverted.",
        command=_COMMAND,
        meta={"gestures": list(GESTURES), "seed": settings.seed},
    )
    write_card(path.with_suffix(".json"), card)


def write_detector_card(out: Path, settings: GestureTraining, report: Mapping[str, Any]) -> None:
    """Write ``gesture-detector.json`` beside its weights, with the merge's exponents under ``meta``."""
    path = out / "gesture-detector.onnx"
    held = {key: report[key] for key in ("labels", "held_out") if key in report}
    card = Card(
        name=path.stem,
        kind="gesture",
        architecture={
            "name": Path(settings.detector.model).stem,
            "input": [1, 3, settings.detector.image_size, settings.detector.image_size],
            "parameters": report["parameters"],
            "multiply_adds": report["multiply_adds"],
        },
        file=path.name,
        sha256=sha256(path),
        licence=_LICENCE,
        data=_data(settings.sets) + _rendered(settings) + _start(settings),
        figures={"training": held, **_tested(report, "detector"), **_tested(report, "both")},
        intended=_INTENDED,
        prohibited=_PROHIBITED,
        limits="Learnt from few real photos (about ten a sign whose names are certain) and many rendered ones: what it "
        "does in rooms, and for skins and ages, that the real photos lack is known from rendered people only. Small "
        "hands and dark rooms are named worse; docs/gesture.md has figures by group. Signs outside the 19 are forced "
        "into one of them.",
        command=_COMMAND,
        meta={
            "gestures": list(GESTURES),
            "merge": report["merge"],
            "epochs": report.get("epochs"),
            "note": settings.note,
        },
    )
    write_card(path.with_suffix(".json"), card)


def _data(sets: Sequence[PhotoSet]) -> list[Mapping[str, str]]:
    return [
        {"name": f"{entry.folder}/{entry.split}", "licence": entry.licence, "attribution": entry.attribution}
        for entry in sets
    ]


def _rendered(settings: GestureTraining) -> list[Mapping[str, str]]:
    wanted = settings.rendered
    if wanted is None:
        return []
    attribution = f"{wanted.photos} photos of rendered people, seed {wanted.seed}; body: MakeHuman's mesh (CC0)"
    return [{"name": "synth gestures", "licence": _LICENCE, "attribution": attribution}]


def _start(settings: GestureTraining) -> list[Mapping[str, str]]:
    if settings.detector.start is None:
        return []
    name = Path(settings.detector.start).name
    return [{"name": name, "licence": "AGPL-3.0", "attribution": "Ultralytics YOLOv5n, COCO tensors, as a start"}]


def _tested(report: Mapping[str, Any], part: str) -> dict[str, Any]:
    """Return the test figures of one part, if it was tested."""
    if "test" not in report:
        return {}
    test = report["test"]
    figures = test if part == "both" else test[part]
    groups = ("by_class", "by_tone", "by_light", "confused") if part == "both" else ()
    kept = ("images", "map50", "map50_95", "image_top1", *groups)
    return {f"test_{part}": {key: figures[key] for key in kept}}
