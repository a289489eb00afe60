from __future__ import annotations

import pytest
import torch
from torch import nn

from multimodal.data.people.clips import ClipConfig
from multimodal.expression.regional import Heads
from multimodal.training import expression as training
from multimodal.training.expression import loss_of, train_expression
from multimodal.training.expression_clips import Examples, gather, mirror_clips, prepare
from multimodal.training.expression_config import ExpressionConfig
from multimodal.training.teachers import opinion, taught

TINY = ExpressionConfig(
    clips=ClipConfig(clips=40, identities=4, lengths={1: 1.0}),
    options={"stem": 2, "width": 16},
    epochs=1,
    batch=16,
    held_out=0.25,
    average=0.5,
)


class Says(nn.Module):
    """Says what the flow of the first cell says, so that a mirror image says something else."""

    def forward(self, clips: torch.Tensor, told: torch.Tensor) -> Heads:
        first = clips[:, 0, 0, 0, :1]
        zeros = torch.zeros(len(clips), 1)
        return Heads(torch.cat((first, zeros, zeros), 1), torch.zeros(len(clips), 5), first.expand(-1, 12), told, told)


@pytest.fixture(scope="module")
def part() -> Examples:
    return prepare(gather(TINY, None), TINY)[0]


def test_without_teachers_clips_are_learned_as_their_labels(part: Examples) -> None:
    assert taught(part, [], 0.7) is part
    assert torch.equal(part.taught.argmax(dim=1), part.expression)
    assert torch.equal(part.taught.sum(dim=1), torch.ones(len(part)))


def test_teachers_and_labels_share_the_say(part: Examples) -> None:
    first, second = Says(), Says()
    mixed = taught(part, [first, second], 0.25)
    named, units = opinion(first, part)
    torch.testing.assert_close(mixed.taught, 0.75 * part.taught + 0.25 * named)
    torch.testing.assert_close(mixed.action_units, 0.75 * part.action_units + 0.25 * units)


def test_an_opinion_is_the_mean_over_a_clip_and_its_mirror_image(part: Examples) -> None:
    named, _ = opinion(Says(), part)
    both = [one[:, 0, 0, 0, 0].float().exp() for one in (part.clips, mirror_clips(part.clips))]
    torch.testing.assert_close(named[:, 0], sum(e / (e + 2) for e in both) / 2)


def test_soft_targets_cost_what_the_label_costs_where_they_are_the_label(part: Examples) -> None:
    heads = Says()(part.clips.float(), part.told)
    labelled = nn.functional.cross_entropy(heads.expression, part.expression, label_smoothing=TINY.smoothing)
    alone = TINY.model_copy(update={"units_weight": 0.0, "objective_weight": 0.0, "cover_weight": 0.0})
    torch.testing.assert_close(loss_of(heads, part, alone), labelled)


def test_finished_teachers_are_not_trained_again(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = TINY.model_copy(update={"teachers": 2})
    train_expression(config, None, tmp_path)
    names = sorted(path.name for path in tmp_path.glob("teacher-*/*.safetensors"))
    assert names == ["teacher-1.safetensors", "teacher-2.safetensors"]
    seeds: list[int] = []
    fit = training._fit
    monkeypatch.setattr(training, "_fit", lambda config, *rest: seeds.append(config.seed) or fit(config, *rest))
    train_expression(config, None, tmp_path)
    assert seeds == [0]


def test_teachers_change_what_is_learned(tmp_path) -> None:
    weights = [
        torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)["kept"]
        for name, teachers in (("alone", 0), ("taught", 1))
        if train_expression(TINY.model_copy(update={"teachers": teachers}), None, tmp_path / name)
    ]
    assert any(not torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
