"""Config and data -> weights with a card.

``run`` is the front door of ``veilspeak train``; what trains a part loads when that part is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def run(part: str, config: Path | None, data: Path | None, out: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Train a part of the system.

    Args:
        part: ``expression``, ``gesture`` or ``fusion``.
        config: Its YAML config; None takes the shipped one.
        data: Its data set, where it needs one.
        out: Folder for weights, card and whatever the run needs to go on after a kill.
        overrides: ``key=value`` strings that win over the config.

    Returns:
        The figures of the run.

    Raises:
        UsageError: The config is wrong.
        MissingError: A data set or a package for training is missing.
    """
    return _RUNS[part](config, data, out, overrides)


def _expression(config: Path | None, data: Path | None, out: Path, overrides: Sequence[str]) -> dict[str, Any]:
    from multimodal.config import load_config, shipped
    from multimodal.training.expression import train_expression
    from multimodal.training.expression_config import ExpressionConfig

    path = config or shipped("expression/regional.yaml")
    return train_expression(load_config(ExpressionConfig, path, overrides), data, out)


def _gesture(config: Path | None, data: Path | None, out: Path, overrides: Sequence[str]) -> dict[str, Any]:
    from multimodal.config import shipped
    from multimodal.training.gesture import train_gesture

    return train_gesture(config or shipped("gesture/train.yaml"), data, out, overrides)


def _fusion(config: Path | None, data: Path | None, out: Path, overrides: Sequence[str]) -> dict[str, Any]:
    from multimodal.config import load_config, shipped
    from multimodal.training.fusion import FusionTrainingConfig, train_fusion

    path = config or shipped("fusion/default.yaml")
    return train_fusion(load_config(FusionTrainingConfig, path, overrides), data, out)


_RUNS = {"expression": _expression, "gesture": _gesture, "fusion": _fusion}
