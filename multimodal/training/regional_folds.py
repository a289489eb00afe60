"""The regional branch trained anew in every fold: small networks, some from scratch, some from synthetic faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from multimodal import weights as shipped
from multimodal.data.samples import TestClips
from multimodal.expression.normalise import normalised_clip
from multimodal.expression.regional import EMBEDDING, Heads
from multimodal.expression.registry import build_model
from multimodal.face.canonical import MIRROR
from multimodal.results import EXPRESSIONS
from multimodal.training.classifiers.base import FoldTask, Scores
from multimodal.training.fold_nets import chance_of
from multimodal.training.linear_readers import read_linearly
from multimodal.training.regional_config import RegionalFoldConfig
from multimodal.training.regional_lessons import Lesson, draw_batch, inputs_of, lesson_of, loss_of
from multimodal.weights.tensors import read_weights

Trace = Float[np.ndarray, "epochs n classes"]


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
    """Train a fold's networks and linear readers; return its tests' probabilities, geometric means over all of them.

    Raises:
        MissingError: The ready weights are missing or damaged, or do not fit the network.
        UsageError: The config names a network or covers that there are not.
    """
    members = []
    for number in range(config.scratch + config.tuned):
        *_, reader = learn(config, task, number)
        members.append(name_tests(reader, task))
    return _with_linear(config, [_together(scores) for scores in zip(*members, strict=True)], _linear(config, task))


def trace(config: RegionalFoldConfig, task: FoldTask) -> list[Trace]:
    """Do the same, and return the probabilities after every epoch of the networks; see ``fit``."""
    count, linear = config.scratch + config.tuned, _linear(config, task)
    members = [[name_tests(reader, task) for reader in learn(config, task, number)] for number in range(count)]
    epochs = [[_together(scores) for scores in zip(*epoch, strict=True)] for epoch in zip(*members, strict=True)]
    return [np.stack(scores) for scores in zip(*(_with_linear(config, e, linear) for e in epochs), strict=True)]


def learn(config: RegionalFoldConfig, task: FoldTask, number: int) -> Iterator[FoldReader]:
    """Train one of a fold's networks; yield the running mean of its weights after every epoch, the same object each.

    Args:
        config: How.
        task: The fold; its tests are not touched.
        number: Which network; those below ``config.scratch`` start from random weights.

    Raises:
        MissingError, UsageError: See ``fit``.
    """
    seed = chance_of(task.seed, task.name, number)
    source = torch.Generator().manual_seed(seed)
    lesson = lesson_of(config, task)
    reader = _fresh(config, task.train.classes, number, seed)
    kept = AveragedModel(reader, multi_avg_fn=get_ema_multi_avg_fn(config.average), use_buffers=True)
    optimiser, schedule = _optimisation(config, reader, number, len(lesson))
    for epoch in range(config.epochs):
        reader.train()
        for rows in torch.randperm(len(lesson), generator=source).split(config.batch):
            loss = _loss(config, lesson, reader, rows, source, chance_of(seed, epoch, int(rows[0])))
            _step(optimiser, reader, loss)
            schedule.step()
            kept.update_parameters(reader)
        yield kept.module


def name_tests(reader: nn.Module, task: FoldTask) -> list[Scores]:
    """Return the probabilities that a network gives each of the fold's tests, over each clip and its mirror image."""
    reader.eval()
    return [_named(reader, test) for test in task.tests]


def _fresh(config: RegionalFoldConfig, classes: tuple[str, ...], number: int, seed: int) -> FoldReader:
    """Return a network with its first weights; the process's own chance is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return FoldReader(_first(config, number), classes)


def _first(config: RegionalFoldConfig, number: int) -> nn.Module:
    if number < config.scratch:
        network: nn.Module = build_model(config.model, **config.options)
        return network
    path, card = shipped.find(config.ready)
    options = {**card.architecture, **config.options}
    network = build_model(options.pop("model"), **options)
    read_weights(network, path)
    network.linear = None  # a fold has linear readers of its own
    return network


def _optimisation(
    config: RegionalFoldConfig, reader: nn.Module, number: int, clips: int
) -> tuple[torch.optim.Optimizer, LRScheduler]:
    rate = config.learning_rate if number < config.scratch else config.tuned_rate
    optimiser = torch.optim.AdamW(reader.parameters(), rate, weight_decay=config.weight_decay)
    steps = config.epochs * -(-clips // config.batch) + 1
    return optimiser, OneCycleLR(optimiser, rate, steps, pct_start=0.15)


def _loss(
    config: RegionalFoldConfig,
    lesson: Lesson,
    reader: nn.Module,
    rows: Int[Tensor, "n"],
    source: torch.Generator,
    dropout: int,
) -> Float[Tensor, ""]:
    """Return the loss of a batch; ``dropout`` is the seed of its masks: the same whoever else draws in between."""
    batch = draw_batch(config, lesson, rows, source)
    maps = inputs_of(config, batch, source)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(dropout)
        logits, attention = reader(maps, batch.told)
    return loss_of(config, batch, logits, attention)


def _step(optimiser: torch.optim.Optimizer, reader: nn.Module, loss: Float[Tensor, ""]) -> None:
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
    optimiser.step()


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


def _linear(config: RegionalFoldConfig, task: FoldTask) -> list[np.ndarray]:
    return read_linearly(config, task) if config.linear else []


def _with_linear(config: RegionalFoldConfig, networks: list[np.ndarray], linear: list[np.ndarray]) -> list[np.ndarray]:
    """Let the linear readers have their share of the say, test by test."""
    if not linear:
        return networks
    shares = (1 - config.linear, config.linear)
    return [_together(pair, shares) for pair in zip(networks, linear, strict=True)]


def _together(scores: Sequence[Scores], shares: Sequence[float] | None = None) -> Scores:
    """Return the geometric mean of several readers' probabilities, each counting as its share says."""
    weights = np.ones(len(scores)) if shares is None else np.asarray(shares)
    mean = np.exp(np.average(np.log(np.clip(scores, 1e-9, 1)), axis=0, weights=weights))
    return np.asarray(mean / mean.sum(axis=1, keepdims=True))
