"""The kernels against torch's own layers, one after another."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from multimodal.training.stacked.front import fitting_front
from multimodal.training.stacked.layers import stack
from multimodal.training.stacked.step import Chance, Step

COUNTS = (6, 4, 6)

FRONTS: dict[str, tuple[list[nn.Module], tuple[int, int, int], int]] = {
    "of ststnet": (
        [
            nn.Conv2d(3, 5, 3, padding=2),
            nn.ReLU(),
            nn.BatchNorm2d(5),
            nn.MaxPool2d(3, 3, 1),
            nn.Dropout(),
            nn.AvgPool2d(2),
        ],
        (3, 28, 28),
        6,
    ),
    "wide kernel": (
        [nn.Conv2d(2, 4, 5), nn.ReLU(), nn.BatchNorm2d(4, eps=1e-3), nn.MaxPool2d(2), nn.Dropout(0.2)],
        (2, 13, 11),
        5,
    ),
    "windows that overlap": (
        [nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(6, momentum=0.3), nn.MaxPool2d(3, 2, 1)],
        (1, 9, 14),
        4,
    ),
}


@pytest.fixture(params=FRONTS)
def front(request: pytest.FixtureRequest) -> tuple[list[nn.Sequential], tuple[int, int, int], int]:
    layers, shape, known = FRONTS[request.param]
    plain = []
    for fold in range(len(COUNTS)):
        torch.manual_seed(fold)
        network = nn.Sequential(*copy.deepcopy(layers), nn.Flatten(), nn.LazyLinear(2))
        network(torch.randn(2, *shape))
        network[0].reset_parameters()
        network[2].weight.data = torch.randn(network[2].weight.shape)  # scales of both signs
        network[2].bias.data = torch.randn(network[2].bias.shape)
        plain.append(nn.Sequential(*network))
    return plain, shape, known


def compare(plain: list[nn.Sequential], clips: torch.Tensor, tolerance: float) -> None:
    stacked = stack([copy.deepcopy(network) for network in plain])
    out = stacked(clips, Step(COUNTS, Chance(5)))
    sum(out[f, :count].square().sum() for f, count in enumerate(COUNTS)).backward()
    for f, (network, count) in enumerate(zip(plain, COUNTS, strict=True)):
        network.zero_grad()
        torch.manual_seed(5)
        alone = network(clips[f, :count])
        alone.square().sum().backward()
        torch.testing.assert_close(out[f, :count], alone, atol=tolerance, rtol=tolerance)
        for name, parameter in network.named_parameters():
            scale = float(parameter.grad.abs().max())
            found = stacked.get_parameter(name).grad[f]
            torch.testing.assert_close(found, parameter.grad, atol=tolerance * scale, rtol=tolerance)
        for name, buffer in network.named_buffers():
            torch.testing.assert_close(stacked.get_buffer(name)[f], buffer, atol=1e-5, rtol=1e-5)


def test_it_is_found_and_equals_its_layers(front: tuple[list[nn.Sequential], tuple[int, int, int], int]) -> None:
    plain, shape, known = front
    found = fitting_front(plain[0])
    assert found is not None
    assert found.layers == known
    clips = torch.randn(len(COUNTS), max(COUNTS), *shape, generator=torch.Generator().manual_seed(1))
    compare(plain, clips, 1e-4)


def test_in_evaluation_it_takes_the_running_statistics(
    front: tuple[list[nn.Sequential], tuple[int, int, int], int],
) -> None:
    plain, shape, _ = front
    clips = torch.randn(len(COUNTS), max(COUNTS), *shape, generator=torch.Generator().manual_seed(2))
    stacked = stack(plain).eval()
    with torch.no_grad():
        out = stacked(clips, Step(COUNTS))
        for f, count in enumerate(COUNTS):
            torch.testing.assert_close(out[f, :count], plain[f].eval()(clips[f, :count]), atol=1e-5, rtol=1e-5)


def test_of_equal_values_the_same_one_takes_the_gradient_as_in_torch() -> None:
    layers, shape, _ = FRONTS["of ststnet"]
    torch.manual_seed(0)
    network = nn.Sequential(*copy.deepcopy(layers[:4]), nn.Flatten(), nn.LazyLinear(2))
    rng = np.random.default_rng(0)
    clips = torch.from_numpy(rng.integers(0, 2, (3, 6, *shape)).astype(np.float32))
    network(clips[0])
    network[0].weight.data = torch.from_numpy(rng.integers(-1, 2, network[0].weight.shape).astype(np.float32))
    network[0].bias.data = torch.ones(5)
    compare([nn.Sequential(*copy.deepcopy(network)) for _ in COUNTS], clips, 1e-4)


def test_a_large_offset_of_the_clips_costs_little_accuracy() -> None:
    layers, shape, _ = FRONTS["of ststnet"]
    torch.manual_seed(0)
    network = nn.Sequential(*copy.deepcopy(layers[:4]), nn.Flatten(), nn.LazyLinear(2))
    clips = torch.rand(3, 6, *shape) * 255
    network(clips[0])
    compare([nn.Sequential(*copy.deepcopy(network)) for _ in COUNTS], clips, 1e-3)


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2)],
        [nn.Conv2d(1, 2, 3, stride=2), nn.ReLU(), nn.BatchNorm2d(2), nn.MaxPool2d(2)],
        [nn.Conv2d(1, 2, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(2), nn.MaxPool2d(2)],
        [nn.Conv2d(1, 2, (3, 1)), nn.ReLU(), nn.BatchNorm2d(2), nn.MaxPool2d(2)],
        [nn.Conv2d(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2), nn.MaxPool2d(2, ceil_mode=True)],
        [nn.Conv2d(1, 2, 1), nn.ReLU(), nn.BatchNorm2d(2), nn.MaxPool2d(2, padding=1)],
        [nn.Conv2d(1, 2, 3), nn.ReLU()],
    ],
)
def test_what_the_kernels_lack_is_left_to_torch(layers: list[nn.Module]) -> None:
    assert fitting_front(nn.Sequential(*layers)) is None


@pytest.mark.parametrize("average", [nn.AvgPool2d(2, stride=1), nn.AvgPool2d(2, padding=1), nn.AvgPool2d((2, 1))])
def test_an_average_over_other_than_blocks_is_left_to_torch(average: nn.Module) -> None:
    layers = [nn.Conv2d(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2), nn.MaxPool2d(2), average]
    found = fitting_front(nn.Sequential(*layers))
    assert found is not None
    assert found.layers == 4


def test_clips_that_take_a_gradient_go_through_torch() -> None:
    layers, shape, _ = FRONTS["windows that overlap"]
    network = nn.Sequential(*copy.deepcopy(layers))
    stacked = stack([network])
    clips = torch.randn(1, 3, *shape, requires_grad=True)
    stacked(clips, Step((3,))).square().sum().backward()
    alone = clips.detach()[0].clone().requires_grad_()
    network(alone).square().sum().backward()
    torch.testing.assert_close(clips.grad[0], alone.grad, atol=1e-4, rtol=1e-4)
