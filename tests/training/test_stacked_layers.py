from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from multimodal.expression.zoo.streams import Streams
from multimodal.training.stacked.layers import STACKED, StackedModule, stack
from multimodal.training.stacked.step import Chance, Step

COUNTS = (5, 3, 5)
"""Clips of each fold in a batch of five."""

LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "convolution": (lambda: nn.Conv2d(2, 4, 3, padding=1, stride=2), (2, 9, 8)),
    "grouped convolution": (lambda: nn.Conv2d(4, 6, (3, 1), groups=2, bias=False), (4, 6, 7)),
    "batch norm": (lambda: nn.BatchNorm2d(3, momentum=0.2), (3, 4, 5)),
    "rectifier": (nn.ReLU, (3, 4, 5)),
    "max pool": (lambda: nn.MaxPool2d(3, stride=2, padding=1), (2, 7, 6)),
    "average pool": (lambda: nn.AvgPool2d(2), (2, 7, 6)),
    "dropout": (lambda: nn.Dropout(0.3), (2, 4)),
    "flatten": (nn.Flatten, (2, 3, 4)),
    "linear": (lambda: nn.Linear(4, 3), (4,)),
    "linear without bias": (lambda: nn.Linear(4, 3, bias=False), (4,)),
    "streams": (lambda: Streams(nn.Sequential(nn.Conv2d(2, n, 3), nn.Dropout(0.4)) for n in (1, 3)), (2, 5, 5)),
}


def networks(make: Callable[[], nn.Module]) -> list[nn.Module]:
    """One network a fold, each with weights, scales and statistics of its own."""
    made = []
    for fold in range(len(COUNTS)):
        torch.manual_seed(fold)
        network = make()
        for name, value in [*network.named_parameters(), *network.named_buffers()]:
            if value.is_floating_point():
                value.data = torch.randn(value.shape).abs() + 0.1 if "var" in name else torch.randn(value.shape)
        made.append(network)
    return made


def both_ways(
    plain: list[nn.Module], shape: tuple[int, ...], training: bool, grad: bool = True
) -> tuple[StackedModule, Tensor, Tensor, list[Tensor], list[Tensor]]:
    """Run forward and backward, stacked and fold by fold; padding is noise that nobody may see."""
    stacked = stack([copy.deepcopy(network) for network in plain]).train(training)
    clips = torch.randn(len(COUNTS), max(COUNTS), *shape, generator=torch.Generator().manual_seed(9))
    together = clips.clone().requires_grad_(grad)
    out = stacked(together, Step(COUNTS, Chance(7)))
    pull = torch.randn(out.shape, generator=torch.Generator().manual_seed(8))
    sum((out[f, :count] * pull[f, :count]).sum() for f, count in enumerate(COUNTS)).backward()
    outs, inputs = [], []
    for f, count in enumerate(COUNTS):
        alone = clips[f, :count].clone().requires_grad_(grad)
        torch.manual_seed(7)
        outs.append(plain[f].train(training)(alone))
        (outs[-1] * pull[f, :count]).sum().backward()
        inputs.append(alone.grad)
    return stacked, out, together, outs, inputs


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_a_stacked_layer_does_to_every_fold_what_the_plain_one_does(name: str, training: bool) -> None:
    make, shape = LAYERS[name]
    plain = networks(make)
    stacked, out, together, outs, inputs = both_ways(plain, shape, training)
    for f, count in enumerate(COUNTS):
        torch.testing.assert_close(out[f, :count], outs[f], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(together.grad[f, :count], inputs[f], atol=1e-5, rtol=1e-5)
        for key, parameter in plain[f].named_parameters():
            found = stacked.get_parameter(key).grad[f]
            torch.testing.assert_close(found, parameter.grad, atol=1e-4, rtol=1e-4)
        for key, buffer in plain[f].named_buffers():
            torch.testing.assert_close(stacked.get_buffer(key)[f], buffer, atol=1e-5, rtol=1e-5)


def test_every_stacked_layer_is_tested() -> None:
    tested = {type(module) for make, _ in LAYERS.values() for module in make().modules()}
    assert set(STACKED) <= tested


def test_tensors_are_handed_back_under_their_own_names() -> None:
    plain = networks(lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(18, 2)))
    stacked = stack(plain)
    with torch.no_grad():
        for value in stacked.parameters():
            value += 1
    before = [copy.deepcopy(network.state_dict()) for network in plain]
    stacked.give_back(plain)
    for network, old in zip(plain, before, strict=True):
        for name, value in network.state_dict().items():
            learned = name in dict(network.named_parameters())
            torch.testing.assert_close(value, old[name] + 1 if learned else old[name])


def test_masks_are_those_of_torch_and_the_same_for_all_folds() -> None:
    network = nn.Sequential(nn.Dropout(0.5), nn.Dropout(0.2))
    stacked = stack([network, network])
    out = stacked(torch.ones(2, 6, 10), Step((6, 6), Chance(3)))
    torch.manual_seed(3)
    assert torch.equal(out[0], network(torch.ones(6, 10)))
    assert torch.equal(out[0], out[1])


def test_training_without_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="give it Chance"):
        stack([nn.Dropout(0.5)])(torch.ones(1, 2, 3), Step((2,)))


def test_unlike_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="of the same make, given 2"):
        stack([nn.Linear(2, 3), nn.Linear(2, 4)])


class Squared(nn.Linear):
    """A layer that derives from a known one and does something else."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).square()


@pytest.mark.parametrize("layer", [nn.GELU(), Squared(2, 3)], ids=["unknown", "own forward"])
def test_layers_without_a_twin_are_refused_by_name(layer: nn.Module) -> None:
    with pytest.raises(ValueError, match=f"cannot stack {type(layer).__name__}: make the network of .*Conv2d"):
        stack([nn.Sequential(layer)])


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), "padded by circular"),
        (nn.BatchNorm2d(2, track_running_stats=False), "running mean"),
        (nn.BatchNorm2d(2, affine=False), "scale"),
        (nn.Dropout(1.0), "drops everything"),
    ],
)
def test_layers_set_up_in_an_unknown_way_are_refused(layer: nn.Module, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        stack([layer])
