"""Evaluation of expression weights on flow-map folders."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from multimodal.data.flow_folder import FlowFolder, read_flow_folder
from multimodal.data.people.cover import draw_cover, visibility_under
from multimodal.errors import UsageError
from multimodal.evaluation.classification import bootstrap_uf1, uar, uf1
from multimodal.expression.reader import ExpressionReader
from multimodal.results import EXPRESSIONS, REGIONS

PROTOCOLS = ("none",)


def evaluate_expression(
    data: Path,
    model: str = "regional-synthetic",
    protocol: str = "none",
    occlude: Sequence[str] = ("none",),
    seeds: int = 1,
    prior: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Score ready weights on a folder of flow maps; nothing is trained or chosen on it.

    All predictions are pooled; the intervals come from drawing whole subjects anew.

    Args:
        data: Folder ``SUBJECT/u_test/LABEL/*.png``.
        model: Name of shipped weights, or a weight file's path.
        protocol: ``none``: the weights as they are.
        occlude: Conditions: ``none``, or covers of ``data.people.cover`` (``mask``, ``glasses``, ``block:0.3``). They
            act on the flow maps: what is covered shows no motion, and the reader is told what is covered.
        seeds: How often each cover is drawn.
        prior: Class prior; None takes the card's.

    Returns:
        ``model, protocol, clips, subjects, seeds, wall_s, prior, conditions``; each condition holds ``occlusion, uf1,
        uar, uf1_sd`` (over seeds; None for one), ``uf1_ci95, diff`` (of UF1 to the uncovered condition), and
        ``by_dataset``.

    Raises:
        UsageError: The protocol or a cover is unknown.
        MissingError: Data or weights are missing.
        DecodeError: A map cannot be read.
    """
    began = time.perf_counter()
    if protocol not in PROTOCOLS:
        raise UsageError(f"unknown protocol {protocol!r}: choose one of {', '.join(PROTOCOLS)}")
    reader = ExpressionReader(model, prior)
    folder = read_flow_folder(data)
    clean = predict(reader, folder, "none", 0)
    rows = [_condition(reader, folder, name, seeds, clean) for name in occlude]
    return {
        "model": model,
        "protocol": protocol,
        "clips": len(folder),
        "subjects": len(set(folder.subjects)),
        "seeds": seeds,
        "wall_s": round(time.perf_counter() - began, 2),
        "prior": dict(zip(EXPRESSIONS, reader.prior.round(4).tolist(), strict=True)),
        "conditions": rows,
    }


def predict(reader: ExpressionReader, folder: FlowFolder, occlusion: str, seed: int) -> Int[np.ndarray, "clips"]:
    """Return the class of every clip under a cover, which is drawn anew for every clip by (seed, clip)."""
    flows, seen = zip(*(_covered(folder.flow[n], occlusion, seed, n) for n in range(len(folder))), strict=True)
    times = [(0.0, 0.0, 0.0)] * len(folder)
    guesses: list[int] = []
    for start in range(0, len(folder), 64):
        some = slice(start, start + 64)
        results = reader.read_batch(flows[some], seen[some], times[some])
        guesses += [EXPRESSIONS.index(result.affect) for result in results]
    return np.array(guesses)


def _covered(
    flow: Float[np.ndarray, "3 28 28"], occlusion: str, seed: int, number: int
) -> tuple[Float[np.ndarray, "1 3 28 28"], Float[np.ndarray, "12"]]:
    if occlusion == "none":
        return flow[None], np.ones(len(REGIONS), np.float32)
    hidden = draw_cover(occlusion, np.random.default_rng([seed, number]))
    still = np.median(flow, axis=(1, 2), keepdims=True)
    return np.where(hidden, still, flow)[None], visibility_under(hidden).astype(np.float32)


def _condition(
    reader: ExpressionReader, folder: FlowFolder, occlusion: str, seeds: int, clean: Int[np.ndarray, "clips"]
) -> dict[str, Any]:
    draws = [clean] if occlusion == "none" else [predict(reader, folder, occlusion, seed) for seed in range(seeds)]
    truth = folder.labels.tolist()
    scores = [uf1(truth, draw.tolist()) for draw in draws]
    low, high = bootstrap_uf1(truth, draws[0].tolist(), folder.subjects)
    return {
        "occlusion": occlusion,
        "uf1": round(float(np.mean(scores)), 4),
        "uar": round(float(np.mean([uar(truth, draw.tolist()) for draw in draws])), 4),
        "uf1_sd": round(float(np.std(scores, ddof=1)), 4) if len(scores) > 1 else None,
        "uf1_ci95": [round(low, 4), round(high, 4)],
        "diff": round(float(np.mean(scores)) - uf1(truth, clean.tolist()), 4),
        "by_dataset": _by_dataset(folder, draws),
    }


def _by_dataset(folder: FlowFolder, draws: Sequence[Int[np.ndarray, "clips"]]) -> dict[str, dict[str, float]]:
    table = {}
    for name in sorted(set(folder.datasets)):
        rows = np.array([dataset == name for dataset in folder.datasets])
        truth = folder.labels[rows].tolist()
        table[name] = {
            score.__name__: round(float(np.mean([score(truth, draw[rows].tolist()) for draw in draws])), 4)
            for score in (uf1, uar)
        }
    return table
