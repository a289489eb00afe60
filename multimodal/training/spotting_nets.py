"""Training of a spotting system of the zoo anew in every fold: a score a frame, for a fixed number of epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from multimodal.data.spotting.clips import ApexClip
from multimodal.data.spotting.videos import Interval, Kind
from multimodal.expression.registry import build_model
from multimodal.expression.zoo.network import SpottingNetwork
from multimodal.expression.zoo.systems import SystemConfig
from multimodal.training.fold_nets import threads
from multimodal.training.spotters.base import CodedFilm
from multimodal.training.zoo_folds import batches_of, optimiser_of

SIGMA = 3.0
"""Standard deviation of the target about the apex, frames."""

FRAMES = 12
"""A network learns from about so many frames of a clip: neighbours of a high-speed camera hardly differ."""

_LIMIT = 10.0

Rows = Float[Tensor, "n 3 height width"] | UInt8[Tensor, "n 3 height width"]
"""A frame a row; bytes stand for 0 to 1."""


@dataclass(frozen=True)
class Lesson:
    """What a network learns from.

    Attributes:
        rows: Frames.
        wanted: ``[n]``, the score of each, 0 to 1.
    """

    rows: Rows
    wanted: Float[Tensor, "n"]


def apex_lesson(clips: Sequence[ApexClip], frames: int = FRAMES) -> Lesson:
    """Return frames of clips, evenly spaced and the apex among them, and how near each is to its clip's apex."""
    rows, wanted = list[Tensor](), list[Tensor]()
    for clip in clips:
        numbers = clip.motion.numbers
        even = np.linspace(0, len(numbers) - 1, min(frames, len(numbers))).round().astype(int)
        chosen = np.union1d(even, np.abs(numbers - clip.apex).argmin())
        rows.append(centred(clip.motion.flow)[chosen])
        wanted.append(nearness(numbers[chosen], clip.apex))
    return Lesson(torch.cat(rows), torch.cat(wanted))


def interval_lesson(films: Sequence[CodedFilm], kind: Kind) -> Lesson:
    """Return the frames of films that have a flow around them, and whether it belongs to an expression of a kind."""
    rows, wanted = list[Tensor](), list[Tensor]()
    for one in films:
        scale = one.film.scales[kind]
        there = torch.from_numpy(scale.there)
        rows.append(torch.from_numpy(scale.strips)[there])
        wanted.append(overlap(len(one.film), scale.half, one.truth[kind])[there])
    return Lesson(torch.cat(rows), torch.cat(wanted))


def train(system: SystemConfig, lesson: Lesson, seed: int) -> SpottingNetwork:
    """Train a fresh network; nothing is chosen on the way, and all chance comes from the seed."""
    with threads(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: SpottingNetwork = build_model(system.name, **system.options)
        optimiser, source = optimiser_of(system, network), torch.Generator().manual_seed(seed)
        network.train()
        for _ in range(system.epochs):
            for batch in batches_of(len(lesson.wanted), system.batch, source):
                loss = network.loss(_as_float(lesson.rows[batch]), lesson.wanted[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
    return network.eval()


def scores(network: SpottingNetwork, rows: Rows, batch: int = 256) -> Float[np.ndarray, "n"]:
    """Return a trained network's score of each frame."""
    with threads(1), torch.inference_mode():
        return np.concatenate([network(_as_float(part)).double().numpy() for part in rows.split(batch)])


def centred(flow: Float[np.ndarray, "time 3 height width"]) -> Float[Tensor, "time 3 height width"]:
    """Centre each map and channel by its median and divide each channel by the clip's largest spread.

    As ``expression.normalise`` does: head motion and unit drop out, and the clip's rise and fall is kept. What is cut
    off lies further out, lest a strong movement of a small part of the face come out flat around its apex.
    """
    moved = flow - np.median(flow, axis=(2, 3), keepdims=True)
    spread = np.abs(moved).mean(axis=(2, 3), keepdims=True).max(axis=0, keepdims=True)
    return torch.from_numpy(np.clip(moved / np.where(spread > 0, spread, 1), -_LIMIT, _LIMIT).astype(np.float32))


def nearness(numbers: Int[np.ndarray, "time"], apex: int) -> Float[Tensor, "time"]:
    """Return how near each frame is to the apex: a Gaussian, 1 at it."""
    return torch.from_numpy(np.exp(-0.5 * ((numbers - apex) / SIGMA) ** 2).astype(np.float32))


def overlap(count: int, half: int, truth: Sequence[Interval]) -> Float[Tensor, "count"]:
    """Return SOFTNet's pseudo labels: 1 where the frames half an expression around a frame meet a coded interval."""
    first = np.arange(count) - half // 2
    meets = np.zeros(count, bool)
    for begin, end in truth:
        meets |= (first <= end) & (begin <= first + half)
    return torch.from_numpy(meets.astype(np.float32))


def _as_float(rows: Tensor) -> Float[Tensor, "n 3 height width"]:
    return rows.float() / 255 if rows.dtype == torch.uint8 else rows
