"""Tiny settings and tiny ready weights of the regional branch, so that folds take a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from multimodal.expression.registry import build_model
from multimodal.training.common import write_weights
from multimodal.training.regional_config import RegionalFoldConfig

OPTIONS: dict[str, Any] = {"stem": 4, "width": 8}


def tiny_config(**changes: Any) -> RegionalFoldConfig:
    """Return settings of one tiny network from scratch that learns for two epochs."""
    small = {"options": OPTIONS, "scratch": 1, "tuned": 0, "epochs": 2, "batch": 8, "bank": 12, "linear": 0.0}
    return RegionalFoldConfig(**{**small, **changes})


def tiny_weights(folder: Path, seed: int = 0, linear: bool = False) -> str:
    """Write untrained weights that fit ``OPTIONS``, if asked with linear readers beside, and return their path."""
    options = {**OPTIONS, "linear": linear}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_model("regional", **options)
        if linear:
            torch.nn.init.normal_(network.linear.weight)
        tensors = network.state_dict()
    words = dict.fromkeys(("licence", "intended", "prohibited", "limits", "command"), "")
    architecture = {"model": "regional", **options}
    card = {"kind": "expression", "architecture": architecture, "data": [], "figures": {}, **words}
    return str(write_weights(folder, "tiny", tensors, card))
