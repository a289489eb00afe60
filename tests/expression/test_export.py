"""ONNX Runtime gives what torch gives, for the networks as they are registered and as they are shipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from multimodal import weights
from multimodal.errors import MissingError, VeilspeakError
from multimodal.expression import regional
from multimodal.expression.export import clip_probe, export_network_onnx, export_onnx
from multimodal.expression.regional import Heads
from multimodal.expression.registry import MODELS, build_model
from multimodal.weights.onnx_file import open_session, write_onnx
from multimodal.weights.tensors import read_weights

pytest.importorskip("onnx")
OF_REGIONS = [name for name in MODELS.names() if MODELS.get(name).__module__ == regional.__name__]
MAPS = {"maps": (3, 28, 28)}


def lively(network: nn.Module) -> nn.Module:
    """Spread all parameters and running statistics, so that no branch is nearly silent."""
    torch.manual_seed(3)
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape)
    for name, values in network.named_buffers():
        if name.endswith("mean"):
            values += 0.1 * torch.randn(values.shape)
        elif name.endswith(("var", "variance")):
            values += torch.rand(values.shape)
    return network.eval()


def shipped_network() -> nn.Module:
    path, card = weights.find("regional-synthetic")
    options = dict(card.architecture)
    network = build_model(options.pop("model"), **options)
    read_weights(network, path)
    return network.eval()


def check(network: nn.Module, path: Path, probe: dict[str, Tensor]) -> None:
    with torch.inference_mode():
        expected = network(*probe.values())
    given = open_session(path).run(None, {name: values.numpy() for name, values in probe.items()})
    for one, other in zip((expected,) if isinstance(expected, Tensor) else expected, given, strict=True):
        np.testing.assert_allclose(other, one.numpy(), atol=1e-4, rtol=0)


NETWORKS = {
    **{name: (lambda name=name: lively(build_model(name))) for name in OF_REGIONS},
    "tiny": lambda: lively(build_model("regional", stem=2, width=16)),
    "plain": lambda: lively(build_model("regional", stem=2, relations=0, attention=False, over_time=False)),
    "deep": lambda: lively(build_model("regional", stem=2, relations=2)),
    "linear": lambda: lively(build_model("regional", stem=2, linear=True)),
    "shipped": shipped_network,
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("maps", [1, 4, None])
def test_onnx_equals_torch(name: str, maps: int | None, tmp_path: Path) -> None:
    network, path = NETWORKS[name](), tmp_path / "net.onnx"
    assert export_onnx(network, path, maps=maps) <= 1e-4
    for batch in (1, 3, 8):
        for length in [maps] if maps else [1, 2, 5, 9]:
            check(network, path, clip_probe(batch, length, seed=100 + batch))


def test_inputs_and_outputs_have_the_names_of_the_field(tmp_path: Path) -> None:
    export_onnx(build_model("regional", stem=2, width=16), tmp_path / "net.onnx", maps=None)
    session = open_session(tmp_path / "net.onnx")
    shapes = {put.name: put.shape for put in session.get_inputs()}
    assert shapes == {"clips": ["batch", 3, "time", 28, 28], "visibility": ["batch", 12]}
    assert tuple(put.name for put in session.get_outputs()) == Heads._fields
    assert all(put.shape[0] == "batch" for put in session.get_outputs())


def test_the_network_itself_stays_as_it_was(tmp_path: Path) -> None:
    network = build_model("regional", stem=2, width=16).train()
    before = {name: values.clone() for name, values in network.state_dict().items()}
    export_onnx(network, tmp_path / "net.onnx", maps=1)
    assert network.training
    assert all(torch.equal(values, before[name]) for name, values in network.state_dict().items())


def test_a_fixed_length_refuses_clips_of_another(tmp_path: Path) -> None:
    export_onnx(build_model("regional", stem=2, width=16), tmp_path / "net.onnx", maps=1)
    probe = {name: values.numpy() for name, values in clip_probe(2, 4, seed=0).items()}
    with pytest.raises(Exception, match="dimensions"):
        open_session(tmp_path / "net.onnx").run(None, probe)


class LooksAtItsSize(nn.Module):
    """Does something else for one clip than for several, which tracing cannot see."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps * (3 if len(maps) == 1 else 2)


def test_what_differs_is_refused_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "net.onnx"
    with pytest.raises(VeilspeakError, match=r"differs from torch by .* in logits of maps \[1, 3, 28, 28\]"):
        export_network_onnx(LooksAtItsSize(), MAPS, path)
    assert not path.exists()


def test_not_a_number_is_a_difference(tmp_path: Path) -> None:
    probe = {"x": torch.tensor([-1.0])}
    with pytest.raises(VeilspeakError, match="by nan"):
        write_onnx(Root(), tmp_path / "net.onnx", probe, ("y",), {}, [probe])


class Root(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sqrt()


def test_without_onnx_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingError, match=r"veilspeak\[export\]"):
        export_network_onnx(build_model("ststnet"), MAPS, tmp_path / "net.onnx")
