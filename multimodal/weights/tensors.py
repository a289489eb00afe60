"""Safetensors into torch modules, every key and shape checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from multimodal.errors import MissingError


def read_weights(module: Any, path: Path) -> None:
    """Load a safetensors file into a torch module, every key and shape checked.

    Raises:
        MissingError: The file is damaged or was made for another architecture; the first differences are named.
    """
    import torch
    from safetensors.torch import load_file

    try:
        given: dict[str, torch.Tensor] = load_file(path)
    except Exception as error:
        raise MissingError(f"weights {path} are damaged ({error}): reinstall veilspeak, or train them anew") from error
    differences = _differences(module.state_dict(), given)
    if differences:
        raise MissingError(f"weights {path} do not fit the model ({'; '.join(differences[:3])}): train them anew")
    module.load_state_dict(given)


def _differences(expected: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    found = [f"{key} is missing" for key in expected if key not in given]
    found += [f"{key} is unknown" for key in given if key not in expected]
    for key in expected.keys() & given.keys():
        want, have = expected[key], given[key]
        if want.shape != have.shape or want.dtype != have.dtype:
            found.append(f"{key} is {have.dtype} {tuple(have.shape)}, expected {want.dtype} {tuple(want.shape)}")
    return found
