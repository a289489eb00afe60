"""Eight bits on tiny networks: what is smaller, what is learnt from probes, and how agreement is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from multimodal.weights.int8 import compare, quantise
from multimodal.weights.onnx_file import halve_weights, open_session, write_onnx

pytest.importorskip("onnx")


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    probe = {"x": torch.randn(4, 64)}
    net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 3))
    write_onnx(net, tmp_path / "dense.onnx", probe, ("y",), {"x": {0: "n"}, "y": {0: "n"}}, [probe])
    return tmp_path / "dense.onnx"


def largest(outputs: list[np.ndarray]) -> list[object]:
    return outputs[0].reshape(len(outputs[0]), -1).argmax(axis=1).tolist()


def feeds(*shape: int) -> list[dict[str, np.ndarray]]:
    numbers = np.random.default_rng(0)
    return [{"x": numbers.standard_normal(shape).astype(np.float32)} for _ in range(4)]


def test_matrix_products_become_smaller_and_keep_deciding(dense: Path, tmp_path: Path) -> None:
    quantise(dense, tmp_path / "small.onnx")
    found = compare(dense, tmp_path / "small.onnx", feeds(50, 64), largest)
    assert found.bytes < 0.6 * found.bytes_before
    assert (found.probes, found.agreement > 0.9) == (200, True)
    assert {path.name for path in tmp_path.iterdir()} == {"dense.onnx", "small.onnx"}


def test_a_file_that_decides_otherwise_is_seen(dense: Path) -> None:
    signs = iter(range(10_000))
    found = compare(dense, dense, feeds(5, 64), lambda outputs: [next(signs) for _ in range(5)])
    assert found.agreement == 0


def test_convolutions_learn_from_probes_even_where_weights_are_halves(tmp_path: Path) -> None:
    torch.manual_seed(2)
    whole, small = tmp_path / "whole.onnx", tmp_path / "small.onnx"
    probe = {"x": torch.randn(1, 3, 16, 16)}
    net = nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3))
    write_onnx(net, whole, probe, ("y",), {}, [probe])
    before = whole.stat().st_size
    halve_weights(whole)
    assert whole.stat().st_size < 0.7 * before
    quantise(whole, small, feeds(1, 3, 16, 16))
    assert small.stat().st_size < 0.5 * before
    one, other = (open_session(path).run(None, feeds(1, 3, 16, 16)[0])[0] for path in (whole, small))
    np.testing.assert_allclose(one, other, atol=0.1 * np.abs(one).max())
