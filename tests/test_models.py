from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from test_weights import make

from multimodal import models, models_text, weights
from multimodal.errors import MissingError
from multimodal.expression.registry import build_model
from multimodal.expression.zoo.systems import systems
from multimodal.training.classifiers.base import classifier_names
from multimodal.weights.architectures import architecture_of

KEYS = {"name", "kind", "input", "params", "flops", "source", "licence", "reconstructed", "weights"}


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return models.list_models()


@pytest.fixture(scope="module")
def rows(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in content["models"]}


def test_every_model_is_listed_once_with_the_promised_keys(content: dict[str, Any]) -> None:
    names = [row["name"] for row in content["models"]]
    assert sorted(names) == sorted({*systems(), *classifier_names(), *weights.names()})
    assert {*systems(), "majority", "lbp-top", "regional", "regional-synthetic", "gesture-detector"} <= set(names)
    for row in content["models"]:
        assert set(row) == KEYS
        assert all(row[key] for key in ("kind", "input", "source", "licence"))
    assert json.loads(json.dumps(content)) == content


def test_systems_are_listed_as_published_and_as_they_are_described(rows: dict[str, dict[str, Any]]) -> None:
    for name, system in systems().items():
        row = rows[name]
        told = (row["source"], row["licence"], row["reconstructed"])
        assert told == (system.source, system.licence, system.reconstructed)
        with torch.device("meta"):
            assert row["params"] == sum(p.numel() for p in build_model(name).parameters())
        assert row["flops"] > 0
        assert row["weights"] is None
    assert (rows["ststnet"]["params"], rows["ststnet"]["flops"]) == (1683, 390_000)


def test_classical_classifiers_have_no_parameters(rows: dict[str, dict[str, Any]]) -> None:
    for name in ("flow-logreg", "flow-svm", "lbp-top", "majority"):
        assert rows[name]["params"] is rows[name]["flops"] is None
    assert "frames" in rows["lbp-top"]["input"]


def test_shipped_weights_are_as_big_as_their_files(rows: dict[str, dict[str, Any]]) -> None:
    statistics = ("mean", "scale", "spread", "typical", "variance")
    for name in weights.names():
        path, card = weights.find(name)
        assert (rows[name]["weights"], rows[name]["kind"], rows[name]["licence"]) == (
            path.name,
            card.kind,
            card.licence,
        )
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                kept = [key for key in file.keys() if not key.endswith(statistics)]  # noqa: SIM118 - it is no mapping
                numbers = sum(math.prod(file.get_slice(key).get_shape()) for key in kept)
            assert rows[name]["params"] == numbers


def test_the_detector_is_as_big_as_its_graph(rows: dict[str, dict[str, Any]]) -> None:
    onnx = pytest.importorskip("onnx")
    path, card = weights.find("gesture-detector")
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    sizes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    sizes |= {node.output[0]: sizes[node.input[0]] for node in graph.node if node.op_type == "Cast"}  # from float16
    shapes = {value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim] for value in graph.value_info}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert not {node.op_type for node in graph.node} & {"Gemm", "MatMul", "ConvTranspose"}
    each = [math.prod(shapes[node.output[0]]) * math.prod(sizes[node.input[1]][1:]) for node in convolutions]
    assert rows["gesture-detector"]["flops"] == sum(each)
    assert rows["gesture-detector"]["params"] == sum(math.prod(tensor.dims) for tensor in graph.initializer)
    assert str(card.architecture["input"][1:]) in rows["gesture-detector"]["input"]


def test_ready_weights_of_a_system_are_listed_as_the_system_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = json.loads(make(tmp_path).with_suffix(".json").read_text())
    for stem, numbers in (("mine", {"model": "ststnet"}), ("alien", {"name": "of another version"})):
        kind = {"kind": "expression", "architecture": numbers, "name": stem}
        (tmp_path / f"{stem}.json").write_text(json.dumps({**card, **kind}))
    monkeypatch.setenv("VEILSPEAK_WEIGHTS", str(tmp_path))
    found = {row["name"]: row for row in models.list_models()["models"]}
    assert {**found["mine"], "name": "ststnet", "weights": None} == found["ststnet"]
    assert found["mine"]["weights"] == "toy.onnx"
    assert (found["alien"]["params"], found["alien"]["weights"]) == (None, "toy.onnx")
    assert "alien (w)" in models_text.list_text({"models": [*found.values()]}, 140)


def test_every_shipped_architecture_is_known() -> None:
    for name in weights.names():
        assert architecture_of(weights.find(name)[1]) is not None


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_table_keeps_to_the_width_and_holds_every_figure(content: dict[str, Any], width: int) -> None:
    text = models_text.list_text(content, width)
    table = text.split("\n\n")[0].splitlines()
    assert max(map(len, text.splitlines())) <= width
    for row in content["models"]:
        line = next(line for line in table if line.split()[:1] == [row["name"]])
        assert ("-" if row["params"] is None else f"{row['params']:,}") in line.split()
        assert ("(w)" in line) == (row["weights"] is not None)
    words = "".join(text.split())
    for row in content["models"]:
        for told in (
            row["input"],
            row["source"],
            f"reconstructed: {row['reconstructed']}" * bool(row["reconstructed"]),
        ):
            assert "".join(told.split()) in words


def test_what_is_shipped_is_whole() -> None:
    found = models.verify()
    assert [row["name"] for row in found["weights"]] == weights.names()
    assert all(row["ok"] for row in found["weights"])
    models.refuse_wrong(found)
    assert models_text.verify_text(found).count("ok  ") == len(weights.names())


def test_wrong_weights_are_found_and_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path)
    (tmp_path / "stray.safetensors").write_bytes(b"whose?")
    path.write_bytes(b"weightz")
    monkeypatch.setenv("VEILSPEAK_WEIGHTS", str(tmp_path))
    found = models.verify()
    assert [(row["name"], row["ok"]) for row in found["weights"]] == [("stray", False), ("toy", False)]
    assert "damaged" in found["weights"][1]["detail"]
    with pytest.raises(MissingError, match=r"weights 'stray' have no card .* \(and 1 more\)$"):
        models.refuse_wrong(found)
    monkeypatch.setenv("VEILSPEAK_WEIGHTS", str(tmp_path / "away"))
    with pytest.raises(MissingError, match="unset VEILSPEAK_WEIGHTS"):
        models.verify()
