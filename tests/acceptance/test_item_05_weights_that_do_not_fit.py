"""Item 5: weights that are cut off or do not fit the model are told in one line that names the first differences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from multimodal.errors import MissingError
from multimodal.weights.tensors import read_weights

WHOLE = {"weight": torch.zeros(2, 3), "bias": torch.zeros(2)}
WRONG = {
    "dtype": (
        {**WHOLE, "bias": torch.zeros(2, dtype=torch.float64)},
        r"bias is torch.float64 \(2,\), expected torch.f",
    ),
    "shape": ({**WHOLE, "weight": torch.zeros(3, 2)}, r"weight is torch.float32 \(3, 2\), expected torch.float32"),
    "missing": ({"weight": WHOLE["weight"]}, "bias is missing"),
    "extra": ({**WHOLE, "more": torch.zeros(1)}, "more is unknown"),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "linear.safetensors"


def refusal(path: Path) -> str:
    with pytest.raises(MissingError) as refused:
        read_weights(torch.nn.Linear(3, 2), path)
    assert refused.value.exit_code == 3
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_item_5_weights_that_fit_are_taken(path: Path) -> None:
    save_file(WHOLE, path)
    module = torch.nn.Linear(3, 2)
    read_weights(module, path)
    assert not module.weight.any()


@pytest.mark.parametrize("what", WRONG)
def test_item_5_what_differs_is_named(what: str, path: Path) -> None:
    tensors, said = WRONG[what]
    save_file(tensors, path)
    assert re.search(said, refusal(path))


@pytest.mark.parametrize("left", [0, 7, 20, 100, -1])
def test_item_5_truncated(left: int, path: Path) -> None:
    save_file(WHOLE, path)
    path.write_bytes(path.read_bytes()[:left])
    assert "damaged" in refusal(path)
