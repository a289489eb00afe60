"""Fits the skeleton classifier: labelled photos -> hand points -> perceptron, with out-of-fold opinions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional

from multimodal.config import Config
from multimodal.data.yolo_folder import Sample, boxes_of, read_rgb
from multimodal.gesture.boxes import iou
from multimodal.gesture.hands import HandTracker
from multimodal.gesture.skeleton import EMBEDDING, FEATURES, features, from_tensors, normalise
from multimodal.results import GESTURES


class SkeletonTraining(Config):
    """How the skeleton classifier is fitted.

    Attributes:
        epochs: Passes over all hands at once.
        hidden: Width of the first layer; the second is the 64-d embedding.
        learning_rate, weight_decay: AdamW's; the rate falls to zero by a cosine.
        dropout: After both hidden layers.
        smoothing: Label smoothing.
        rotation: Spread of the random turn in the picture's plane, degrees.
        noise: Spread of the noise on each coordinate, in palm sizes.
        copies: Augmented copies of each hand in every epoch.
        folds: Folds of the cross-validation that gives the out-of-fold opinions.
        overlap: Least IoU of the points' box with a labelled box for the hand to take its label.
    """

    epochs: int = Field(default=400, ge=1)
    hidden: int = Field(default=128, ge=8)
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    smoothing: float = Field(default=0.05, ge=0, lt=1)
    rotation: float = Field(default=12.0, ge=0)
    noise: float = Field(default=0.06, ge=0)
    copies: int = Field(default=2, ge=1)
    folds: int = Field(default=5, ge=2)
    overlap: float = Field(default=0.3, gt=0, le=1)


@dataclass(frozen=True)
class LabelledHands:
    """The points found for every labelled box.

    Attributes:
        points: ``[boxes, 21, 3]``, normalised; zero where no hand was found.
        found: ``[boxes]``, whether a hand was found in the box.
        labels: ``[boxes]``, class numbers.
        images: ``[boxes]``, the number of each box's picture.
    """

    points: Float[np.ndarray, "boxes 21 3"]
    found: Bool[np.ndarray, "boxes"]
    labels: Int[np.ndarray, "boxes"]
    images: Int[np.ndarray, "boxes"]


def find_hands(samples: Sequence[Sample], cache: Path, overlap: float) -> LabelledHands:
    """Find the hand in every labelled box, or read it from ``cache`` where that lists the same pictures."""
    names = np.array([str(sample.image) for sample in samples])
    if cache.is_file():
        with np.load(cache, allow_pickle=False) as kept:
            if np.array_equal(kept["names"], names):
                return LabelledHands(kept["points"], kept["found"], kept["labels"], kept["images"])
    with HandTracker(live=False) as tracker:
        rows = [row for number, sample in enumerate(samples) for row in _hands_of(sample, number, tracker, overlap)]
    points, found, labels, images = zip(*rows, strict=True)
    hands = LabelledHands(np.stack(points), np.array(found), np.array(labels), np.array(images))
    np.savez(cache, names=names, points=hands.points, found=hands.found, labels=hands.labels, images=hands.images)
    return hands


def _hands_of(
    sample: Sample, number: int, tracker: HandTracker, overlap: float
) -> list[tuple[Float[np.ndarray, "21 3"], bool, int, int]]:
    """Return ``(points, found, label, image number)`` for each labelled box of a picture."""
    image = read_rgb(sample.image)
    height, width = image.shape[:2]
    hands = tracker.find(image)
    boxes = np.array([hand.box(width, height) for hand in hands], dtype=np.float64).reshape(-1, 4)
    shared = iou(boxes_of(sample, width, height), boxes)
    rows = []
    for label, row in zip(sample.labels, shared, strict=True):
        best = int(row.argmax()) if row.size and row.max() >= overlap else None
        points = np.zeros((21, 3)) if best is None else normalise(hands[best])
        rows.append((points, best is not None, GESTURES.index(label.name), number))
    return rows


def augment(
    points: Float[np.ndarray, "hands 21 3"], rng: np.random.Generator, rotation: float, noise: float
) -> Float[np.ndarray, "hands 21 3"]:
    """Return the hands turned a little in the picture's plane, stretched a little, with noise; the wrist stays at zero.

    Args:
        points: Normalised points.
        rng: Where the randomness comes from.
        rotation: Spread of the turn, degrees.
        noise: Spread of the noise, palm sizes.
    """
    angle = np.deg2rad(rng.normal(0, rotation, len(points)))
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    turned = np.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=2)
    turned = turned + rng.normal(0, noise, points.shape)
    turned = turned * (1 + rng.normal(0, 0.05, (len(points), 1, 3)))
    return turned - turned[:, :1]


def fit(
    points: Float[np.ndarray, "hands 21 3"], labels: Int[np.ndarray, "hands"], config: SkeletonTraining, seed: int
) -> dict[str, np.ndarray]:
    """Fit the perceptron and return its tensors, as ``gesture.skeleton.from_tensors`` takes them."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    sample = features(np.concatenate([augment(points, rng, config.rotation, config.noise) for _ in range(10)]))
    mean, spread = sample.mean(axis=0), sample.std(axis=0) + 1e-3
    net = _network(config)
    optimiser = torch.optim.AdamW(net.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.epochs)
    target = torch.from_numpy(np.tile(labels, config.copies))
    for _ in range(config.epochs):
        copies = [augment(points, rng, config.rotation, config.noise) for _ in range(config.copies)]
        inputs = torch.from_numpy((features(np.concatenate(copies)) - mean) / spread)
        loss = functional.cross_entropy(net(inputs), target, label_smoothing=config.smoothing)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return {"mean": mean, "spread": spread, **_tensors(net)}


def out_of_fold(
    points: Float[np.ndarray, "hands 21 3"],
    labels: Int[np.ndarray, "hands"],
    images: Int[np.ndarray, "hands"],
    config: SkeletonTraining,
    seed: int,
) -> Float[np.ndarray, "hands 19"]:
    """Return each hand's log-probabilities by a classifier that saw no hand of the same picture."""
    folds = _folds(labels, images, config.folds, seed)
    opinions = np.zeros((len(labels), len(GESTURES)))
    for fold in range(config.folds):
        aside = folds == fold
        tensors = fit(points[~aside], labels[~aside], config, seed)
        opinions[aside] = opinion(tensors, points[aside])
    return opinions


def opinion(tensors: dict[str, np.ndarray], points: Float[np.ndarray, "hands 21 3"]) -> Float[np.ndarray, "hands 19"]:
    """Return the log-probabilities of a fitted classifier."""
    classifier = from_tensors(tensors, Path("gesture-skeleton"))
    return classifier.classify(classifier.embed(points))


def save(tensors: dict[str, np.ndarray], path: Path) -> None:
    """Write the tensors as safetensors, 32 bit."""
    save_file({name: np.ascontiguousarray(tensor, dtype=np.float32) for name, tensor in tensors.items()}, path)


def _folds(
    labels: Int[np.ndarray, "hands"], images: Int[np.ndarray, "hands"], count: int, seed: int
) -> Int[np.ndarray, "hands"]:
    """Deal the pictures to folds, class by class; a picture goes by its first hand's class."""
    rng = np.random.default_rng(seed)
    pictures, first = np.unique(images, return_index=True)
    dealt: dict[int, int] = {}
    for name in np.unique(labels[first]):
        group = rng.permutation(pictures[labels[first] == name])
        dealt.update({int(picture): place % count for place, picture in enumerate(group)})
    return np.array([dealt[int(picture)] for picture in images])


def _network(config: SkeletonTraining) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(FEATURES, config.hidden),
        nn.ReLU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.hidden, EMBEDDING),
        nn.ReLU(),
        nn.Dropout(config.dropout),
        nn.Linear(EMBEDDING, len(GESTURES)),
    )


def _tensors(net: nn.Sequential) -> dict[str, np.ndarray]:
    linear = [layer for layer in net if isinstance(layer, nn.Linear)]
    tensors = {}
    for number, layer in enumerate(linear):
        tensors[f"layer{number}.weight"] = layer.weight.detach().numpy()
        tensors[f"layer{number}.bias"] = layer.bias.detach().numpy()
    return tensors
