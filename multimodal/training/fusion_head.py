"""Teaches the fusion head on pairs that are drawn anew in every epoch, and finds out when it should not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float
from pydantic import Field

from multimodal.config import Config
from multimodal.fusion.prior import Prior, affect_given_gesture
from multimodal.training.common import seed_everything
from multimodal.training.pairs import Channel, Pairs, draw_pairs

if TYPE_CHECKING:
    from torch import Tensor

    from multimodal.fusion.head import FusionHead, FusionInput, FusionOutput


class HeadTraining(Config):
    """How a head learns.

    Attributes:
        seed: Of everything.
        pairs: How many pairs an epoch.
        epochs, batch, learning_rate, weight_decay: AdamW's.
        width: Of the head.
        missing: Probability that one channel is taken from a pair.
        strongest: Each epoch's pairs have a coupling between 0 and this, which the head is told.
        attention_penalty: On the squared channel logits: a channel's exponent leaves 1 only as far as it pays.
    """

    seed: int = 0
    pairs: int = Field(default=12000, ge=10)
    epochs: int = Field(default=20, ge=1)
    batch: int = Field(default=256, ge=1)
    learning_rate: float = Field(default=3e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    width: int = Field(default=32, ge=1)
    missing: float = Field(default=0.15, ge=0, le=0.5)
    strongest: float = Field(default=0.8, ge=0, le=1)
    attention_penalty: float = Field(default=0.01, ge=0)


def train_head(gestures: Channel, expressions: Channel, prior: Prior, config: HeadTraining) -> FusionHead:
    """Train a fusion head.

    Args:
        gestures, expressions: The training samples of each channel.
        prior: Its affinities; the coupling changes from epoch to epoch.
        config: Sizes and rates.
    """
    import torch

    from multimodal.fusion.head import FusionHead

    seed_everything(config.seed)
    rng = np.random.default_rng(config.seed)
    head = FusionHead(config.width).train()
    steps = config.epochs * -(-config.pairs // config.batch)
    optimizer = torch.optim.AdamW(head.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=steps)
    for _ in range(config.epochs):
        told = prior.at(float(rng.uniform(0, config.strongest)))
        table = affect_given_gesture(told.coupling, told.affinity)
        pairs = draw_pairs(gestures, expressions, table, config.pairs, config.missing, rng)
        for begin in range(0, config.pairs, config.batch):
            optimizer.zero_grad()
            part = pairs.pick(slice(begin, begin + config.batch))
            _loss(head, gestures, expressions, part, told, config.attention_penalty).backward()
            optimizer.step()
            schedule.step()
    return head.eval()


def batch_of(gestures: Channel, expressions: Channel, pairs: Pairs, prior: Prior) -> FusionInput:
    """Lay pairs out for the head."""
    from multimodal.fusion.reader import from_rows

    rows = (gestures.rows[pairs.gesture], expressions.rows[pairs.expression])
    return from_rows(*rows, pairs.present, prior.log_table())


def read_pairs(
    head: FusionHead, gestures: Channel, expressions: Channel, pairs: Pairs, prior: Prior
) -> Float[np.ndarray, "n 19 3"]:
    """Return what a head makes of pairs: the probability of every sign with every affect."""
    import torch

    with torch.inference_mode():
        output: FusionOutput = head(batch_of(gestures, expressions, pairs, prior))
    return np.asarray(output.joint.exp().numpy())


def abstain_rules(
    confidence: Float[np.ndarray, "n"], right: Bool[np.ndarray, "n"], risks: tuple[float, ...]
) -> list[dict[str, float]]:
    """Find the confidences under which not to answer, so that a stated share of the answers is wrong at most.

    For each risk the rule that answers most (Geifman and El-Yaniv, "Selective Classification for Deep Neural
    Networks", NeurIPS 2017; their bound is left out, as pairs of the same clips are not independent).

    Args:
        confidence: Of answers, 0 to 1.
        right: Whether each was right.
        risks: Shares that may be wrong, 0 to 1.

    Returns:
        ``[{risk, least_confidence, answered}]``, without risks that no rule keeps.
    """
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    last = np.append(np.diff(confidence[order]) != 0, True)
    rules = []
    for risk in risks:
        kept = np.flatnonzero((wrong <= risk) & last)
        if len(kept):
            place = int(kept[-1])
            least, answered = float(confidence[order][place]), (place + 1) / len(order)
            rules.append({"risk": risk, "least_confidence": round(least, 4), "answered": round(answered, 4)})
    return rules


def _loss(
    head: FusionHead, gestures: Channel, expressions: Channel, pairs: Pairs, prior: Prior, attention_penalty: float
) -> Tensor:
    """Return the negative log-likelihood of the true pair; of the half that is there where the other is not."""
    import torch

    output: FusionOutput = head(batch_of(gestures, expressions, pairs, prior))
    signs = torch.from_numpy(gestures.labels[pairs.gesture])
    affects = torch.from_numpy(expressions.labels[pairs.expression])
    rows = torch.arange(len(pairs))
    present = torch.from_numpy(pairs.present)
    whole = output.joint[rows, signs, affects]
    sign, affect = output.gesture[rows, signs], output.expression[rows, affects]
    likely = torch.where(present.all(1), whole, torch.where(present[:, 0], sign, affect))
    seen = present.any(1)
    named = -(likely * seen).sum() / seen.sum().clamp(min=1)
    return named + attention_penalty * output.channel_logits.square().mean()
