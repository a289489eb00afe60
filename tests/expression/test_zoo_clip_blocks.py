"""What clip networks are put together from, against slow and plain versions of the same."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from multimodal.expression.zoo.blocks.co_attention import CoAttention
from multimodal.expression.zoo.blocks.convlstm import ConvLSTM
from multimodal.expression.zoo.blocks.coral import coral
from multimodal.expression.zoo.blocks.frames import FrameFront
from multimodal.expression.zoo.blocks.stem3d import Block3d, Stem3d


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@settings(max_examples=20)
@given(st.integers(2, 6), st.integers(2, 7), st.integers(1, 5), st.integers(0, 1000))
def test_coral_is_the_distance_of_the_covariances(n: int, m: int, width: int, seed: int) -> None:
    source = torch.Generator().manual_seed(seed)
    first, second = (torch.randn(count, width, generator=source, dtype=torch.float64) for count in (n, m))
    torch.testing.assert_close(coral(first, second), _slow_coral(first, second))


def _slow_coral(first: Tensor, second: Tensor) -> Tensor:
    """D. CORAL's equations 1 to 3, covariances by their products of ones, entry by entry."""
    covariances = []
    for rows in (first, second):
        ones = torch.ones(1, len(rows), dtype=rows.dtype)
        covariances.append((rows.T @ rows - (ones @ rows).T @ (ones @ rows) / len(rows)) / (len(rows) - 1))
    width = first.shape[1]
    total = sum((covariances[0][i, j] - covariances[1][i, j]) ** 2 for i in range(width) for j in range(width))
    return total / (4 * width**2)


def test_coral_is_nothing_between_a_side_and_its_shifted_self_and_takes_two_clips() -> None:
    rows = torch.randn(6, 4)
    assert coral(rows, rows + 3) == pytest.approx(0, abs=1e-6)
    assert coral(rows, 2 * rows) > 0.01
    with pytest.raises(ValueError, match="two clips or more, given 1 and 6"):
        coral(rows[:1], rows)


def test_co_attention_weighs_every_token_of_both_sets() -> None:
    attend, first, second = CoAttention(6, 5), torch.randn(3, 7, 6), torch.randn(3, 4, 6)
    a, b = attend.weights(first, second)
    assert (a.shape, b.shape) == ((3, 7), (3, 4))
    torch.testing.assert_close(a.sum(dim=1), torch.ones(3))
    torch.testing.assert_close(b.sum(dim=1), torch.ones(3))
    pooled = attend(first, second)
    for n in range(3):
        torch.testing.assert_close(pooled[0][n], sum(a[n, t] * first[n, t] for t in range(7)))
        torch.testing.assert_close(pooled[1][n], sum(b[n, t] * second[n, t] for t in range(4)))


def test_co_attention_follows_its_equations_token_by_token() -> None:
    attend, first, second = CoAttention(4, 3), torch.randn(1, 5, 4), torch.randn(1, 2, 4)
    rows, columns = first[0], second[0]
    related = [[torch.tanh(x @ attend.affinity.weight.T @ y) for y in columns] for x in rows]
    scores = []
    for i, x in enumerate(rows):
        heard = sum(related[i][j] * attend.of_second.weight @ y for j, y in enumerate(columns)) / 2
        scores.append(attend.score_first.weight[0] @ torch.tanh(attend.of_first.weight @ x + heard))
    torch.testing.assert_close(attend.weights(first, second)[0][0], torch.stack(scores).softmax(dim=0))


def test_either_set_of_tokens_changes_the_weights_of_the_other() -> None:
    attend, first, second = CoAttention(6, 5), torch.randn(1, 7, 6), torch.randn(1, 4, 6)
    a, b = attend.weights(first, second)
    assert not torch.allclose(attend.weights(first, second + 1)[0], a)
    assert not torch.allclose(attend.weights(first + 1, second)[1], b)
    order = torch.tensor([3, 1, 0, 2])
    moved = attend.weights(first, second[:, order])
    torch.testing.assert_close(moved[0], a)
    torch.testing.assert_close(moved[1], b[:, order])


def test_a_convlstm_is_an_lstm_at_every_pixel() -> None:
    layer, clips = ConvLSTM(2, 3), torch.randn(2, 2, 4, 5, 6)
    torch.testing.assert_close(layer(clips), _slow_convlstm(layer, clips))


def _slow_convlstm(layer: ConvLSTM, clips: Tensor) -> Tensor:
    """Shi et al.'s equations, one pixel at a time over its 3x3 neighbours."""
    batch, _, time, height, width = clips.shape
    hidden = torch.zeros(batch, 3, height, width)
    cell, found = torch.zeros_like(hidden), []
    for t in range(time):
        before = functional.pad(torch.cat((clips[:, :, t], hidden), dim=1), (1, 1, 1, 1))
        hidden, cell = hidden.clone(), cell.clone()
        for y in range(height):
            for x in range(width):
                near = before[:, :, y : y + 3, x : x + 3]
                i, f, o, g = (
                    (near[:, None] * layer.gates.weight[None, 3 * k : 3 * k + 3]).sum(dim=(2, 3, 4))
                    + layer.gates.bias[3 * k : 3 * k + 3]
                    for k in range(4)
                )
                cell[:, :, y, x] = torch.sigmoid(f) * cell[:, :, y, x] + torch.sigmoid(i) * torch.tanh(g)
                hidden[:, :, y, x] = torch.sigmoid(o) * torch.tanh(cell[:, :, y, x])
        found.append(hidden)
    return torch.stack(found, dim=2)


def test_a_convlstm_looks_back_and_never_ahead() -> None:
    layer, clips = ConvLSTM(1, 2), torch.randn(1, 1, 5, 4, 4)
    changed = clips.clone()
    changed[:, :, 2] += 1
    apart = (layer(clips) - layer(changed)).abs().amax(dim=(0, 1, 3, 4))
    assert not apart[:2].any()
    assert (apart[2:] > 1e-6).all()


@pytest.mark.parametrize(("time", "steps"), [(30, 8), (16, 4), (10, 3), (1, 1)])
def test_the_stem_keeps_a_last_odd_frame(time: int, steps: int) -> None:
    assert Stem3d(3, 4)(torch.rand(1, 3, time, 9, 8)).shape == (1, 4, steps, 3, 2)


def test_a_block_pools_as_it_is_told() -> None:
    assert Block3d(3, 4, (1, 2, 2))(torch.rand(2, 3, 6, 8, 10)).shape == (2, 4, 6, 4, 5)


@pytest.mark.parametrize("difference", [False, True])
def test_the_front_takes_away_what_stays_and_scales_each_clip_by_itself(difference: bool) -> None:
    front, clips = FrameFront(16, difference=difference), torch.rand(3, 3, 5, 16, 16)
    seen = front(clips)
    torch.testing.assert_close(seen.std(dim=(1, 2, 3, 4)), torch.ones(3))
    torch.testing.assert_close(front(0.3 * clips + 0.2), seen, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(front(clips[1:2]), seen[1:2])
    if difference:
        assert not seen[:, :, 0].any()
        torch.testing.assert_close(front(clips + torch.rand(3, 3, 1, 16, 16))[:, :, 0], seen[:, :, 0])
    else:
        torch.testing.assert_close(seen.mean(dim=(1, 2, 3, 4)), torch.zeros(3), atol=1e-5, rtol=0)


def test_a_clip_in_which_nothing_moves_is_still() -> None:
    seen = FrameFront(8, difference=True)(torch.rand(1, 3, 1, 8, 8).expand(-1, -1, 4, -1, -1))
    assert not seen.any()


def test_the_front_sizes_thins_and_greys() -> None:
    clips = torch.rand(2, 3, 16, 64, 64)
    assert FrameFront(128, grey=True)(clips).shape == (2, 1, 16, 128, 128)
    front = FrameFront(32, 8)
    assert front(clips).shape == (2, 3, 8, 32, 32)
    numbered = torch.arange(16.0).reshape(1, 1, 16, 1, 1).expand(1, 3, 16, 4, 4)
    assert front._picked(numbered)[0, 0, [0, -1], 0, 0].tolist() == [0, 15]
    torch.testing.assert_close(front._sized(clips)[0, 1, 3, 5, 7], clips[0, 1, 3, 10:12, 14:16].mean())
    white = torch.ones(1, 3, 2, 4, 4)
    torch.testing.assert_close(FrameFront(4, grey=True)._picked(white), torch.ones(1, 1, 2, 4, 4))
