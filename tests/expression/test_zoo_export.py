"""ONNX Runtime gives what torch gives, for every system of the zoo and the blocks that they are put together from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from multimodal.expression.export import export_network_onnx, network_probe
from multimodal.expression.registry import build_model
from multimodal.expression.zoo.blocks.gates import CBAM, ChannelGate, SpatialGate
from multimodal.expression.zoo.blocks.inception import Inception
from multimodal.expression.zoo.blocks.temporal import TemporalPool
from multimodal.expression.zoo.blocks.tokens import TokenBlock, tokens_of
from multimodal.expression.zoo.inputs import shapes_of
from multimodal.expression.zoo.systems import SystemConfig, system, systems
from multimodal.weights.onnx_file import open_session

pytest.importorskip("onnx")


def stirred(network: nn.Module) -> nn.Module:
    """Move all parameters and running statistics off their first values, no further than training would."""
    torch.manual_seed(3)
    for parameter in network.parameters():
        spread = parameter.data.std() if parameter.dim() > 1 else 0.3
        parameter.data += 0.1 * spread * torch.randn(parameter.shape)
    for name, values in network.named_buffers():
        if name.endswith("running_mean"):
            values += 0.1 * torch.randn(values.shape)
        elif name.endswith("running_var"):
            values += torch.rand(values.shape)
    return network.eval()


def check(network: nn.Module, shapes: Mapping[str, tuple[int, ...]], path: Path) -> None:
    assert export_network_onnx(network, shapes, path) <= 1e-4
    session = open_session(path)
    asked = {name: shapes[name] for name in shapes if network_looks_at(network, shapes, name)}
    assert {put.name: put.shape[1:] for put in session.get_inputs()} == {
        name: [*shape] for name, shape in asked.items()
    }
    assert [put.name for put in session.get_outputs()] == ["logits"]
    for batch in (1, 3, 7):
        probe = network_probe(shapes, batch, seed=10 + batch)
        with torch.inference_mode():
            expected = network(*probe.values())
        (given,) = session.run(None, {name: probe[name].numpy() for name in asked})
        np.testing.assert_allclose(given, expected.numpy(), atol=1e-4, rtol=0)


def network_looks_at(network: nn.Module, shapes: Mapping[str, tuple[int, ...]], name: str) -> bool:
    """Tell whether an input changes what the network says; some serve its training alone."""
    probe = network_probe(shapes, 2, seed=5)
    other = {**probe, name: network_probe(shapes, 2, seed=6)[name]}
    with torch.inference_mode():
        return not torch.equal(network(*probe.values()), network(*other.values()))


@pytest.fixture(params=list(systems()))
def one(request: pytest.FixtureRequest) -> SystemConfig:
    return system(request.param)


def test_every_system_gives_the_same_logits_as_onnx(one: SystemConfig, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = stirred(build_model(one.name, **one.options))
    check(network, shapes_of(one), tmp_path / "net.onnx")


class OfMaps(nn.Module):
    """A block over maps or clips, then its mean over places."""

    def __init__(self, block: nn.Module, dimensions: int) -> None:
        super().__init__()
        self.enter = (nn.Conv2d if dimensions == 2 else nn.Conv3d)(3, 8, 1)
        self.block = block

    def forward(self, maps: Tensor) -> Tensor:
        return self.block(self.enter(maps)).flatten(2).mean(dim=2)


class OfTokens(nn.Module):
    """A block over the places of maps, as tokens."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.enter, self.block = nn.Conv2d(3, 8, 1), block

    def forward(self, maps: Tensor) -> Tensor:
        return self.block(tokens_of(self.enter(maps)))


BLOCKS = {
    **{f"channels {how} {n}D": OfMaps(ChannelGate(8, 2, how), n) for how in ("sum", "concat", "mean") for n in (2, 3)},
    "channels difference": OfMaps(ChannelGate(8, 2, "difference", shared=False, slope=0.2), 3),
    **{f"places {n}D": OfMaps(SpatialGate((3, 5), channels=8, dimensions=n), n) for n in (2, 3)},
    "cbam dilated": OfMaps(CBAM(8, ratio=4, kernel=3, dilation=3), 2),
    "cbam 3D": OfMaps(CBAM(8, ratio=4, kernel=3, dimensions=3), 3),
    "inception": OfMaps(Inception(8, 4), 2),
    **{f"time {how}": OfTokens(TemporalPool(8, how)) for how in ("mean", "last", "attention")},
    "time gru": OfTokens(TemporalPool(8, "attention", hidden=5)),
    "tokens": OfTokens(nn.Sequential(TokenBlock(8, 2), TokenBlock(8, 4, hidden=16, dropout=0.5))),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_can_be_written(name: str, tmp_path: Path) -> None:
    block = BLOCKS[name]
    clips = isinstance(getattr(block, "enter", None), nn.Conv3d)
    check(stirred(block), {"maps": (3, 4, 6, 6) if clips else (3, 6, 6)}, tmp_path / "net.onnx")


class OfTwo(nn.Module):
    """Takes two inputs, which must not be mixed up."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return torch.stack((first.mean(dim=(1, 2)), 3 * second.mean(dim=1)), dim=1)


class OfOneOfTwo(OfTwo):
    """Looks at its first input alone."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return first.mean(dim=2)


def test_an_input_for_training_alone_is_left_out(tmp_path: Path) -> None:
    check(OfOneOfTwo(), {"flow": (2, 3), "apex": (4,)}, tmp_path / "net.onnx")
    assert [put.name for put in open_session(tmp_path / "net.onnx").get_inputs()] == ["flow"]


def test_two_inputs_keep_their_names_and_their_order(tmp_path: Path) -> None:
    check(OfTwo(), {"flow": (2, 3), "apex": (4,)}, tmp_path / "net.onnx")
