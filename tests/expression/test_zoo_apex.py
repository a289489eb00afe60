"""What is particular to the systems over the apex image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import efficientnet_b0

from multimodal.errors import UsageError
from multimodal.expression.registry import build_model
from multimodal.expression.zoo.blocks.cells import TellingCells, top_mask
from multimodal.expression.zoo.blocks.dual_path import DualPath
from multimodal.expression.zoo.blocks.gates import SpatialGate
from multimodal.expression.zoo.mfvan import reversed_gradient
from multimodal.expression.zoo.network import masked_unit_loss
from multimodal.expression.zoo.systems import system

SMALL = {"stem": 8, "width": 4, "blocks": (1, 1), "dense": (4, 4), "static": 16}


def count(network: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


def test_adp_dstn_is_of_its_published_size() -> None:
    network = build_model("adp-dstn").eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.rand(1, 3, 112, 112), torch.rand(1, 3, 28, 28))
    assert count(network) == pytest.approx(6.356e6, rel=0.05)
    assert counter.get_total_flops() / 2 == pytest.approx(1087.35e6, rel=0.05)


def test_both_paths_go_on_where_the_bottleneck_says_nothing() -> None:
    block = DualPath(10, width=4, residual=6, dense=3, groups=2).eval()
    torch.nn.init.zeros_(block.bottleneck[-2].weight)
    maps = torch.rand(2, 10, 5, 5)
    assert block.channels == 13
    torch.testing.assert_close(block(maps), torch.cat((maps, torch.zeros(2, 3, 5, 5)), dim=1))


def test_what_a_bottleneck_says_is_added_to_one_path_and_put_behind_the_other() -> None:
    block = DualPath(10, width=4, residual=6, dense=3, groups=2, stride=2, first=True).eval()
    maps = torch.rand(2, 10, 6, 6)
    out, said, carried = block(maps), block.bottleneck(maps), block.carry(maps)
    assert out.shape == (2, block.channels, 3, 3) == (2, 15, 3, 3)
    torch.testing.assert_close(out[:, :6], (said[:, :6] + carried[:, :6]).relu())
    torch.testing.assert_close(out[:, 6:12], carried[:, 6:].relu())
    torch.testing.assert_close(out[:, 12:], said[:, 6:].relu())


@given(st.integers(0, 1000))
def test_the_loss_of_units_is_that_of_a_loop_over_known_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits, positive = rng.normal(size=(5, 12)), rng.uniform(1, 5, 12)
    units = rng.choice([0.0, 1.0, np.nan], (5, 12))
    slow = []
    for row, unit in np.argwhere(np.isfinite(units)):
        chance = 1 / (1 + np.exp(-logits[row, unit]))
        slow.append(-positive[unit] * np.log(chance) if units[row, unit] else -np.log(1 - chance))
    fast = masked_unit_loss(*(torch.from_numpy(array) for array in (logits, units, positive)))
    assert float(fast) == pytest.approx(np.mean(slow) if slow else 0.0)


def test_where_no_unit_is_known_the_label_alone_teaches_adp_dstn() -> None:
    torch.manual_seed(0)
    network = build_model("adp-dstn", dropout=0.0, **SMALL).eval()
    clips, labels = (torch.rand(4, 3, 112, 112), torch.rand(4, 3, 28, 28)), torch.tensor([0, 1, 2, 0])
    unknown, ones = torch.full((4, 12), torch.nan), torch.ones(12)
    alone = network.loss(clips, labels, torch.ones(3), 0.1)
    torch.testing.assert_close(network.unit_loss(clips, labels, torch.ones(3), 0.1, unknown, ones), alone)
    known = unknown.clone()
    known[1, 8] = 1.0
    network.unit_loss(clips, labels, torch.ones(3), 0.1, known, ones).backward()
    assert network.unit_loss(clips, labels, torch.ones(3), 0.1, known, ones) > alone
    assert all(weights.grad is not None and weights.grad.any() for weights in network.units[8].parameters())


def test_mfvan_names_clips_by_the_apex_image_alone() -> None:
    network = build_model("mfvan", blocks=(1, 1, 1, 1), side=48).eval()
    apex = torch.rand(2, 3, 112, 112)
    with torch.inference_mode():
        one, other = (network(apex, torch.rand(2, 3, 16, 64, 64)) for _ in range(2))
    assert torch.equal(one, other)


@given(st.integers(1, 9), st.integers(0, 1000))
def test_masks_keep_the_largest_weights(kept: int, seed: int) -> None:
    weights = torch.rand(4, 9, generator=torch.Generator().manual_seed(seed))
    mask = top_mask(weights, kept)
    for row, chosen in zip(weights, mask, strict=True):
        assert set(chosen.nonzero().flatten().tolist()) == set(sorted(range(9), key=lambda n: -row[n])[:kept])


def test_masked_cells_say_nothing_and_learn_by_the_soft_mask() -> None:
    torch.manual_seed(1)
    cells = TellingCells(6, grid=4, keep=0.25).eval()
    maps = torch.rand(1, 6, 4, 4)
    said, soft = cells(maps)
    tokens = maps.flatten(2).transpose(1, 2)
    weights = torch.softmax(cells.weigh(tokens).squeeze(2), dim=1)
    kept = weights[0].topk(4).indices
    torch.testing.assert_close(said[0], (weights[0, kept, None] * tokens[0, kept]).sum(dim=0))
    assert soft.shape == (1, 16)
    assert ((soft > 0.5) == (weights > 1 / 16)).all()
    # With hard masks alone, a weight would learn nothing about the cells that it leaves out.
    said.sum().backward()
    shift = cells.weigh[-1].weight.grad.clone()
    with torch.no_grad():
        hard = top_mask(weights, 4)
    cells.zero_grad()
    again = torch.softmax(cells.weigh(tokens).squeeze(2), dim=1)
    ((hard * again).unsqueeze(2) * tokens).sum().backward()
    assert not torch.allclose(shift, cells.weigh[-1].weight.grad)


def test_a_reversed_gradient_turns_learning_round() -> None:
    features = torch.rand(2, 3, requires_grad=True)
    turned = reversed_gradient(features)
    torch.testing.assert_close(turned, features)
    (turned * torch.arange(3.0)).sum().backward()
    torch.testing.assert_close(features.grad, -torch.arange(3.0).expand(2, 3))


def test_dcbam_adds_a_gate_of_eighteen_spatial_weights_to_each_stage_of_b0() -> None:
    network = build_model("dcbam-efficientnet")
    gates = [layer for layer in network.modules() if isinstance(layer, SpatialGate)]
    assert [count(gate) for gate in gates] == [18] * 7
    added = sum(
        count(layer) for name, layer in network.stages.named_children() if name in "1234567" for layer in layer[1:]
    )
    assert count(network) - added == count(efficientnet_b0(num_classes=3))
    lit = torch.zeros(1, 1, 15, 15)
    lit[..., 7, 7] = 1
    seen = (gates[0].weights(lit) != 0.5).nonzero()[:, 2:]
    assert (seen.min().item(), seen.max().item()) == (4, 10)  # as far as 7 x 7 would see


def test_a_backbone_is_chosen_by_name_and_input() -> None:
    chosen = system("timm:mobilenetv3_small_050@apex")
    assert (chosen.name, chosen.network, chosen.inputs) == ("timm:mobilenetv3_small_050@apex", "timm", ("apex",))
    assert system("timm:resnet18").inputs == ("flow",)
    network = build_model(chosen.network, **chosen.options).eval()
    assert network(torch.rand(1, 3, 112, 112)).shape == (1, 3)
    for wrong in ("timm:", "timm:@apex", "timm:resnet18@frames"):
        with pytest.raises(UsageError, match="write timm:BACKBONE"):
            system(wrong)


def test_a_backbone_made_for_one_size_gets_it() -> None:
    network = build_model("timm", backbone="vit_tiny_patch16_224", side=56).eval()
    assert network.fixed == 224
    assert network(torch.rand(1, 3, 28, 28)).shape == (1, 3)


def test_an_unknown_backbone_is_refused_with_near_names() -> None:
    with pytest.raises(UsageError, match=r"no network 'resnet81': did you mean .*resnet18"):
        build_model("timm", backbone="resnet81")
    with pytest.raises(UsageError, match="list_models"):
        build_model("timm", backbone="qqqqqqqq")
