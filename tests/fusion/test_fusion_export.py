from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from multimodal import weights
from multimodal.fusion.export import OUTPUTS, export_fusion_onnx, fusion_probe
from multimodal.fusion.head import FusionHead, FusionInput
from multimodal.weights.onnx_file import open_session
from multimodal.weights.tensors import read_weights

pytest.importorskip("onnx")


def random_head() -> FusionHead:
    torch.manual_seed(1)
    head = FusionHead()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return head.eval()


def shipped_head() -> FusionHead:
    path, card = weights.find("fusion-head")
    head = FusionHead(width=int(card.architecture.get("width", 32)))
    read_weights(head, path)
    return head.eval()


@pytest.mark.parametrize("make", [random_head, shipped_head])
def test_onnx_equals_torch_whatever_is_present(make, tmp_path: Path) -> None:
    head = make()
    assert export_fusion_onnx(head, tmp_path / "fusion.onnx") <= 1e-4
    session = open_session(tmp_path / "fusion.onnx")
    for batch in (1, 4, 40):
        fields = fusion_probe(batch, seed=50 + batch)
        given = session.run(list(OUTPUTS), {name: values.numpy() for name, values in fields.items()})
        with torch.inference_mode():
            expected = head(FusionInput(**fields))
        for name, values in zip(OUTPUTS, given, strict=True):
            np.testing.assert_allclose(values, getattr(expected, name).numpy(), atol=1e-4, rtol=0)
    assert {tuple(row) for row in fields["present"].tolist()} == {(a, b) for a in (True, False) for b in (True, False)}
