"""The regional branch trained anew in every fold: small networks, some from scratch, some from synthetic faces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from multimodal import weights as shipped
from multimodal.config import Config
from multimodal.data.samples import TestClips
from multimodal.expression.normalise import HIDDEN_BELOW, normalised_clip
from multimodal.expression.regional import EMBEDDING, Heads
from multimodal.expression.registry import build_model
from multimodal.face.canonical import MIRROR
from multimodal.results import EXPRESSIONS
from multimodal.training import flow_batches
from multimodal.training.classifiers.base import FoldTask, Scores
from multimodal.training.fold_nets import chance_of
from multimodal.weights.tensors import read_weights

Trace = Float[np.ndarray, "epochs n classes"]


class RegionalFoldConfig(Config):
    """The model of ``configs/expression/regional-folds.yaml``.

    Attributes:
        model: Registered network over normalised maps and visibility; ``options`` are its factory's keyword arguments.
        scratch: How many networks start from random weights.
        tuned: How many start from ``ready``.
        ready: Weights that never saw a real face; their card's options hold for the networks that start from them, but
            for ``options``.
        epochs, batch, learning_rate, tuned_rate, weight_decay, smoothing, average: Of the optimisation (AdamW, one
            cycle); ``tuned_rate`` is that of tuned networks, ``smoothing`` that of the labels, ``average`` the decay of
            the running mean of the weights, which is what is kept.
        balance: 0 counts every clip alike, 1 every class.
        mix: Parameter of the beta distribution of mixup (Zhang et al. 2018); 0 mixes nothing.
        gain: Spread of each channel's random strength, as a logarithm.
        shift, turn, scale: See ``flow_batches.warped``.
        cover: Share of the clips that are covered while learning.
        covers: How often each condition is drawn for that.
        bank: How many different covers there are to learn with.
        hidden_weight: Of the loss that teaches attention which regions are covered.
        untold: Share of the covered clips of which the network is not told what is hidden.
    """

    model: str = "regional"
    options: dict[str, Any] = Field(default_factory=dict)
    scratch: int = Field(default=2, ge=0)
    tuned: int = Field(default=2, ge=0)
    ready: str = "regional-synthetic"
    epochs: int = Field(default=50, gt=0)
    batch: int = Field(default=32, gt=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    tuned_rate: float = Field(default=5e-4, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    smoothing: float = Field(default=0.1, ge=0, lt=1)
    average: float = Field(default=0.98, ge=0, lt=1)
    balance: float = Field(default=0.7, ge=0, le=1)
    mix: float = Field(default=0.4, ge=0)
    gain: float = Field(default=0.15, ge=0)
    shift: float = Field(default=1.5, ge=0)
    turn: float = Field(default=4.0, ge=0)
    scale: float = Field(default=0.06, ge=0)
    cover: float = Field(default=0.75, ge=0, le=1)
    covers: dict[str, float] = Field(default_factory=lambda: {"mask": 1.0, "glasses": 1.0, "block:0.5": 1.0})
    bank: int = Field(default=600, gt=0)
    hidden_weight: float = Field(default=0.2, ge=0)
    untold: float = Field(default=0.2, ge=0, le=1)


@dataclass(frozen=True)
class _Lesson:
    """A fold's training side in torch; ``targets`` are one-hot rows times the weight of their class."""

    maps: Float[Tensor, "n 3 28 28"]
    visibility: Float[Tensor, "n 12"]
    targets: Float[Tensor, "n classes"]
    fill: Float[Tensor, "3 28 28"]
    bank: Float[Tensor, "some 28 28"]


class FoldReader(nn.Module):
    """A network and a head for the protocol's classes, whatever they are.

    Args:
        network: Returns ``Heads``.
        classes: Names of the classes; where they are ``EXPRESSIONS`` the head starts as the network's own.
    """

    def __init__(self, network: nn.Module, classes: tuple[str, ...]) -> None:
        super().__init__()
        self.network = network
        self.head = nn.Linear(EMBEDDING, len(classes))
        if classes == EXPRESSIONS:
            self.head.load_state_dict(network.expression.state_dict())

    def forward(
        self, maps: Float[Tensor, "n 3 28 28"], visibility: Float[Tensor, "n 12"]
    ) -> tuple[Float[Tensor, "n classes"], Float[Tensor, "n 12"]]:
        """Return logits and attention."""
        heads: Heads = self.network(maps[:, :, None], visibility)
        return self.head(heads.embedding), heads.attention


def fit(config: RegionalFoldConfig, task: FoldTask) -> list[Scores]:
    """Train a fold's networks; return its tests' probabilities: the geometric mean over networks and mirror images.

    Raises:
        MissingError: The ready weights are missing or damaged.
    """
    members = []
    for number in range(config.scratch + config.tuned):
        *_, reader = learn(config, task, number)
        members.append(name_tests(reader, task))
    return [_together(scores) for scores in zip(*members, strict=True)]


def trace(config: RegionalFoldConfig, task: FoldTask) -> list[Trace]:
    """Do the same, and return the probabilities after every epoch."""
    count = config.scratch + config.tuned
    members = [[name_tests(reader, task) for reader in learn(config, task, number)] for number in range(count)]
    epochs = [[_together(scores) for scores in zip(*epoch, strict=True)] for epoch in zip(*members, strict=True)]
    return [np.stack(scores) for scores in zip(*epochs, strict=True)]


def learn(config: RegionalFoldConfig, task: FoldTask, number: int) -> Iterator[nn.Module]:
    """Train one of a fold's networks; yield the running mean of its weights after every epoch.

    Args:
        config: How.
        task: The fold; its tests are not touched.
        number: Which network; those below ``config.scratch`` start from random weights.
    """
    seed = chance_of(task.seed, task.name, number)
    source = torch.Generator().manual_seed(seed)
    lesson = _lesson_of(config, task)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        reader = FoldReader(_first(config, number), task.train.classes)
    kept = AveragedModel(reader, multi_avg_fn=get_ema_multi_avg_fn(config.average), use_buffers=True)
    rate = config.learning_rate if number < config.scratch else config.tuned_rate
    optimiser = torch.optim.AdamW(reader.parameters(), rate, weight_decay=config.weight_decay)
    steps = config.epochs * -(-len(lesson.targets) // config.batch) + 1
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=0.15)
    for epoch in range(config.epochs):
        reader.train()
        for rows in torch.randperm(len(lesson.targets), generator=source).split(config.batch):
            with torch.random.fork_rng(devices=[]):  # dropout: the same whoever else draws numbers in between
                torch.manual_seed(chance_of(seed, epoch, int(rows[0])))
                loss = _loss(config, lesson, reader, rows, source)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            kept.update_parameters(reader)
        yield kept.module


def name_tests(reader: nn.Module, task: FoldTask) -> list[Scores]:
    """Return the probabilities that a network gives each of the fold's tests, over each clip and its mirror image."""
    reader.eval()
    return [_named(reader, test) for test in task.tests]


def _named(reader: nn.Module, test: TestClips) -> Scores:
    if not len(test):
        return np.zeros((0, len(test.classes)))
    pairs = zip(test.flow, test.visibility, strict=True)
    maps = torch.from_numpy(np.stack([normalised_clip(flow[None], seen)[:, 0] for flow, seen in pairs]))
    visibility = torch.from_numpy(test.visibility)
    turned = maps.flip(-1) * torch.tensor([-1.0, 1.0, 1.0])[:, None, None]
    with torch.inference_mode():
        logits = torch.stack((reader(maps, visibility)[0], reader(turned, visibility[:, list(MIRROR)])[0]))
    return logits.double().log_softmax(dim=-1).mean(dim=0).softmax(dim=-1).numpy()


def _together(scores: tuple[Scores, ...]) -> Scores:
    """Return the geometric mean of several networks' probabilities."""
    mean = np.exp(np.mean(np.log(np.clip(scores, 1e-9, 1)), axis=0))
    return np.asarray(mean / mean.sum(axis=1, keepdims=True))


def _first(config: RegionalFoldConfig, number: int) -> nn.Module:
    if number < config.scratch:
        network: nn.Module = build_model(config.model, **config.options)
        return network
    path, card = shipped.find(config.ready)
    options = {**card.architecture, **config.options}
    network = build_model(options.pop("model"), **options)
    read_weights(network, path)
    return network


def _lesson_of(config: RegionalFoldConfig, task: FoldTask) -> _Lesson:
    train = task.train
    counts = np.bincount(train.labels, minlength=len(train.classes)).clip(1)
    weights = counts**-config.balance / np.mean(counts[train.labels] ** -config.balance)
    free = (train.visibility >= 1).all(axis=1)
    fill = train.flow[free if free.any() else slice(None)].mean(axis=0)
    return _Lesson(
        torch.from_numpy(train.flow),
        torch.from_numpy(train.visibility),
        torch.from_numpy(
            np.eye(len(train.classes), dtype=np.float32)[train.labels]
            * weights.astype(np.float32)[train.labels][:, None]
        ),
        torch.from_numpy(fill),
        flow_batches.draw_bank(config.covers, config.bank, chance_of(task.seed, "covers")),
    )


def _loss(
    config: RegionalFoldConfig, lesson: _Lesson, reader: nn.Module, rows: Int[Tensor, "n"], source: torch.Generator
) -> Tensor:
    """Return the loss of a batch that is mirrored, warped, mixed and covered at random."""
    count = len(rows)
    maps, told = lesson.maps[rows], lesson.visibility[rows]
    flip = torch.rand(count, generator=source) < 0.5
    maps = flow_batches.mirrored(maps, flip)
    told = torch.where(flip[:, None], told[:, list(MIRROR)], told)
    maps = flow_batches.warped(maps, source, config.shift, config.turn, config.scale)
    targets = lesson.targets[rows]
    if config.mix:
        partners = torch.randperm(count, generator=source)
        shares = _shares(config.mix, count, source)
        maps = flow_batches.mixed(maps, partners, shares)
        targets = shares[:, None] * targets + (1 - shares)[:, None] * targets[partners]
        told = torch.minimum(told, told[partners])
    hidden = lesson.bank[torch.randint(len(lesson.bank), (count,), generator=source)]
    hidden = hidden * (torch.rand(count, generator=source) < config.cover)[:, None, None]
    maps = flow_batches.covered(maps, hidden, lesson.fill)
    visible = told * flow_batches.visibility_of(hidden)
    untold = torch.rand(count, generator=source) < config.untold
    told = torch.where(untold[:, None], told, visible)
    gain = torch.exp(config.gain * torch.randn(count, 3, 1, 1, generator=source))
    logits, attention = reader(flow_batches.normalised(maps, told) * gain, told)
    even = targets.sum(dim=1, keepdim=True) / targets.shape[1]
    smooth = (1 - config.smoothing) * targets + config.smoothing * even
    loss = -(logits.log_softmax(dim=1) * smooth).sum(dim=1).mean()
    if config.hidden_weight and untold.any():
        shown = (visible[untold] >= HIDDEN_BELOW).float()
        loss = loss + config.hidden_weight * functional.binary_cross_entropy(
            attention[untold].clamp(1e-4, 1 - 1e-4), shown
        )
    return loss


def _shares(mix: float, count: int, source: torch.Generator) -> Float[Tensor, "n"]:
    """Draw beta-distributed shares, the larger part always one's own."""
    rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=source)))
    shares = rng.beta(mix, mix, count)
    return torch.from_numpy(np.maximum(shares, 1 - shares).astype(np.float32))
