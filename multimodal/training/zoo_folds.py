"""Training of a system of the zoo anew in every fold: a fixed number of epochs, the plain way.

Chance is parted as in ``fold_nets``: first weights, order and mirrors come from (seed, fold), so that a fold gives the
same result whatever else is trained beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.optim.lr_scheduler import StepLR

from multimodal.data.samples import FlowSamples, TestClips
from multimodal.expression.registry import build_model
from multimodal.expression.zoo.network import UnitNetwork, ZooNetwork
from multimodal.expression.zoo.systems import FROM_FRAMES, Input, SystemConfig, refuse_maps
from multimodal.training.classifiers.base import FoldTask, Scores
from multimodal.training.fold_nets import chance_of, probabilities, scaled
from multimodal.training.unit_labels import UnitLabels, unit_labels

Inputs = tuple[Tensor, ...]


@dataclass(frozen=True)
class Lesson:
    """What a network is given of a fold.

    Attributes:
        inputs: A tensor for each of the system's inputs, a row a clip to learn from.
        labels: ``[n]``.
        weights: Of the classes, ``[classes]``.
        tests: The same inputs of the clips to name, for each condition.
        units: Coded action units of the clips to learn from; None where they came without.
    """

    inputs: Inputs
    labels: Int[Tensor, "n"]
    weights: Float[Tensor, "classes"]
    tests: tuple[Inputs, ...]
    units: UnitLabels | None = None


Loss = Callable[[SystemConfig, ZooNetwork, Lesson, Int[Tensor, "rows"]], Tensor]
"""What a network makes small, from some rows of its lesson."""

Naming = Callable[[ZooNetwork, Inputs], Scores]
"""What a network says of clips."""


def fit(system: SystemConfig, task: FoldTask) -> list[Scores]:
    """Train one fold's network; return the probabilities of its tests.

    Raises:
        UsageError: The system takes frames and was given flow maps.
    """
    lesson = lesson_of(system, task)
    *_, network = learn(system, task, lesson)
    return name_tests(network, lesson)


def trace(system: SystemConfig, task: FoldTask) -> list[Float[np.ndarray, "epochs n classes"]]:
    """Do the same; return the probabilities after every epoch."""
    lesson = lesson_of(system, task)
    epochs = [name_tests(network, lesson) for network in learn(system, task, lesson)]
    return [np.stack(scores) for scores in zip(*epochs, strict=True)]


def lesson_of(system: SystemConfig, task: FoldTask) -> Lesson:
    """Return a fold's inputs; each clip is scaled by itself, nothing is fitted to several.

    Raises:
        UsageError: See ``fit``.
    """
    counts = np.bincount(task.train.labels, minlength=len(task.train.classes))
    weights = np.where(counts > 0, np.maximum(counts, 1.0) ** -system.balance, 0.0)
    return Lesson(
        inputs_of(system, task.train),
        torch.from_numpy(task.train.labels),
        torch.from_numpy((weights / weights.sum() * (counts > 0).sum()).astype(np.float32)),
        tuple(inputs_of(system, test) for test in task.tests),
        unit_labels(task.train),
    )


def inputs_of(system: SystemConfig, clips: FlowSamples | TestClips) -> Inputs:
    """Return what a system's network takes of clips.

    Raises:
        UsageError: The clips are flow maps, and the system takes frames.
    """
    if any(kind in FROM_FRAMES and kind not in clips.features for kind in system.inputs):
        raise refuse_maps(system)
    return tuple(_input(system, kind, clips) for kind in system.inputs)


def class_probabilities(network: ZooNetwork, inputs: Inputs) -> Scores:
    """Return the probability of each class."""
    return probabilities(network(*inputs))


def class_loss(system: SystemConfig, network: ZooNetwork, lesson: Lesson, rows: Int[Tensor, "rows"]) -> Tensor:
    """Return the system's own loss of some clips."""
    inputs, labels = shown(system, lesson, rows), lesson.labels[rows]
    if isinstance(network, UnitNetwork) and lesson.units is not None:
        units, positive = lesson.units.rows[rows], lesson.units.positive
        return network.unit_loss(inputs, labels, lesson.weights, system.smoothing, units, positive)
    target = _some(lesson.tests[0], len(rows)) if network.aligns else ()
    return network.loss(inputs, labels, lesson.weights, system.smoothing, target)


def shown(system: SystemConfig, lesson: Lesson, rows: Int[Tensor, "rows"]) -> Inputs:
    """Return the inputs of some clips, half of them mirrored if the system wants that."""
    inputs = tuple(column[rows] for column in lesson.inputs)
    return _half_mirrored(system, inputs) if system.mirror else inputs


def learn(system: SystemConfig, task: FoldTask, lesson: Lesson, loss_of: Loss = class_loss) -> Iterator[ZooNetwork]:
    """Train one fold's network; yield it after every epoch."""
    seed = chance_of(task.seed, task.name, system.name)
    network, source = _fresh(system, len(task.train.classes), seed), torch.Generator().manual_seed(seed)
    optimiser = optimiser_of(system, network)
    schedule = StepLR(optimiser, system.decay_every or system.epochs, system.decay)
    for epoch in range(system.epochs):
        network.train()
        for number, rows in enumerate(batches_of(len(lesson.labels), system.batch, source)):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(chance_of(seed, epoch, number))
                loss = loss_of(system, network, lesson, rows)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
        yield network


def name_tests(
    network: ZooNetwork, lesson: Lesson, name: Naming = class_probabilities, batch: int = 64
) -> list[Scores]:
    """Return what a network says of the fold's tests."""
    network.eval()
    with torch.inference_mode():
        return [_named(network, inputs, name, batch, len(lesson.weights)) for inputs in lesson.tests]


def mirrored(kind: Input, rows: Tensor, unit: bool) -> Tensor:
    """Return inputs as a mirror shows them; u changes its direction.

    Args:
        kind: What they are; the last axis goes from left to right.
        rows: A row a clip.
        unit: Whether flow was stretched to 0 to 1, so that -u is 1 - u.
    """
    turned = rows.flip(-1)
    if kind in {"flow", "flows"}:
        turned[:, 0] = 1 - turned[:, 0] if unit and kind == "flow" else -turned[:, 0]
    return turned


def _input(system: SystemConfig, kind: Input, clips: FlowSamples | TestClips) -> Tensor:
    if kind == "flow":
        return scaled(clips, system.scaling)
    rows = torch.from_numpy(clips.features[kind])
    return rows.float() if kind == "flows" else rows.float() / 255


def _fresh(system: SystemConfig, classes: int, seed: int) -> ZooNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: ZooNetwork = build_model(system.network, classes=classes, **system.options)
    return network


def optimiser_of(system: SystemConfig, network: nn.Module) -> torch.optim.Optimizer:
    """Return the optimiser of a system's network."""
    if system.optimiser == "sgd":
        return torch.optim.SGD(network.parameters(), system.learning_rate, 0.9, weight_decay=system.weight_decay)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[system.optimiser]
    return kind(network.parameters(), system.learning_rate, weight_decay=system.weight_decay)


def batches_of(count: int, size: int, source: torch.Generator) -> list[Int[Tensor, "rows"]]:
    """Return an epoch's batches; a clip left alone joins the batch before, since batch statistics take two."""
    batches = list(torch.randperm(count, generator=source).split(size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def _half_mirrored(system: SystemConfig, inputs: Inputs) -> Inputs:
    flip = torch.rand(len(inputs[0])) < 0.5
    turned = [mirrored(kind, rows, system.scaling == "unit") for kind, rows in zip(system.inputs, inputs, strict=True)]
    return tuple(
        torch.where(flip.reshape(-1, *(1,) * (rows.dim() - 1)), other, rows)
        for rows, other in zip(inputs, turned, strict=True)
    )


def _some(inputs: Inputs, count: int) -> Inputs:
    """Return so many unlabelled clips, drawn with repetition."""
    rows = torch.randint(len(inputs[0]), (count,))
    return tuple(column[rows] for column in inputs)


def _named(network: ZooNetwork, inputs: Inputs, name: Naming, batch: int, classes: int) -> Scores:
    if not len(inputs[0]):
        return np.zeros((0, classes))
    parts = zip(*(column.split(batch) for column in inputs), strict=True)
    return np.concatenate([name(network, part) for part in parts])
