"""The skeleton's ONNX file gives what the classifier gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from multimodal.gesture.export import OUTPUTS, export_skeleton_onnx, skeleton_probe
from multimodal.gesture.skeleton import load_skeleton
from multimodal.weights.onnx_file import open_session

pytest.importorskip("onnx")


def test_it_gives_what_the_classifier_gives(tmp_path: Path) -> None:
    classifier = load_skeleton()
    assert export_skeleton_onnx(classifier, tmp_path / "hands.onnx") <= 1e-4
    session = open_session(tmp_path / "hands.onnx")
    for hands in (1, 7):
        features = skeleton_probe(classifier, hands, seed=11)["features"]
        embedding, scores = session.run(list(OUTPUTS), {"features": features.numpy()})
        assert (embedding.shape[0], scores.shape[0]) == (hands, hands)
        np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1, atol=1e-5)
        weight, bias = classifier.layers[-1]
        expected = torch.from_numpy(embedding @ weight.T + bias).log_softmax(1).numpy()
        np.testing.assert_allclose(scores, expected, atol=1e-4)
