"""What the regional branch learns from in a fold: batches drawn at random from the training side, and their loss."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from multimodal.data.samples import FlowSamples
from multimodal.expression.normalise import HIDDEN_BELOW
from multimodal.face.canonical import MIRROR
from multimodal.training import flow_batches
from multimodal.training.classifiers.base import FoldTask
from multimodal.training.fold_nets import chance_of
from multimodal.training.regional_config import RegionalFoldConfig


@dataclass(frozen=True)
class Lesson:
    """A fold's training side in torch.

    Attributes:
        maps: ``[n, 3, 28, 28]``: u, v, strain, any unit.
        visibility: ``[n, 12]``, as far as it is told.
        targets: ``[n, classes]``, one-hot rows times the weight of their class.
        fill: ``[3, 28, 28]``, what covered cells show: the mean of the free clips.
        bank: ``[some, 28, 28]``, covers to learn with.
    """

    maps: Float[Tensor, "n 3 28 28"]
    visibility: Float[Tensor, "n 12"]
    targets: Float[Tensor, "n classes"]
    fill: Float[Tensor, "3 28 28"]
    bank: Float[Tensor, "some 28 28"]

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Batch:
    """Clips as the network is to meet them.

    Attributes:
        maps: ``[n, 3, 28, 28]``, any unit.
        visible: ``[n, 12]``, how much of each region can be seen.
        told: ``[n, 12]``, what the network is told of that.
        untold: ``[n]``, whether a cover is kept from it.
        targets: ``[n, classes]``, weighted shares of the classes.
    """

    maps: Float[Tensor, "n 3 28 28"]
    visible: Float[Tensor, "n 12"]
    told: Float[Tensor, "n 12"]
    untold: Bool[Tensor, "n"]
    targets: Float[Tensor, "n classes"]


def lesson_of(config: RegionalFoldConfig, task: FoldTask) -> Lesson:
    """Return what is learned from in a fold; nothing of it comes from the tests.

    Raises:
        UsageError: The config names covers that there are not.
    """
    train = task.train
    free = (train.visibility >= 1).all(axis=1)
    return Lesson(
        torch.from_numpy(train.flow),
        torch.from_numpy(train.visibility),
        torch.from_numpy(_targets(train, config.balance)),
        torch.from_numpy(train.flow[free if free.any() else slice(None)].mean(axis=0)),
        flow_batches.draw_bank(config.covers, config.bank, chance_of(task.seed, "covers")),
    )


def draw_batch(config: RegionalFoldConfig, lesson: Lesson, rows: Int[Tensor, "n"], source: torch.Generator) -> Batch:
    """Mirror, warp, mix and cover the chosen clips at random; all chance comes from ``source``, in this order."""
    batch = _posed(config, lesson, rows, source)
    if config.mix:
        batch = _mixed(config, batch, source)
    return _covered(config, lesson, batch, source)


def inputs_of(config: RegionalFoldConfig, batch: Batch, source: torch.Generator) -> Float[Tensor, "n 3 28 28"]:
    """Return normalised maps, each channel a little stronger or weaker at random."""
    gain = torch.exp(config.gain * torch.randn(len(batch.maps), 3, 1, 1, generator=source))
    return flow_batches.normalised(batch.maps, batch.told) * gain


def loss_of(
    config: RegionalFoldConfig, batch: Batch, logits: Float[Tensor, "n classes"], attention: Float[Tensor, "n 12"]
) -> Float[Tensor, ""]:
    """Return the loss of the classes and, where covers were kept from the network, that of finding them."""
    loss = _class_loss(logits, batch.targets, config.smoothing)
    if config.hidden_weight and batch.untold.any():
        loss = loss + config.hidden_weight * _cover_loss(attention[batch.untold], batch.visible[batch.untold])
    return loss


def _targets(train: FlowSamples, balance: float) -> Float[np.ndarray, "n classes"]:
    """Return one-hot rows times the weight of their class, 1 on average."""
    counts = np.bincount(train.labels, minlength=len(train.classes)).clip(1)
    weights = (counts**-balance / np.mean(counts[train.labels] ** -balance)).astype(np.float32)
    shares: Float[np.ndarray, "n classes"] = np.eye(len(train.classes), dtype=np.float32)[train.labels]
    return shares * weights[train.labels][:, None]


def _posed(config: RegionalFoldConfig, lesson: Lesson, rows: Int[Tensor, "n"], source: torch.Generator) -> Batch:
    """Take the clips, half of them mirrored, all of them a little moved, turned and scaled."""
    told = lesson.visibility[rows]
    flip = torch.rand(len(rows), generator=source) < 0.5
    maps = flow_batches.mirrored(lesson.maps[rows], flip)
    told = torch.where(flip[:, None], told[:, list(MIRROR)], told)
    maps = flow_batches.warped(maps, source, config.shift, config.turn, config.scale)
    return Batch(maps, told, told, torch.zeros(len(rows), dtype=torch.bool), lesson.targets[rows])


def _mixed(config: RegionalFoldConfig, batch: Batch, source: torch.Generator) -> Batch:
    """Mix every clip with another one of the batch; a region counts as hidden as it is in either."""
    count = len(batch.maps)
    partners = torch.randperm(count, generator=source)
    shares = _shares(config.mix, count, source)
    own = shares[:, None]
    told = torch.minimum(batch.told, batch.told[partners])
    targets = own * batch.targets + (1 - own) * batch.targets[partners]
    maps = flow_batches.mixed(batch.maps, partners, shares)
    return replace(batch, maps=maps, visible=told, told=told, targets=targets)


def _covered(config: RegionalFoldConfig, lesson: Lesson, batch: Batch, source: torch.Generator) -> Batch:
    """Put covers before some of the clips, and keep some of the covers from the network."""
    count = len(batch.maps)
    hidden = lesson.bank[torch.randint(len(lesson.bank), (count,), generator=source)]
    hidden = hidden * (torch.rand(count, generator=source) < config.cover)[:, None, None]
    visible = batch.told * flow_batches.visibility_of(hidden)
    untold = torch.rand(count, generator=source) < config.untold
    told = torch.where(untold[:, None], batch.told, visible)
    maps = flow_batches.covered(batch.maps, hidden, lesson.fill)
    return replace(batch, maps=maps, visible=visible, told=told, untold=untold)


def _class_loss(
    logits: Float[Tensor, "n classes"], targets: Float[Tensor, "n classes"], smoothing: float
) -> Float[Tensor, ""]:
    """Return the cross entropy against smoothed labels; a row's weight is the sum of its targets."""
    even = targets.sum(dim=1, keepdim=True) / targets.shape[1]
    smooth = (1 - smoothing) * targets + smoothing * even
    return -(logits.log_softmax(dim=1) * smooth).sum(dim=1).mean()


def _cover_loss(attention: Float[Tensor, "n 12"], visible: Float[Tensor, "n 12"]) -> Float[Tensor, ""]:
    """Return how badly attention tells hidden regions from visible ones."""
    shown = (visible >= HIDDEN_BELOW).float()
    return functional.binary_cross_entropy(attention.clamp(1e-4, 1 - 1e-4), shown)


def _shares(mix: float, count: int, source: torch.Generator) -> Float[Tensor, "n"]:
    """Draw beta-distributed shares, the larger part always one's own."""
    rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=source)))
    shares = rng.beta(mix, mix, count)
    return torch.from_numpy(np.maximum(shares, 1 - shares).astype(np.float32))
