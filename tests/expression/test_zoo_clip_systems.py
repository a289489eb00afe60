"""What is particular to each of the systems over clips."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from multimodal.expression.registry import build_model
from multimodal.expression.zoo.blocks.coral import coral
from multimodal.expression.zoo.systems import system


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


FRAMES, FLOWS, LABELS = torch.rand(4, 3, 16, 64, 64), torch.randn(4, 3, 15, 28, 28), torch.tensor([0, 1, 2, 0])
EVEN = torch.ones(3)


def test_the_3d_network_costs_what_the_published_one_does() -> None:
    with FlopCounterMode(display=False) as counter, torch.device("meta"):
        build_model("icip-2024").eval()(torch.rand(1, 3, 16, 64, 64))
    assert counter.get_total_flops() / 2e9 == pytest.approx(5.64, rel=0.01)


def test_the_3d_network_names_and_learns_every_step() -> None:
    given = system("icip-2024").options
    network = build_model("icip-2024", **given, decay=0.0).eval()
    steps = network.steps(FRAMES)
    assert steps.shape == (4, 2, 3)
    mean = steps.softmax(dim=2).mean(dim=1)
    torch.testing.assert_close(network(FRAMES).softmax(dim=1), mean)
    weights = torch.tensor([0.3, 0.35, 0.35])
    total = norm = torch.zeros(())
    for row, label in enumerate(LABELS.tolist()):
        for step in range(2):
            total = total - weights[label] * steps[row, step].log_softmax(dim=0)[label]
            norm = norm + weights[label]
    torch.testing.assert_close(network.loss((FRAMES,), LABELS, weights), total / norm)
    last = build_model("icip-2024", **given, answer="last").eval()
    torch.testing.assert_close(last(FRAMES), last.steps(FRAMES)[:, -1])


def test_the_3d_network_keeps_its_first_layers_small() -> None:
    network = build_model("icip-2024", side=16, filters=8, hidden=8).eval()
    heavy = network.loss((FRAMES,), LABELS, EVEN)
    network.decay = 0.0
    light = network.loss((FRAMES,), LABELS, EVEN)
    first = [network.channels.of_mean[0], network.channels.of_most[0], network.before[1]]
    torch.testing.assert_close(heavy - light, 0.01 * sum((layer.weight**2).sum() for layer in first))


def test_the_svm_sends_nothing_back_and_the_streams_learn_apart() -> None:
    network = build_model("dstan", **system("dstan").options).train()
    network.loss((FRAMES, FLOWS), LABELS, EVEN).backward()
    both = {name: p.grad.clone() for name, p in network.named_parameters()}
    network.zero_grad()
    torch.manual_seed(0)
    functional.cross_entropy(network.teach[0](network.features(FRAMES, FLOWS)[0]), LABELS).backward()
    alone = {name: p.grad for name, p in network.named_parameters() if p.grad is not None}
    assert {name.partition(".")[0] for name in alone} == {"appearance", "teach"}
    for name, gradient in alone.items():
        torch.testing.assert_close(both[name], gradient)
    assert both["name.1.weight"].any()


def test_each_stream_of_the_3d_pair_is_heard() -> None:
    network = build_model("co-attention", **system("co-attention").options).eval()
    named = network(FRAMES, FLOWS)
    assert not torch.allclose(network(torch.rand_like(FRAMES), FLOWS), named)
    assert not torch.allclose(network(FRAMES, torch.randn_like(FLOWS)), named)


def test_alignment_adds_coral_of_the_clips_vectors() -> None:
    network = build_model("astann", filters=(8, 16), alignment=0.5).eval()
    other = torch.randn(3, 3, 15, 28, 28)
    plain = functional.cross_entropy(network(FLOWS), LABELS)
    torch.testing.assert_close(network.loss((FLOWS,), LABELS, EVEN), plain)
    apart = coral(network.features(FLOWS), network.features(other))
    torch.testing.assert_close(network.loss((FLOWS,), LABELS, EVEN, target=(other,)), plain + 0.5 * apart)
    assert apart > 0


def test_the_trunk_over_flow_has_the_layers_of_resnet_18() -> None:
    from torchvision.models import resnet18

    ours, theirs = build_model("astann").look, resnet18(weights=None)
    shapes = [p.shape for name, p in theirs.named_parameters() if not name.startswith("fc")]
    assert [p.shape for p in ours.parameters()] == shapes


def test_the_hybrid_reads_the_last_state_whatever_the_length() -> None:
    network = build_model("convlstm-vit", **{**system("convlstm-vit").options, "time": 0}).eval()
    assert network(FRAMES[:, :, :5]).shape == (4, 3)
    still = FRAMES[:, :, :1].expand(-1, -1, 16, -1, -1)
    assert not torch.allclose(network(still), network(FRAMES))


def test_the_video_network_is_the_one_of_torchvision() -> None:
    from torchvision.models.video import r2plus1d_18

    with torch.device("meta"):
        ours, theirs = build_model("r2plus1d-18", classes=400), r2plus1d_18(weights=None)
        assert [p.shape for p in ours.name.parameters()] == [p.shape for p in theirs.parameters()]
    ours, theirs = build_model("r2plus1d-18", classes=5, side=16), r2plus1d_18(weights=None, num_classes=5)
    pairs = zip(ours.name.state_dict(), theirs.state_dict().values(), strict=True)
    ours.name.load_state_dict(dict(pairs))
    seen = ours.front(FRAMES[:1, :, :4])
    with torch.inference_mode():
        torch.testing.assert_close(ours.eval()(FRAMES[:1, :, :4]), theirs.eval()(seen), atol=1e-4, rtol=1e-4)
