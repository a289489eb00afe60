"""The ONNX file of the judge of visibility gives what the judge gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from multimodal.face.export import export_visibility_onnx, visibility_probe
from multimodal.face.visibility import load_net
from multimodal.results import REGIONS
from multimodal.weights.onnx_file import open_session

pytest.importorskip("onnx")


def test_it_gives_what_the_net_gives(tmp_path: Path) -> None:
    net = load_net()
    assert export_visibility_onnx(net, tmp_path / "face.onnx") <= 1e-4
    session = open_session(tmp_path / "face.onnx")
    for faces in (1, 6):
        features = visibility_probe(net, faces, seed=12)["features"].numpy()
        (visibility,) = session.run(None, {"features": features})
        assert visibility.shape == (faces, len(REGIONS))
        t = net.tensors
        hidden = np.maximum(((features - t["mean"]) / t["scale"]) @ t["hidden"].T + t["hidden_bias"], 0)
        np.testing.assert_allclose(visibility, 1 / (1 + np.exp(-(hidden @ t["out"].T + t["out_bias"]))), atol=1e-4)
