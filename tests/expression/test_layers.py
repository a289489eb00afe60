from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from multimodal.expression.layers import (
    ANATOMY,
    LIVELINESS,
    Conv3dSame,
    FaceStem,
    LinearReaders,
    RegionAttention,
    RelationReasoning,
    VisibleNorm,
    anatomy,
    liveliest,
    liveliness,
)
from multimodal.expression.normalise import HIDDEN_BELOW, region_masks
from multimodal.face.canonical import MIRROR
from multimodal.results import REGIONS


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("kernel", [3, 5])
def test_a_single_map_is_convolved_as_the_padded_3d_convolution_would(kernel: int) -> None:
    layer, clips = Conv3dSame(3, 4, kernel), torch.randn(2, 3, 1, 10, 10)
    slow = nn.functional.conv3d(clips, layer.weight, layer.bias, padding=kernel // 2)
    torch.testing.assert_close(layer(clips), slow, atol=1e-5, rtol=1e-5)


def some_seen(batch: int, side: int) -> Tensor:
    """Random cells, as whole blocks and single ones; the last clip is hidden wholly."""
    seen = (torch.rand(batch, side, side) < 0.6).float()
    seen[0, : side // 2] = 0
    seen[-1] = 0
    return seen


def test_the_norm_equals_a_loop_over_visible_cells() -> None:
    norm, x, seen = VisibleNorm(3), 5 + 2 * torch.randn(4, 3, 2, 6, 6), some_seen(4, 6)
    norm.weight.data, norm.bias.data = torch.rand(3) + 0.5, torch.randn(3)
    given = norm(x, seen[:, None, None])
    expected = torch.zeros_like(x)
    places = [(n, t, i, j) for n in range(4) for t in range(2) for i in range(6) for j in range(6) if seen[n, i, j]]
    for c in range(3):
        values = torch.stack([x[n, c, t, i, j] for n, t, i, j in places])
        mean, variance = values.mean(), values.var(correction=0)
        for n, t, i, j in places:
            scaled = (x[n, c, t, i, j] - mean) / torch.sqrt(variance + 1e-5)
            expected[n, c, t, i, j] = norm.weight[c] * scaled + norm.bias[c]
        torch.testing.assert_close(norm.mean[c], 0.1 * mean)
        torch.testing.assert_close(norm.variance[c], 0.9 + 0.1 * variance)
    torch.testing.assert_close(given, expected, atol=1e-5, rtol=1e-5)


def test_where_all_is_seen_the_norm_is_batch_normalisation() -> None:
    norm, usual = VisibleNorm(4), nn.BatchNorm3d(4)
    for values in (norm, usual):
        values.weight.data, values.bias.data = torch.tensor([0.5, 1, 2, 3]), torch.tensor([0.0, 1, -1, 2])
    x, seen = 3 + torch.randn(5, 4, 3, 6, 6), torch.ones(5, 1, 1, 6, 6)
    torch.testing.assert_close(norm(x, seen), usual(x), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(norm.mean, usual.running_mean)
    # torch keeps the unbiased variance, n / (n - 1) times this one.
    torch.testing.assert_close(norm.variance, usual.running_var, atol=1e-3, rtol=1e-3)
    norm.variance.copy_(usual.running_var)
    torch.testing.assert_close(norm.eval()(x, seen), usual.eval()(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_what_is_hidden_touches_neither_result_nor_statistics_of_the_norm(training: bool) -> None:
    x, seen = torch.randn(3, 4, 2, 6, 6), some_seen(3, 6)[:, None, None]
    one, other = VisibleNorm(4).train(training), VisibleNorm(4).train(training)
    first, second = one(x, seen), other(x + 50 * torch.randn(x.shape) * (1 - seen), seen)
    assert torch.equal(first, second)
    assert not (first * (1 - seen)).any()
    assert all(torch.equal(a, b) for a, b in zip(one.buffers(), other.buffers(), strict=True))


def test_with_nothing_seen_the_norm_is_zero_and_finite() -> None:
    norm, x = VisibleNorm(2), torch.randn(2, 2, 1, 4, 4)
    assert not norm(x, torch.zeros(2, 1, 1, 4, 4)).any()
    assert all(torch.isfinite(values).all() for values in norm.buffers())


@pytest.mark.parametrize("time", [1, 2, 8])
def test_the_stem_keeps_time_and_halves_the_face_twice(time: int) -> None:
    assert FaceStem(4)(torch.randn(3, 3, time, 28, 28), torch.ones(3, 28, 28)).shape == (3, 8, time, 7, 7)


def slow_halving(x: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Means over the cells that can be seen, one 2 x 2 square at a time."""
    half, some = torch.zeros(*x.shape[:3], *(side // 2 for side in x.shape[3:])), seen[:, ::2, ::2].clone()
    for n, i, j in np.ndindex(*some.shape):
        rows, columns = slice(2 * i, 2 * i + 2), slice(2 * j, 2 * j + 2)
        shown = seen[n, rows, columns] > 0
        some[n, i, j] = float(shown.any())
        if shown.any():
            half[n, :, :, i, j] = x[n, :, :, rows, columns][:, :, shown].mean(dim=-1)
    return half, some


@pytest.mark.parametrize("time", [1, 3])
def test_the_stem_equals_a_slow_version(time: int) -> None:
    stem, x, seen = FaceStem(2).eval(), torch.randn(3, 3, time, 28, 28), some_seen(3, 28)
    for values in stem.buffers():
        values.copy_(torch.rand(values.shape) + 0.5)
    features, cells = x, seen
    for convolution, norm in ((stem.wide, stem.wide_norm), (stem.narrow, stem.narrow_norm)):
        looked = features.masked_fill(cells[:, None, None] == 0, 0)
        found = nn.functional.conv3d(
            looked, convolution.weight, convolution.bias, padding=convolution.kernel_size[0] // 2
        )
        usual = nn.functional.batch_norm(found, norm.mean, norm.variance, norm.weight, norm.bias)
        features, cells = slow_halving(torch.relu(usual), cells)
    torch.testing.assert_close(stem(x, seen), features, atol=1e-5, rtol=1e-4)


def test_attention_never_exceeds_visibility() -> None:
    visibility = torch.rand(4, 12)
    visibility[0] = 0
    attention = RegionAttention(16)(torch.randn(4, 12, 16), torch.randn(4, 12, LIVELINESS), visibility)
    assert (attention <= visibility).all()
    assert not attention[0].any()


def test_liveliness_is_the_mean_difference_of_neighbours_and_the_mean_size() -> None:
    clips, masks = torch.randn(2, 3, 2, 28, 28), torch.from_numpy(region_masks()).float()
    given = liveliness(clips, masks)
    for region, mask in enumerate(region_masks()):
        for channel in range(3):
            rough, size = [], []
            for time in range(2):
                x = clips[1, channel, time].numpy()
                steps = np.zeros((28, 28))
                steps[:, :-1] += np.abs(np.diff(x, axis=1))
                steps[:-1] += np.abs(np.diff(x, axis=0))
                rough.append(steps[mask].mean())
                size.append(np.abs(x)[mask].mean())
            expected = np.log(np.array([max(rough), max(size)]) + 0.03)
            np.testing.assert_allclose(given[1, region, [channel, channel + 3]].numpy(), expected, atol=1e-4)


def slow_linear(readers: LinearReaders, clips: Tensor, visibility: Tensor) -> Tensor:
    rows = []
    for clip, seen in zip(clips, visibility, strict=True):
        motion = [float(clip[0, t].abs().mean() + clip[1, t].abs().mean()) for t in range(clip.shape[1])]
        chosen, steps = clip[:, motion.index(max(motion))], range(0, 28, 2)
        numbers = [chosen[c, i : i + 2, j : j + 2].mean() for c in range(3) for i in steps for j in steps]
        kind = LinearReaders.KINDS.index("covered" if any(float(v) < HIDDEN_BELOW for v in seen) else "free")
        rows.append(readers.weight[kind] @ torch.stack(numbers) + readers.bias[kind])
    return torch.stack(rows)


@pytest.mark.parametrize("time", [1, 4])
def test_linear_readers_equal_a_slow_version(time: int) -> None:
    readers, clips = LinearReaders(3), torch.randn(6, 3, time, 28, 28) * torch.rand(1, 1, time, 1, 1)
    readers.weight.data.normal_()
    readers.bias.data.normal_()
    visibility = torch.ones(6, 12)
    visibility[1, 3], visibility[2, 5], visibility[3] = 0.0, HIDDEN_BELOW, 0.0
    given = readers(clips, visibility)
    torch.testing.assert_close(given, slow_linear(readers, clips, visibility), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(given[0], readers(clips, torch.zeros(6, 12))[0])


def test_linear_readers_are_silent_until_fitted() -> None:
    assert not LinearReaders(3)(torch.randn(2, 3, 2, 28, 28), torch.ones(2, 12)).any()


def test_of_maps_that_move_alike_one_is_taken() -> None:
    one = torch.randn(1, 3, 1, 28, 28)
    both = liveliest(torch.cat((one, -one), dim=2))
    assert torch.equal(both, liveliest(one)) or torch.equal(both, liveliest(-one))


def slow_reasoning(layer: RelationReasoning, features: Tensor, attention: Tensor) -> Tensor:
    """The formula of the docstring, one region at a time."""
    x = [attention[i] * features[i] for i in range(12)]
    for number, convolution in enumerate(layer.convolutions):
        heard = [j for j in range(12) if attention[j] > 0]
        new = []
        for i in range(12):
            query = layer.query[number](x[i])
            scores = [query @ layer.key[number](x[j]) / 4 + layer.prior[number][i, j] for j in heard]
            weights = torch.softmax(torch.stack(scores) + torch.log(attention[heard]), dim=0)
            message = sum(w * x[j] for w, j in zip(weights, heard, strict=True))
            inner = convolution.lin_rel(message) + convolution.lin_root(x[i])
            new.append(attention[i] * (x[i] + torch.relu(inner)))
        x = new
    return torch.stack(x)


def test_relation_reasoning_equals_a_slow_version() -> None:
    layer, features, attention = RelationReasoning(8), torch.randn(2, 12, 8), torch.rand(2, 12) * 0.9 + 0.1
    attention[1, 3] = 0
    fast = layer(features, attention)
    for n in range(2):
        torch.testing.assert_close(fast[n], slow_reasoning(layer, features[n], attention[n]), atol=1e-4, rtol=1e-4)


def test_a_region_without_attention_sends_nothing() -> None:
    layer, features, attention = RelationReasoning(8), torch.randn(1, 12, 8), torch.ones(1, 12)
    attention[0, 5] = 0
    changed = features.clone()
    changed[0, 5] += 100
    torch.testing.assert_close(layer(features, attention), layer(changed, attention))
    assert not layer(features, attention)[0, 5].any()


def test_without_any_attention_the_answer_is_zero_and_finite() -> None:
    assert not RelationReasoning(8)(torch.randn(1, 12, 8), torch.zeros(1, 12)).any()


def test_the_anatomical_edges_are_symmetric_between_the_sides() -> None:
    adjacency = anatomy()
    assert torch.equal(adjacency, adjacency.T)
    assert torch.equal(adjacency, adjacency[list(MIRROR)][:, list(MIRROR)])
    assert len({frozenset(edge) for edge in ANATOMY}) == len(ANATOMY)
    assert {name for edge in ANATOMY for name in edge} == set(REGIONS)
