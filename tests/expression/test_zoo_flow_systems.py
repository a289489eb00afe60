"""What is particular to the systems over flow maps, each against a slow and obvious version of itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from multimodal.expression.zoo.blocks.areas import corner_around, cut
from multimodal.expression.zoo.blocks.focal import focal_loss
from multimodal.expression.zoo.blocks.mapwise import MapAttention
from multimodal.expression.zoo.blocks.nested import Merge, Nested, blocks_of, map_of
from multimodal.expression.zoo.blocks.plain_gate import PlainChannelGate
from multimodal.expression.zoo.blocks.region_graph import RegionAlign, RegionGraph, region_boxes
from multimodal.expression.zoo.dual_atme import DualATME, puzzled
from multimodal.expression.zoo.featref import proposal_loss
from multimodal.expression.zoo.htnet import AREA, AREAS, HTNet, four_areas
from multimodal.expression.zoo.region_enhanced import RegionEnhanced
from multimodal.expression.zoo.rrrn import resnet_stages
from multimodal.face.canonical import CROP, CROP_CORNERS, EYE_LEFT, EYE_RIGHT, GRID


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_the_focal_loss_clip_by_clip(gamma: float) -> None:
    logits, labels, weights = numbers(5, 3), torch.tensor([0, 2, 1, 1, 0]), torch.tensor([1.0, 0.5, 2.0])
    total = torch.zeros(())
    for row, label in zip(logits, labels, strict=True):
        p = torch.exp(row[label]) / torch.exp(row).sum()
        total -= weights[label] * (1 - p) ** gamma * torch.log(p)
    torch.testing.assert_close(focal_loss(logits, labels, weights, gamma), total / weights[labels].sum())


def test_the_focal_loss_with_gamma_0_is_the_cross_entropy() -> None:
    logits, labels, weights = numbers(6, 3), torch.tensor([0, 1, 2, 0, 1, 1]), torch.tensor([1.0, 0.5, 2.0])
    plain = functional.cross_entropy(logits, labels, weights, label_smoothing=0.2)
    torch.testing.assert_close(focal_loss(logits, labels, weights, 0.0, 0.2), plain)


def test_the_puzzle_is_the_eyes_strip_on_the_mouths_strip() -> None:
    rows = torch.arange(float(GRID)).reshape(1, 1, GRID, 1).expand(1, 2, GRID, GRID)
    upper, lower = puzzled(rows).split(GRID // 2, dim=2)
    assert upper.min() == 0
    assert upper.max() == 10
    assert lower.min() == 16
    assert lower.max() == 26
    assert (puzzled(rows)[0, 0, :, 0].diff() > 0).all()
    nose = rows.clone()
    nose[:, :, 11:16] = 99
    assert torch.equal(puzzled(nose), puzzled(rows))


def test_dual_atmes_loss_wants_both_branches_alike() -> None:
    torch.manual_seed(0)
    network, maps, labels = DualATME(hidden=16).eval(), numbers(4, 3, GRID, GRID), torch.tensor([0, 1, 2, 0])
    face, puzzle = network.branches(maps)
    apart = [1 - (a @ b) / (a.norm() * b.norm()) for a, b in zip(face, puzzle, strict=True)]
    named = focal_loss(network(maps), labels, torch.ones(3))
    loss = network.loss((maps,), labels, torch.ones(3))
    torch.testing.assert_close(loss, named + 0.01 * torch.stack(apart).mean())


def test_the_proposal_loss_one_expression_after_the_other() -> None:
    proposed, labels, weights = numbers(4, 3), torch.tensor([0, 2, 1, 2]), torch.tensor([1.0, 3.0, 0.5])
    total = torch.zeros(())
    for row, label in zip(proposed, labels, strict=True):
        for expression, logit in enumerate(row):
            p = 1 / (1 + torch.exp(-logit))
            total -= weights[label] * torch.log(p if expression == label else 1 - p)
    torch.testing.assert_close(proposal_loss(proposed, labels, weights), total / weights[labels].sum())


def test_map_attention_number_by_number() -> None:
    torch.manual_seed(0)
    side, attend, maps = 5, MapAttention(3, 5), numbers(2, 3, 5, 5)
    query, key, value = attend.query(maps), attend.key(maps), attend.value(maps)
    place, expected = slow_place(side), torch.empty_like(maps)
    for clip in range(2):
        for channel in range(3):
            q, k = query[clip, channel], key[clip, channel]
            affinity = torch.empty(side, side)
            for i in range(side):
                for j in range(side):
                    affinity[i, j] = sum(q[i, m] * k[j, m] + q[i, m] * place[j, m] for m in range(side))
            weights = torch.exp(affinity) / torch.exp(affinity).sum()
            expected[clip, channel] = weights * value[clip, channel]
    torch.testing.assert_close(attend(maps), expected)


def slow_place(side: int) -> Tensor:
    waves = torch.empty(side, side)
    for row in range(side):
        for column in range(side):
            angle = torch.tensor(row / 10000 ** (2 * (column // 2) / side))
            waves[row, column] = torch.cos(angle) if column % 2 else torch.sin(angle)
    return waves + waves.T


@pytest.mark.parametrize("seed", range(8))
def test_a_gate_of_one_hidden_unit_is_never_silent(seed: int) -> None:
    torch.manual_seed(seed)
    gate = PlainChannelGate(28, 1)
    gate(torch.relu(numbers(2, 28, 4, 4))).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in gate.parameters())


PLACES = {
    "left eye": EYE_LEFT,
    "right eye": EYE_RIGHT,
    "left lip": tuple((along + CROP / 2) / GRID for along in CROP_CORNERS["mouth_corner_left"]),
    "right lip": tuple((along + CROP / 2) / GRID for along in CROP_CORNERS["mouth_corner_right"]),
}


@pytest.mark.parametrize("area", range(4), ids=list(PLACES))
def test_each_area_of_htnet_holds_its_own_place_near_its_middle(area: int) -> None:
    x, y = (int(GRID * along) for along in list(PLACES.values())[area])
    maps = torch.zeros(1, 1, GRID, GRID)
    maps[0, 0, y, x] = 1
    found = four_areas(maps)[0, 0].nonzero().tolist()
    down, across = divmod(area, 2)
    assert len(found) == 1
    assert abs(found[0][0] - (down + 0.5) * AREA + 0.5) <= 1
    assert abs(found[0][1] - (across + 0.5) * AREA + 0.5) <= 1


def test_the_areas_of_a_mirrored_face_are_the_mirrored_areas() -> None:
    maps = numbers(2, 3, GRID, GRID)
    torch.testing.assert_close(four_areas(maps.flip(-1)), four_areas(maps).flip(-1))
    assert len(set(AREAS)) == 4


def test_a_square_at_the_rim_stays_on_the_map() -> None:
    assert corner_around((0.0, 1.0), 10) == (0, GRID - 10)
    assert corner_around((0.5, 0.5), 10) == (9, 9)
    assert cut(numbers(1, 2, GRID, GRID), [(0, 18), (9, 9)], 10).shape == (1, 2, 2, 10, 10)


def test_blocks_lie_as_in_the_map_and_go_back() -> None:
    maps = numbers(2, 3, 4, 6)
    blocks = blocks_of(maps, 2)
    assert torch.equal(blocks[4 + 6 - 1].T.reshape(3, 2, 2), maps[1, :, 2:, 0:2])
    assert torch.equal(map_of(blocks, 2, 2, 3), maps)


def test_a_transformer_layer_in_blocks_head_by_head() -> None:
    torch.manual_seed(0)
    nested, maps = Nested(8, 3, 1, 2), numbers(1, 8, 4, 4)
    layer, block = nested.layers[0], blocks_of(maps, 2)[2] + nested.place
    query, key, value = layer.ask(layer.norm(block)).chunk(3, dim=1)
    heard = []
    for head in range(3):
        part = slice(2 * head, 2 * head + 2)
        heard.append(torch.softmax(query[:, part] @ key[:, part].T / 2**0.5, dim=1) @ value[:, part])
    block = block + layer.answer(torch.cat(heard, dim=1))
    block = block + layer.think(block)
    torch.testing.assert_close(blocks_of(nested(maps), 2)[2], block)


def test_places_meet_over_borders_only_where_blocks_are_merged() -> None:
    torch.manual_seed(0)
    nested, merge, maps = Nested(8, 2, 2, 2), Merge(8, 16), numbers(1, 8, 4, 4)
    other = maps.clone()
    other[:, :, :2, :2] += 1
    changed = (nested(maps) != nested(other)).any(dim=1)[0]
    assert changed.nonzero().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert merge(maps).shape == (1, 16, 2, 2)
    assert (merge(maps) != merge(other)).any(dim=1).all()


def test_htnet_is_as_large_as_its_published_code() -> None:
    with torch.device("meta"):
        size = sum(p.numel() for p in HTNet().parameters())
    assert size == pytest.approx(139.6e6, rel=1e-3)


def test_the_enhanced_map_is_the_map_but_for_the_regions() -> None:
    network, maps = RegionEnhanced(whole=(4,), part=(4,)), numbers(2, 3, GRID, GRID)
    inside = network.mask.bool()
    assert 0.2 < inside.float().mean() < 0.5
    assert torch.equal(inside, inside.flip(-1))
    for x, y in (EYE_LEFT, EYE_RIGHT, PLACES["left lip"], PLACES["right lip"]):
        assert inside[int(GRID * y), int(GRID * x)]
    enhanced = network.enhanced(maps)
    torch.testing.assert_close(enhanced[..., inside], 2 * maps[..., inside])
    assert torch.equal(enhanced[..., ~inside], maps[..., ~inside])


def test_regions_are_cut_out_as_torchvision_does_it() -> None:
    from torchvision.ops import roi_align

    features = numbers(2, 4, 7, 7)
    expected = roi_align(features, [region_boxes()] * 2, 3, 7 / GRID, aligned=True)
    torch.testing.assert_close(RegionAlign(7, 3)(features), expected.reshape(2, 12, 4 * 9))


def test_what_regions_listen_to_sums_to_1_and_reaches_the_neighbours() -> None:
    torch.manual_seed(0)
    near = (torch.eye(12) + torch.eye(12).roll(1, dims=1) > 0).float()
    graph, regions = RegionGraph(6, 4, 2, near), 3 * numbers(2, 12, 6)
    for layer in range(2):
        edges = graph.edges(layer, regions)
        torch.testing.assert_close(edges.sum(dim=2), torch.ones(2, 12))
        assert (edges[:, near > 0] >= 0.25).all()
        assert (edges > 0).all()


def test_reasoning_region_by_region() -> None:
    torch.manual_seed(0)
    graph, regions = RegionGraph(6, 4, 1, torch.eye(12)), numbers(1, 12, 6)
    edges, turn = graph.edges(0, regions)[0], graph.turn[0]
    for i in range(12):
        heard = sum(edges[i, j] * regions[0, j] for j in range(12))
        torch.testing.assert_close(graph(regions)[0, i], regions[0, i] + torch.relu(turn(heard)))


def test_the_stages_are_those_of_torchvisions_resnet18() -> None:
    from torchvision.models import resnet18

    torch.manual_seed(0)
    whole = resnet18().eval()
    named = [whole.conv1, whole.bn1, whole.relu, whole.maxpool, *whole.layer1, *whole.layer2, *whole.layer3]
    ours, theirs = resnet_stages(3, 64).eval(), torch.nn.Sequential(*named)
    ours.load_state_dict(theirs.state_dict())
    maps = numbers(1, 3, 56, 56)
    torch.testing.assert_close(ours(maps), theirs(maps))
