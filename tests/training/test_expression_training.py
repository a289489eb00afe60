from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from multimodal.config import load_config, shipped
from multimodal.data.people.clips import ClipConfig, synthesise
from multimodal.errors import MissingError
from multimodal.expression.normalise import HIDDEN_BELOW, normalised_clip
from multimodal.expression.reader import ExpressionReader
from multimodal.face.canonical import MIRROR
from multimodal.results import EXPRESSIONS, FlowClip
from multimodal.training import expression as training
from multimodal.training.common import load_checkpoint, save_checkpoint
from multimodal.training.expression import class_prior, train_expression
from multimodal.training.expression_clips import augment, mirror_clips, prepare, split
from multimodal.training.expression_config import ExpressionConfig
from multimodal.weights.tensors import read_weights

TINY = ExpressionConfig(
    clips=ClipConfig(clips=60, identities=4, lengths={1: 0.7, 3: 0.3}),
    options={"stem": 2, "width": 16},
    epochs=3,
    batch=16,
    held_out=0.25,
    average=0.5,
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("trained")
    return out, train_expression(TINY, None, out)


def test_training_leaves_weights_that_the_reader_takes(trained: tuple[Path, dict]) -> None:
    out, figures = trained
    reader = ExpressionReader(figures["weights"])
    assert reader.card.figures["train_clips"] == 45
    flow = np.random.default_rng(0).normal(size=(1, 3, 28, 28)).astype(np.float32)
    result = reader.read(FlowClip(flow, np.zeros(1), 0.0, np.ones(12, np.float32)), 0.0, 1.0, 2.0)
    assert result.affect in EXPRESSIONS
    assert (out / "config.yaml").is_file()
    assert [json.loads(line)["epoch"] for line in (out / "log.jsonl").read_text().splitlines()] == [0, 1, 2]


def test_a_killed_run_goes_on_to_the_same_weights(
    trained: tuple[Path, dict], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = training._epoch

    def killed(config: ExpressionConfig, number: int, *rest: object) -> float:
        if number == 2:
            raise KeyboardInterrupt
        return epoch(config, number, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "_epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        train_expression(TINY, None, tmp_path)
    monkeypatch.setattr(training, "_epoch", epoch)
    resumed, straight = load_file(train_expression(TINY, None, tmp_path)["weights"]), load_file(trained[1]["weights"])
    for name, tensor in straight.items():
        torch.testing.assert_close(resumed[name], tensor)


@pytest.mark.parametrize("batch", [5, 64])
def test_a_training_of_few_steps_ends(batch: int, tmp_path: Path) -> None:
    clips = ClipConfig(clips=60, identities=4, lengths={1: 1.0})
    config = TINY.model_copy(update={"clips": clips, "epochs": 1, "batch": batch})
    assert train_expression(config, None, tmp_path)["train_clips"] == 45


def test_the_shipped_config_is_valid() -> None:
    config = load_config(ExpressionConfig, shipped("expression/regional.yaml"), ["clips.clips=5"])
    assert (config.name, config.clips.clips) == ("regional-synthetic", 5)


def test_splits_part_faces_never_clips_of_one_face() -> None:
    learning, held_out = split(prepare(list(synthesise(TINY.clips, 0).values()), TINY), TINY)
    seen = {int(n) for part in learning for n in part.identity}
    kept = {int(n) for part in held_out for n in part.identity}
    assert kept
    assert not seen & kept


def test_mirroring_a_clip_is_normalising_the_mirrored_flow() -> None:
    flow = np.random.default_rng(0).normal(size=(2, 3, 28, 28)).astype(np.float32)
    turned = flow[..., ::-1] * np.array([-1, 1, 1], np.float32)[:, None, None]
    seen = np.random.default_rng(1).random(12).astype(np.float32)
    expected = normalised_clip(np.ascontiguousarray(turned), seen[list(MIRROR)])
    given = mirror_clips(torch.from_numpy(normalised_clip(flow, seen))[None])[0]
    np.testing.assert_allclose(given.numpy(), expected, atol=1e-5)


def test_augmentation_hides_what_it_says_and_keeps_labels() -> None:
    part = prepare(list(synthesise(TINY.clips, 0).values()), TINY)[0]
    config = TINY.model_copy(update={"drop": 0.5, "strain_drop": 0.5})
    shown = augment(part, config, torch.Generator().manual_seed(0))
    assert 0.3 < (shown.told == 0).float().mean() < 0.7
    assert (shown.visibility <= 1).all()
    strain = shown.clips[:, 2].abs().amax(dim=(1, 2, 3))
    assert 0.2 < (strain == 0).float().mean() < 0.8
    assert shown.clips[:, :2].abs().amax(dim=(1, 2, 3, 4)).min() > 0
    assert torch.equal(shown.expression, part.expression)
    assert torch.equal(shown.action_units, part.action_units)


def test_some_covers_are_not_told() -> None:
    config = TINY.model_copy(update={"untold": 0.5, "clips": TINY.clips.model_copy(update={"covered": 1.0})})
    part = prepare(list(synthesise(config.clips, 0).values()), config)[0]
    hidden = part.visibility < HIDDEN_BELOW
    untold = (part.told == 1).all(dim=1)
    assert hidden[untold].any()
    assert torch.equal(part.told[~untold], part.visibility[~untold])


def test_the_prior_is_the_share_of_each_class_in_the_statistics() -> None:
    full, half, even = (class_prior(strength) for strength in (1.0, 0.5, 0.0))
    assert sum(full.values()) == pytest.approx(1, abs=1e-3)
    assert full["negative"] > half["negative"] > full["surprise"] > full["positive"]
    assert half["negative"] ** 2 / half["positive"] ** 2 == pytest.approx(full["negative"] / full["positive"], rel=0.01)
    assert set(even.values()) == {0.3333}


def test_checkpoints_are_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    assert load_checkpoint(path) is None
    save_checkpoint(path, {"epoch": 3, "weights": torch.ones(2)})
    assert load_checkpoint(path)["epoch"] == 3  # type: ignore[index]
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(MissingError, match="delete it"):
        load_checkpoint(path)


def test_a_pickle_that_runs_code_is_refused_without_running(tmp_path: Path) -> None:
    import os
    import pickle

    class Evil:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(tmp_path / "pwned"),)

    path = tmp_path / "checkpoint.pt"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(MissingError):
        load_checkpoint(path)
    with pytest.raises(MissingError):
        read_weights(torch.nn.Linear(1, 1), path)
    assert not (tmp_path / "pwned").exists()
