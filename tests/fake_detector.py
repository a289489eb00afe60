"""Tiny stand-ins for the gesture room's tests: a detector whose answer is written into its ONNX file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from multimodal.gesture.merge import Merge
from multimodal.results import GESTURES
from multimodal.weights import Card, sha256, write_card

SIZE = 64


def write_detector(folder: Path, rows: list[tuple[tuple[float, float, float, float], str, float]]) -> str:
    """Write a detector that always finds the given hands and return its path.

    Args:
        folder: Where to.
        rows: Box (x0, y0, x1, y1 in pixels of the 64-pixel input), gesture and score of each hand.
    """
    output = np.zeros((1, 4 + len(GESTURES), len(rows) + 1), np.float32)
    for place, ((x0, y0, x1, y1), gesture, score) in enumerate(rows):
        output[0, :4, place] = (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0
        output[0, 4 + GESTURES.index(gesture), place] = score
    return write_constant(folder, output)


def write_constant(folder: Path, output: np.ndarray) -> str:
    """Write an ONNX file, with its card, that gives ``output`` for every picture."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["images"], ["peak"], keepdims=0),
            helper.make_node("Sub", ["peak", "peak"], ["nought"]),
            helper.make_node("Add", ["answer", "nought"], ["output"]),
        ],
        "fake",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, list(output.shape))],
        [numpy_helper.from_array(output, "answer")],
    )
    path = folder / "fake-detector.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    write_detector_card(path)
    return str(path)


def write_detector_card(path: Path) -> None:
    """Write the card beside a detector, with exponents that let the skeleton lead."""
    meta = {"merge": Merge(1.0, 0.5, 1.0, 1.0).to_dict()}
    card = Card("fake", "gesture", {}, path.name, sha256(path), "none", [], {}, "", "", "", "", meta)
    write_card(path.with_suffix(".json"), card)
