"""A stand-in for the peer of ``evaluate gesture``: its two networks, with the answer written into the ONNX files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from multimodal.evaluation.gesture_peer import SIGNS


def write_peer(
    folder: Path,
    boxes: list[tuple[float, float, float, float]],
    scores: list[float],
    sign: str,
    signs: int = len(SIGNS),
) -> Path:
    """Write a peer that always finds the given boxes (corners, fractions) and takes each hand for ``sign``."""
    folder.mkdir(parents=True, exist_ok=True)
    detector = {
        "boxes": np.array(boxes, np.float32).reshape(-1, 4),
        "labels": np.ones(1, np.int64),
        "scores": np.array(scores, np.float32),
    }
    _write(folder / "hand_detector.onnx", [3, 240, 320], detector)
    logits = np.zeros((1, signs), np.float32)
    logits[0, SIGNS.index(sign)] = 20
    _write(folder / "crops_classifier.onnx", [3, 128, 128], {"labels": logits})
    return folder


def _write(path: Path, shape: list[int], answers: dict[str, np.ndarray]) -> None:
    nodes = [helper.make_node("Identity", [f"answer_{name}"], [name]) for name in answers]
    outputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), list(value.shape))
        for name, value in answers.items()
    ]
    given = [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", *shape])]
    kept = [numpy_helper.from_array(value, f"answer_{name}") for name, value in answers.items()]
    graph = helper.make_graph(nodes, "fake", given, outputs, kept)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
