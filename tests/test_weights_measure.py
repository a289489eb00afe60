"""Multiply-adds and parameters against a slow count by hooks, and against sums done by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from multimodal.expression.registry import build_model
from multimodal.expression.zoo.inputs import SHAPES, WORDS, in_words, shapes_of
from multimodal.expression.zoo.systems import FROM_FRAMES, SystemConfig, system, systems
from multimodal.weights.measure import Size, size_of


def slow_flops(network: nn.Module, *shapes: tuple[int, ...]) -> int:
    """Run a clip through and add up what each layer does, from its weights and what comes out of it."""
    total = 0

    def add(layer: Any, given: tuple[Any, ...], came: Any) -> None:
        nonlocal total
        if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            total += came.numel() * layer.weight[0].numel()
        elif isinstance(layer, (nn.ConvTranspose2d, nn.ConvTranspose3d)):
            total += given[0].numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.Linear):
            total += came.numel() * layer.in_features
        elif isinstance(layer, (nn.GRU, nn.LSTM)):
            matrices = sum(p.numel() for name, p in layer.named_parameters() if name.startswith("weight"))
            total += given[0].shape[0] * given[0].shape[1] * matrices
        elif isinstance(layer, nn.MultiheadAttention):
            width, asked, heard = layer.embed_dim, given[0].shape[1], given[1].shape[1]
            total += 2 * (asked + heard) * width * width + 2 * asked * heard * width

    for layer in network.modules():
        layer.register_forward_hook(add)
    network.eval()(*(torch.rand(1, *shape) for shape in shapes))
    return total


class First(nn.Module):
    """What comes first out of a recurrence or of attention to itself."""

    def __init__(self, layer: nn.Module, times: int = 1) -> None:
        super().__init__()
        self.layer, self.times = layer, times

    def forward(self, rows: Tensor) -> Tensor:
        return self.layer(*[rows] * self.times)[0]


LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "conv": (lambda: nn.Conv2d(6, 8, (3, 5), stride=2, padding=1, dilation=2), (6, 13, 14)),
    "conv grouped": (lambda: nn.Conv2d(6, 12, 3, groups=3), (6, 9, 9)),
    "conv 3D depthwise": (lambda: nn.Conv3d(4, 4, 3, groups=4, padding=1), (4, 5, 6, 7)),
    "conv transposed": (lambda: nn.ConvTranspose2d(4, 6, 3, stride=2), (4, 5, 5)),
    "linear over tokens": (lambda: nn.Linear(7, 5), (9, 7)),
    "gru of two layers": (lambda: First(nn.GRU(6, 10, num_layers=2, batch_first=True)), (8, 6)),
    "lstm both ways": (lambda: First(nn.LSTM(6, 10, bidirectional=True, batch_first=True)), (8, 6)),
    "attention": (lambda: First(nn.MultiheadAttention(8, 2, batch_first=True), times=3), (10, 8)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_multiply_adds_are_those_of_a_slow_count(name: str) -> None:
    build, shape = LAYERS[name]
    layer = build()
    expected = Size(sum(p.numel() for p in layer.parameters()), slow_flops(layer, shape))
    assert size_of(build, shape) == expected
    assert expected.flops > 0


def test_a_frozen_encoder_is_not_counted_by_its_fused_kernel() -> None:
    def frozen() -> nn.Module:
        return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).requires_grad_(False)

    assert size_of(frozen, (10, 8)).flops == 4 * 10 * 8 * 8 + 2 * 10 * 10 * 8 + 2 * 10 * 8 * 16


class Products(nn.Module):
    """Matrix products that are no layer: with a vector, in einsum, and batched."""

    def __init__(self) -> None:
        super().__init__()
        self.vector = nn.Parameter(torch.zeros(5))

    def forward(self, rows: Tensor) -> Tensor:
        scores = rows @ self.vector
        return torch.einsum("bnw,bn->bw", rows, scores) + (rows.transpose(1, 2) @ rows).sum(dim=2)


def test_products_outside_layers_count_too() -> None:
    assert size_of(Products, (7, 5)) == Size(5, 7 * 5 + 7 * 5 + 7 * 5 * 5)


def test_sizes_by_hand() -> None:
    # Three streams of 3, 5 and 8 filters of 3 x 3 x 3 over 30 x 30 places, then 16 x 5 x 5 features to 3 classes.
    assert size_of(lambda: build_model("ststnet"), (3, 28, 28)) == Size(1683, 30 * 30 * 27 * 16 + 400 * 3)
    # Two streams: 6 filters of 5 x 5 over 28 x 28, 16 of 5 x 5 x 6 over 14 x 14; then 1568, 1024, 1024, 3.
    streams = 2 * (28 * 28 * 25 * 6 + 14 * 14 * 25 * 6 * 16)
    layers = 1568 * 1024 + 1024 * 1024 + 1024 * 3
    assert size_of(lambda: build_model("off-apexnet"), (3, 28, 28)).flops == streams + layers


@pytest.fixture(params=list(systems()))
def one(request: pytest.FixtureRequest) -> SystemConfig:
    return system(request.param)


def test_every_system_has_a_size_and_its_layers_are_all_in_it(one: SystemConfig) -> None:
    shapes = tuple(shapes_of(one).values())
    network = build_model(one.name, **one.options)
    size = size_of(lambda: build_model(one.name, **one.options), *shapes)
    assert size.params == sum(p.numel() for p in network.parameters())
    assert size.flops >= slow_flops(network, *shapes) > 0


def test_every_kind_of_input_has_a_shape_and_words() -> None:
    asked = {kind for one in systems().values() for kind in one.inputs} | set(FROM_FRAMES) | {"flow"}
    assert asked <= set(SHAPES) == set(WORDS)
    assert in_words(("flow", "apex")) == (
        "flow map from onset to apex (u, v, strain) [3, 28, 28]; face at the apex (RGB) [3, 112, 112]"
    )


def test_nothing_large_is_ever_made() -> None:
    def huge() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(10**7, 10**5))

    assert size_of(huge, (10**7,)).params == 10**12 + 10**5
