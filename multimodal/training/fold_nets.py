"""Training of small networks anew in every fold, the plain way: ordinary torch, one fold after the other.

``multimodal.training.fold_nets_together`` does the same arithmetic for all folds at once. Chance is parted so that both
agree: first weights and the order of clips come from (seed, fold); dropout masks from (seed, step) alone, so that all
folds share them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from multimodal.config import Config
from multimodal.data.samples import FlowSamples, TestClips
from multimodal.expression.normalise import normalise
from multimodal.expression.registry import build_model
from multimodal.expression.zoo.systems import SystemConfig
from multimodal.training.classifiers.base import FoldTask, Scores


class NetConfig(Config):
    """How a small network over flow maps is trained; see ``of``.

    Attributes:
        model: Registered network over whole maps; ``options`` are its factory's keyword arguments.
        epochs: Their number, fixed beforehand: no score decides when to stop.
        batch, learning_rate, weight_decay: Of the optimisation (Adam).
        scaling: ``unit``: each map and channel stretched to 0 to 1, as published. ``centred``: see
            ``expression.normalise``.
    """

    model: str = "ststnet"
    options: dict[str, Any] = Field(default_factory=dict)
    epochs: int = Field(default=200, gt=0)
    batch: int = Field(default=40, gt=0)
    learning_rate: float = Field(default=5e-5, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    scaling: Literal["unit", "centred"] = "unit"

    @classmethod
    def of(cls, system: SystemConfig) -> NetConfig:
        """Return the settings of a system that is trained without class weights, mirrors or smoothing."""
        shared = {name: getattr(system, name) for name in cls.model_fields if name != "model"}
        return cls(model=system.name, **shared)


@dataclass(frozen=True)
class Lesson:
    """What a network is given of a fold.

    Attributes:
        name: Of the fold.
        seed: Of the run.
        maps: ``[n, 3, 28, 28]``, scaled maps to learn from.
        labels: ``[n]``.
        classes: Their number.
        tests: Scaled maps to name, one tensor a condition.
    """

    name: str
    seed: int
    maps: Float[Tensor, "n 3 28 28"]
    labels: Int[Tensor, "n"]
    classes: int
    tests: tuple[Float[Tensor, "_ 3 28 28"], ...]

    def steps(self, batch: int) -> int:
        """Return how many batches an epoch has."""
        return -(-len(self.labels) // batch)


def lesson_of(task: FoldTask, config: NetConfig) -> Lesson:
    """Scale a fold's maps, each by itself: nothing is fitted to more than one clip."""
    tests = tuple(scaled(test, config.scaling) for test in task.tests)
    labels = torch.from_numpy(task.train.labels)
    return Lesson(task.name, task.seed, scaled(task.train, config.scaling), labels, len(task.train.classes), tests)


def scaled(clips: FlowSamples | TestClips, scaling: Literal["unit", "centred"]) -> Float[Tensor, "n 3 28 28"]:
    """Return the maps as a network takes them, see ``NetConfig``."""
    if scaling == "centred":
        rows = [normalise(flow[None], seen)[0] for flow, seen in zip(clips.flow, clips.visibility, strict=True)]
        return torch.from_numpy(np.stack(rows))
    low, high = clips.flow.min(axis=(2, 3), keepdims=True), clips.flow.max(axis=(2, 3), keepdims=True)
    return torch.from_numpy(((clips.flow - low) / np.where(high > low, high - low, 1)).astype(np.float32))


def fresh(config: NetConfig, lesson: Lesson) -> nn.Module:
    """Return a network with the fold's first weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(chance_of(lesson.seed, lesson.name, "weights"))
        network: nn.Module = build_model(config.model, classes=lesson.classes, **config.options)
    return network


def orders(config: NetConfig, lesson: Lesson) -> Iterator[list[Int[Tensor, "rows"]]]:
    """Yield the batches of each epoch, as numbers of clips."""
    source = torch.Generator().manual_seed(chance_of(lesson.seed, lesson.name, "order"))
    for _ in range(config.epochs):
        order = torch.randperm(len(lesson.labels), generator=source)
        yield list(order.split(config.batch)) if len(order) else []


def chance_of(*parts: int | str) -> int:
    """Return a seed that hangs on all parts."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "little")


def step_seed(seed: int, epoch: int, number: int) -> int:
    """Return the seed of a step's dropout masks."""
    return chance_of(seed, epoch, number)


def learn(config: NetConfig, lesson: Lesson) -> Iterator[nn.Module]:
    """Train one fold's network the plain way; yield it after every epoch."""
    network = fresh(config, lesson)
    optimiser = adam(network, config)
    for epoch, batches in enumerate(orders(config, lesson)):
        network.train()
        for number, rows in enumerate(batches):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(step_seed(lesson.seed, epoch, number))
                logits = network(lesson.maps[rows])
            loss = functional.cross_entropy(logits, lesson.labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        yield network


def name_tests(network: nn.Module, lesson: Lesson) -> list[Scores]:
    """Return the class probabilities that a network gives each of the fold's tests."""
    network.eval()
    with torch.inference_mode():
        return [probabilities(network(maps)) for maps in lesson.tests]


def adam(network: nn.Module, config: NetConfig) -> torch.optim.Optimizer:
    """Return the optimiser; it treats every number by itself, so stacked parameters change nothing."""
    return torch.optim.Adam(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)


def probabilities(logits: Float[Tensor, "n classes"]) -> Scores:
    """Return float64 probabilities."""
    return logits.double().softmax(dim=-1).numpy()


def fit_alone(config: NetConfig, task: FoldTask) -> list[Scores]:
    """Train one fold's network and return the probabilities of its tests."""
    lesson = lesson_of(task, config)
    *_, network = learn(config, lesson)
    return name_tests(network, lesson)


def trace_alone(config: NetConfig, task: FoldTask) -> list[Float[np.ndarray, "epochs n classes"]]:
    """Do the same, and return the probabilities after every epoch."""
    lesson = lesson_of(task, config)
    epochs = [name_tests(network, lesson) for network in learn(config, lesson)]
    return [np.stack(scores) for scores in zip(*epochs, strict=True)]


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Let torch use so many threads inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
