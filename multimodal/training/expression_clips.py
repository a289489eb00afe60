"""What the expression networks learn from: synthetic clips, and measured ones, as the network takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from multimodal.data.people.clips import ClipSet, synthesise
from multimodal.expression.normalise import HIDDEN_BELOW, normalised_clip, region_masks
from multimodal.face.canonical import MIRROR
from multimodal.results import EXPRESSIONS
from multimodal.training.expression_config import ExpressionConfig
from multimodal.training.flow_batches import warped


@dataclass(frozen=True)
class Examples:
    """Clips of one length as the network takes them.

    Attributes:
        clips: ``[n, 3, time, 28, 28]``, float16.
        told: ``[n, 12]``, the visibility that the network is told.
        visibility: ``[n, 12]``, the true one.
        expression, objective: ``[n]`` labels.
        taught: ``[n, 3]``, what is to be said of the expression: 1 for the label, or shares where teachers have a say.
        action_units: ``[n, 12]``, 0 or 1, or between them where teachers have a say.
        identity: ``[n]``, number of the face.
    """

    clips: Float[Tensor, "n 3 time 28 28"]
    told: Float[Tensor, "n 12"]
    visibility: Float[Tensor, "n 12"]
    expression: Int[Tensor, "n"]
    objective: Int[Tensor, "n"]
    taught: Float[Tensor, "n 3"]
    action_units: Float[Tensor, "n 12"]
    identity: Int[Tensor, "n"]

    def __len__(self) -> int:
        return len(self.expression)

    def pick(self, rows: Tensor) -> Examples:
        """Return the chosen clips."""
        return Examples(*(getattr(self, item.name)[rows] for item in fields(self)))


def gather(config: ExpressionConfig, data: Path | None) -> list[ClipSet]:
    """Return the clips to learn from: synthetic ones, and those of ``data``."""
    made = list(synthesise(config.clips, config.seed).values())
    if data is None:
        return made
    from multimodal.data.people.measured import read_measured

    return made + read_measured(data)


def prepare(sets: list[ClipSet], config: ExpressionConfig) -> list[Examples]:
    """Turn clips into the network's input; decide which covers it is told of."""
    return [_examples(clips, np.random.default_rng([config.seed, 1, n]), config) for n, clips in enumerate(sets)]


def split(examples: list[Examples], config: ExpressionConfig) -> tuple[list[Examples], list[Examples]]:
    """Part the clips by face: those to learn from, and those to calibrate on."""
    every = max(round(1 / config.held_out), 2)
    kept = [part.identity % every == 0 for part in examples]
    learning = [part.pick(~rows) for part, rows in zip(examples, kept, strict=True)]
    held_out = [part.pick(rows) for part, rows in zip(examples, kept, strict=True)]
    return [part for part in learning if len(part)], [part for part in held_out if len(part)]


def augment(batch: Examples, config: ExpressionConfig, generator: torch.Generator) -> Examples:
    """Mirror half of the clips, move the face a little, change each channel's strength, hide a few regions."""
    flip = torch.rand(len(batch), generator=generator) < 0.5
    clips = torch.where(flip[:, None, None, None, None], mirror_clips(batch.clips), batch.clips)
    told = torch.where(flip[:, None], batch.told[:, list(MIRROR)], batch.told)
    visibility = torch.where(flip[:, None], batch.visibility[:, list(MIRROR)], batch.visibility)
    gain = torch.exp(0.15 * torch.randn(len(batch), 3, 1, 1, 1, generator=generator))
    clips = warped(clips.float().flatten(1, 2), generator, config.shift, config.turn, config.scale).unflatten(
        1, (3, -1)
    )
    gain[:, 2] *= (torch.rand(len(batch), 1, 1, 1, generator=generator) >= config.strain_drop).float()
    shown = (torch.rand(told.shape, generator=generator) >= config.drop).float()
    return Examples(
        clips * gain,
        told * shown,
        visibility * shown,
        batch.expression,
        batch.objective,
        batch.taught,
        batch.action_units,
        batch.identity,
    )


def mirror_clips(clips: Float[Tensor, "n 3 time 28 28"]) -> Float[Tensor, "n 3 time 28 28"]:
    """Return the clips as a mirror shows them: pictures flip, u changes its sign."""
    sign = torch.tensor([-1.0, 1.0, 1.0], dtype=clips.dtype)[:, None, None, None]
    return clips.flip(-1) * sign


def batches(examples: list[Examples], size: int, generator: torch.Generator) -> Iterator[Examples]:
    """Yield all clips once in random order; a batch holds clips of one length, long ones fewer."""
    plan: list[tuple[int, Tensor]] = []
    for number, part in enumerate(examples):
        some = max(size // part.clips.shape[2], 2)
        rows = torch.randperm(len(part), generator=generator).split(some)
        plan += [(number, row) for row in rows if len(row) > 1]
    for pick in torch.randperm(len(plan), generator=generator).tolist():
        number, rows = plan[pick]
        yield examples[number].pick(rows)


def _examples(clips: ClipSet, rng: np.random.Generator, config: ExpressionConfig) -> Examples:
    untold = rng.random(len(clips)) < config.untold
    told = np.where(untold[:, None], 1.0, clips.visibility).astype(np.float32)
    still = untold & (rng.random(len(clips)) < config.still)
    shown = [_stilled(f, v) if quiet else f for f, v, quiet in zip(clips.flow, clips.visibility, still, strict=True)]
    maps = [normalised_clip(f.astype(np.float32), v).astype(np.float16) for f, v in zip(shown, told, strict=True)]
    return Examples(
        torch.from_numpy(np.stack(maps)),
        torch.from_numpy(told),
        torch.from_numpy(clips.visibility),
        torch.from_numpy(clips.expression),
        torch.from_numpy(clips.objective),
        torch.from_numpy(np.eye(len(EXPRESSIONS), dtype=np.float32)[clips.expression]),
        torch.from_numpy(clips.action_units),
        torch.from_numpy(clips.identity),
    )


def _stilled(flow: Float[np.ndarray, "time 3 28 28"], visibility: Float[np.ndarray, "12"]) -> np.ndarray:
    """Return a clip whose hidden regions show each map's median alone."""
    hidden = region_masks()[visibility < HIDDEN_BELOW].any(axis=0)
    return np.where(hidden, np.median(flow, axis=(2, 3), keepdims=True), flow)
