"""What every training run shares: seeding, checkpoints that survive a kill, and weights written with their card."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.errors import MissingError
from multimodal.weights import Card, sha256, write_card


def seed_everything(seed: int) -> None:
    """Seed Python, numpy's legacy generator and torch, and keep torch to one thread, so that a run can be repeated."""
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - third-party code may draw from the legacy generator
    torch.manual_seed(seed)


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint of tensors and plain values, at once: a kill leaves the old file or the new one."""
    import torch

    draft = path.with_suffix(".part")
    torch.save(dict(state), draft)
    draft.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """Read a checkpoint, tensors and plain values only; None where there is none yet.

    Raises:
        MissingError: The file is damaged or holds other things than tensors and plain values.
    """
    import torch

    if not path.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise MissingError(f"checkpoint {path} cannot be read: delete it to start the training anew") from error
    return state


def write_weights(folder: Path, name: str, tensors: Mapping[str, Any], card: Mapping[str, Any]) -> Path:
    """Write ``NAME.safetensors`` and its card ``NAME.json``.

    Args:
        folder: Where to; made if need be.
        name: The weights' name.
        tensors: A module's ``state_dict``.
        card: The fields of ``Card`` other than ``name``, ``file`` and ``sha256``.

    Returns:
        The weight file's path.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    save_file({key: value.detach().contiguous().clone() for key, value in tensors.items()}, path)
    path.chmod(0o644)  # the library leaves it to the owner alone
    write_card(path.with_suffix(".json"), Card(name=name, file=path.name, sha256=sha256(path), **card))
    return path
