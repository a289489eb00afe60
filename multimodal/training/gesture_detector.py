"""Trains the detector with Ultralytics and exports it to ONNX, without a single connection.

Ultralytics reads its switches when it is imported, so they are set first: offline, a settings folder of its own with a
font in it (it would fetch one), and no telemetry.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import Field

from multimodal.config import Config, read_yaml, shipped
from multimodal.errors import MissingError, UsageError
from multimodal.results import GESTURES
from multimodal.weights.measure import Size, size_of
from multimodal.weights.onnx_file import halve_weights

_BACKBONE = 11
"""Layers 0 to 10 of our YAML are YOLOv5n's own, so that its tensors fit."""


class Course(Config):
    """A course before the last one, whose network goes on to the next.

    Attributes:
        image_size, epochs, batch, learning_rate, share: As in ``DetectorTraining``.
    """

    image_size: int = Field(ge=32, multiple_of=32)
    epochs: int = Field(ge=1)
    batch: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    share: float = Field(default=1.0, gt=0, le=1)


class DetectorTraining(Config):
    """How the detector is trained.

    Attributes:
        model: Its YAML: a path, or the name of a shipped config.
        start: Tensors to start the backbone from (safetensors, YOLOv5 v6 names), relative to the data folder; none:
            from scratch.
        image_size: Side of the square that pictures are fitted into, pixels; a multiple of 32.
        before: Courses before the one that the numbers here are of: on smaller pictures an hour holds more photos, and
            Ultralytics' rates fall from epoch to epoch only, so that a last course of short epochs ends softly.
        epochs, batch, learning_rate, warmup_epochs: As in Ultralytics.
        share: Share of the training photos that are seen, drawn once by the seed.
        freeze: So many layers, from the first, keep their starting tensors.
        mosaic: Share of the pictures that are put together of four.
        close_mosaic: The last so many epochs see whole pictures.
        degrees, scale, translate: Random turn, zoom and shift.
        bfloat16: Whether the network is trained in bfloat16: about half the time on a processor that has
            AVX512-BF16, and longer on others.
        seed: Of everything random.
    """

    model: str = "gesture/veilspeak_yolo_n.yaml"
    start: str | None = None
    image_size: int = Field(default=256, ge=32, multiple_of=32)
    before: tuple[Course, ...] = ()
    share: float = Field(default=1.0, gt=0, le=1)
    epochs: int = Field(default=30, ge=1)
    batch: int = Field(default=16, ge=1)
    learning_rate: float = Field(default=1.5e-3, gt=0)
    warmup_epochs: float = Field(default=1.0, ge=0)
    freeze: int = Field(default=5, ge=0)
    mosaic: float = Field(default=1.0, ge=0, le=1)
    close_mosaic: int = Field(default=4, ge=0)
    degrees: float = Field(default=8.0, ge=0)
    scale: float = Field(default=0.5, ge=0, lt=1)
    translate: float = Field(default=0.1, ge=0, le=1)
    bfloat16: bool = False
    seed: int = 0


def set_offline(folder: Path) -> None:
    """Set what keeps Ultralytics from connecting; call it before anything imports it.

    Args:
        folder: Where its settings and its font go.

    Raises:
        MissingError: Ultralytics or matplotlib is not installed.
    """
    home = folder / "Ultralytics"
    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(YOLO_OFFLINE="true", YOLO_CONFIG_DIR=str(folder.absolute()), YOLO_VERBOSE="false")
    os.environ.setdefault("WANDB_MODE", "disabled")
    try:
        import matplotlib
    except ImportError as error:
        raise MissingError("training needs Ultralytics: pip install 'veilspeak[gesture-training]'") from error
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    for name in ("Arial.ttf", "Arial.Unicode.ttf"):
        if not (home / name).exists():
            shutil.copyfile(font, home / name)


def train_detector(config: DetectorTraining, data_yaml: Path, out: Path, data: Path) -> Path:
    """Train, or go on after a kill, and return the last checkpoint.

    The last epoch's averaged weights are taken, not the best epoch's: nothing is selected on the held-out photos.

    Args:
        config: How.
        data_yaml: The prepared training folder's ``data.yaml``.
        out: The run's folder; ``weights/last.pt`` in it is gone on from. Those of courses before have ``-1``,
            ``-2`` ... after their names.
        data: What ``config.start`` is relative to.

    Raises:
        MissingError: Ultralytics or the starting tensors are missing.
        UsageError: The folder holds a run with another config.
    """
    last, marker = out / "weights" / "last.pt", out / "finished"
    _check_same(config, out)
    if marker.exists() and last.exists():
        return last
    trainer = _trainer(_start(config, data_yaml, out, data), config.bfloat16)
    overrides = _overrides(config, _part_of(data_yaml, config.share, config.seed), out)
    if last.exists():
        overrides["resume"] = str(last)
    trainer(overrides=overrides).train()
    marker.touch()
    return last


def _start(config: DetectorTraining, data_yaml: Path, out: Path, data: Path) -> Mapping[str, Any]:
    """Return what the run starts from: the network of the course before, which is trained first, or ``start``."""
    if not config.before:
        return starting_tensors(config, data)
    number = len(config.before)
    stem = out.name.removesuffix(f"-{number + 1}")
    changes = config.before[-1].model_dump() | {"before": config.before[:-1]}
    last = train_detector(config.model_copy(update=changes), data_yaml, out.with_name(f"{stem}-{number}"), data)
    tensors: dict[str, Any] = checkpoint_network(last).state_dict()
    return tensors


def _part_of(data_yaml: Path, share: float, seed: int) -> Path:
    """Return a ``data.yaml`` beside the given one whose training list holds a share of its lines, drawn by the seed."""
    if share == 1:
        return data_yaml
    content = read_yaml(data_yaml)
    lines = (data_yaml.parent / str(content["train"])).read_text(encoding="utf-8").splitlines()
    chosen = np.random.default_rng(seed).permutation(len(lines))[: max(1, round(share * len(lines)))]
    stem = f"part-{share:g}-{seed}"
    (data_yaml.parent / f"{stem}.txt").write_text("".join(f"{lines[i]}\n" for i in sorted(chosen)), encoding="utf-8")
    path = data_yaml.with_name(f"{stem}.yaml")
    path.write_text(yaml.safe_dump({**content, "train": f"{stem}.txt"}, sort_keys=False), encoding="utf-8")
    return path


def epochs_done(out: Path) -> int:
    """Return how many epochs a run has seen, over all its stretches."""
    rows = (out / "results.csv").read_text(encoding="utf-8").split()
    return int(rows[-1].split(",")[0])


def export(checkpoint: Path, path: Path, image_size: int) -> Size:
    """Write the checkpoint's network as ONNX and return its size.

    Input ``images``: ``float32 [1, 3, size, size]``, RGB, 0 to 1. Output ``output``: ``[1, 4 + classes, anchors]``:
    centre x, centre y, width, height in input pixels, then each class's score, 0 to 1.
    """
    return export_network(checkpoint_network(checkpoint), path, image_size)


def checkpoint_network(checkpoint: Path) -> Any:
    """Return the averaged ``DetectionModel`` of a checkpoint that this process, or one like it, has written."""
    import torch

    content = torch.load(checkpoint, map_location="cpu", weights_only=False)  # our own file: never one from elsewhere
    return (content.get("ema") or content["model"]).float()


def export_network(network: Any, path: Path, image_size: int) -> Size:
    """Write a ``DetectionModel`` as ONNX, normalisations folded in, weights stored as float16; see ``export``.

    Of a network with a second head that needs no suppression (YOLO26) the first is taken, as all others have it.
    """
    import torch

    head = network.model[-1]
    head.end2end = False
    network = network.eval().fuse(verbose=False)
    head.export, head.format, head.dynamic = True, "onnx", False
    blank = torch.zeros(1, 3, image_size, image_size)
    torch.onnx.export(
        network, (blank,), str(path), input_names=["images"], output_names=["output"], opset_version=17, dynamo=False
    )
    halve_weights(path)
    return size_of(lambda: network, blank.shape[1:], device="cpu")  # its anchors stay there


def build_network(model: str, classes: int = len(GESTURES)) -> Any:
    """Return an untrained ``DetectionModel`` of a YAML: a path, or the name of a shipped config.

    Call ``set_offline`` first.
    """
    from ultralytics.nn.tasks import DetectionModel

    from multimodal.gesture.modules import install

    install()
    return DetectionModel(_yaml_of(model), nc=classes, verbose=False)


def _yaml_of(model: str) -> str:
    path = shipped(model)
    return str(path if path.is_file() else model)


def _overrides(config: DetectorTraining, data_yaml: Path, out: Path) -> dict[str, Any]:
    fixed: dict[str, Any] = {
        "model": _yaml_of(config.model),
        "data": str(data_yaml),
        "project": str(out.parent.absolute()),
        "name": out.name,
        "exist_ok": True,
        "device": "cpu",
        "workers": 0,
        "imgsz": config.image_size,
        "lr0": config.learning_rate,
        "optimizer": "AdamW",
        "cos_lr": True,
        "warmup_bias_lr": 0.0,
        "fliplr": 0.5,
        "plots": False,
        "pretrained": False,
        "amp": False,
        "patience": 0,
        "nbs": config.batch,
    }
    own = {"model", "start", "image_size", "before", "share", "learning_rate", "bfloat16"}
    return fixed | config.model_dump(exclude=own)


def _trainer(start: Mapping[str, Any], bfloat16: bool) -> Any:
    """Return a trainer class whose network knows our modules and starts from those of the given tensors that fit."""
    try:
        from ultralytics.utils import SETTINGS

        SETTINGS.update({"sync": False})  # read when the trainer is imported
        from ultralytics.models.yolo.detect import DetectionTrainer
    except ImportError as error:
        raise MissingError("training needs Ultralytics: pip install 'veilspeak[gesture-training]'") from error
    from multimodal.gesture.modules import install

    install()

    class Trainer(DetectionTrainer):  # type: ignore[misc]
        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            network = super().get_model(cfg=cfg, weights=weights, verbose=verbose)
            if bfloat16:
                from multimodal.training.quick_detection import QuickDetection

                network.__class__ = QuickDetection  # it adds no state
            if weights is None:
                network.load_state_dict(network.state_dict() | fitting(start, network.state_dict()))
            return network

    return Trainer


def starting_tensors(config: DetectorTraining, data: Path) -> dict[str, Any]:
    """Return the tensors of YOLOv5n's backbone that a run starts from; none where it starts from scratch.

    Raises:
        MissingError: The file is missing.
    """
    if config.start is None:
        return {}
    path = (data / config.start).resolve()
    if not path.is_file():
        raise MissingError(f"no starting tensors {path}: correct detector.start, or set it to null")
    from safetensors.torch import load_file

    return {name: tensor for name, tensor in load_file(path).items() if _layer(name) < _BACKBONE}


def fitting(start: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """Return those tensors whose name and shape agree with the network's."""
    return {
        name: tensor.to(state[name].dtype)
        for name, tensor in start.items()
        if name in state and state[name].shape == tensor.shape
    }


def _layer(name: str) -> int:
    return int(name.split(".")[1])


def _check_same(config: DetectorTraining, out: Path) -> None:
    """Keep the run's config beside it, and refuse to go on with another one."""
    kept = out / "veilspeak.json"
    out.mkdir(parents=True, exist_ok=True)
    now = config.model_dump(mode="json")
    if kept.exists() and json.loads(kept.read_text(encoding="utf-8")) != now:
        raise UsageError(f"{out} holds a run with another config: choose a new --out, or remove it")
    kept.write_text(json.dumps(now), encoding="utf-8")
