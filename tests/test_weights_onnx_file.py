"""Weights stored as float16 give nearly what they gave, in half the bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from multimodal.weights.onnx_file import halve_weights, open_session, write_onnx

onnx = pytest.importorskip("onnx")


def test_halved_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3))
    probe = {"x": torch.rand(1, 3, 12, 12)}
    path = tmp_path / "net.onnx"
    write_onnx(network, path, probe, ["y"], {}, [probe])
    feed = {"x": probe["x"].numpy()}
    before, whole = open_session(path).run(None, feed)[0], path.stat().st_size
    halve_weights(path)
    onnx.checker.check_model(str(path))
    after = open_session(path).run(None, feed)[0]
    assert path.stat().st_size < 0.55 * whole
    assert after.dtype == np.float32
    np.testing.assert_allclose(after, before, atol=2e-3)

    kinds = {tensor.name: tensor.data_type for tensor in onnx.load(str(path)).graph.initializer}
    small = [kind for name, kind in kinds.items() if not name.endswith(".float16")]
    assert onnx.TensorProto.FLOAT16 in kinds.values()
    assert onnx.TensorProto.FLOAT16 not in small
    once = path.read_bytes()
    halve_weights(path)
    assert path.read_bytes() == once
