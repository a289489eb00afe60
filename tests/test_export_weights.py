"""Weights as ONNX files: what stands in the file decides as the weights do, and what does not pay is refused."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_demo import check_refusal, veilspeak

from multimodal import export as module
from multimodal import weights
from multimodal.errors import MissingError, UsageError, VeilspeakError
from multimodal.export import export_weights, report
from multimodal.weights.int8 import Agreement
from multimodal.weights.onnx_file import open_session

pytest.importorskip("onnx")

PERCEPTRONS = ("fusion-head", "gesture-skeleton", "region-visibility")


@pytest.mark.parametrize("name", PERCEPTRONS)
def test_the_file_is_whole_and_its_card_says_where_it_is_from(name: str, tmp_path: Path) -> None:
    out = tmp_path / "a folder" / f"mine-{name}.onnx"
    summary = export_weights(name, out)
    path, card = weights.find(str(out))  # checks the hash
    assert (path, summary["bytes"]) == (out, out.stat().st_size)
    assert 0 <= summary["largest_difference"] <= 1e-4
    assert card.meta["exported"]["sha256"] == weights.find(name)[1].sha256
    assert card.command == f"veilspeak export {name} --out mine-{name}.onnx"
    assert {file.name for file in out.parent.iterdir()} == {out.name, f"mine-{name}.json"}
    assert "largest difference to torch" in report(summary)


@pytest.mark.slow
def test_the_expression_file_takes_clips_of_any_length(tmp_path: Path) -> None:
    from multimodal.expression.export import clip_probe
    from multimodal.expression.reader import ExpressionReader

    export_weights("regional-synthetic", tmp_path / "expression.onnx")
    session, network = open_session(tmp_path / "expression.onnx"), ExpressionReader("regional-synthetic").network
    for maps in (1, 4):
        probe = clip_probe(3, maps, seed=9)
        ours = session.run(None, {name: tensor.numpy() for name, tensor in probe.items()})[0]
        np.testing.assert_allclose(ours, network(**probe)[0].detach().numpy(), atol=1e-4)


def test_the_detector_is_handed_on_as_it_is(tmp_path: Path) -> None:
    summary = export_weights("gesture-detector", tmp_path / "hands.onnx")
    path, card = weights.find("gesture-detector")
    assert (tmp_path / "hands.onnx").read_bytes() == path.read_bytes()
    assert (summary["largest_difference"], summary["int8"]) == (None, None)
    assert weights.find(str(tmp_path / "hands.onnx"))[1].architecture == card.architecture


def test_eight_bits_are_smaller_and_decide_alike(tmp_path: Path) -> None:
    summary = export_weights("region-visibility", tmp_path / "small.onnx", int8=True)
    found = summary["int8"]
    assert found["bytes"] == summary["bytes"] <= module.MOST_BYTES * found["bytes_before"]
    assert found["agreement"] >= module.LEAST_AGREEMENT
    assert found["probes"] > 1000
    assert weights.find(str(tmp_path / "small.onnx"))[1].meta["exported"]["int8"] == found
    assert "eight bits" in report(summary)


@pytest.mark.parametrize(("share", "agreement"), [(0.95, 1.0), (0.5, 0.98)])
def test_eight_bits_that_do_not_pay_are_refused(
    share: float, agreement: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Agreement(int(1000 * share), 1000, agreement, 64, 1.0, 1.0)
    monkeypatch.setattr(module, "compare", lambda *given: found)
    with pytest.raises(VeilspeakError, match=r"eight bits do not pay .* leave out --int8"):
        export_weights("region-visibility", tmp_path / "small.onnx", int8=True)
    assert list(tmp_path.iterdir()) == []


def test_wrong_names_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.onnx"):
        export_weights("fusion-head", tmp_path / "head.pt")
    with pytest.raises(UsageError, match="there are fusion-head"):
        export_weights("fusion-hat", tmp_path / "head.onnx")
    with pytest.raises(MissingError, match="are missing"):
        export_weights("none.safetensors", tmp_path / "head.onnx")
    assert list(tmp_path.iterdir()) == []


def test_without_any_weights_the_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("VEILSPEAK_WEIGHTS", str(tmp_path / "weights"))
    with pytest.raises(MissingError, match=r"'fusion-head' are missing in .*weights: reinstall"):
        export_weights("fusion-head", tmp_path / "head.onnx")


def test_the_card_of_the_weights_is_not_overwritten(tmp_path: Path) -> None:
    path, card = weights.find("fusion-head")
    own = tmp_path / "mine.safetensors"
    own.write_bytes(path.read_bytes())
    weights.write_card(tmp_path / "mine.json", replace(card, file=own.name))
    with pytest.raises(UsageError, match="take the place of the card"):
        export_weights(str(own), tmp_path / "mine.onnx")
    assert weights.find(str(own))[1].file == own.name
    export_weights(str(own), tmp_path / "other.onnx")


def test_weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    path, card = weights.find("fusion-head")
    own = tmp_path / "mine.safetensors"
    own.write_bytes(path.read_bytes())
    weights.write_card(tmp_path / "mine.json", replace(card, file=own.name, architecture={"model": "alien"}))
    with pytest.raises(UsageError, match="fusion alien"):
        export_weights(str(own), tmp_path / "other.onnx")


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingError, match=r"pip install 'veilspeak\[export\]'"):
        export_weights("fusion-head", tmp_path / "head.onnx")
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_eight_bits_say_so_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("onnxruntime.quantization", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime.quantization", None)
    with pytest.raises(MissingError, match=r"veilspeak\[export\]"):
        export_weights("gesture-detector", tmp_path / "hands.onnx", int8=True)
    assert list(tmp_path.iterdir()) == []


def test_the_command_line(tmp_path: Path) -> None:
    done = veilspeak(tmp_path, "export", "fusion-head", "--out", "out/head.onnx", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outputs"] == {"onnx": "out/head.onnx", "card": "out/head.json"}
    check_refusal(veilspeak(tmp_path, "export", "fusion-hat", "--out", "head.onnx"), 2, "no weights 'fusion-hat'")
